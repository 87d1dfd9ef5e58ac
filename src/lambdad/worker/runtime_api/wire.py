"""The Runtime API's HTTP, without input or output: bytes in, requests out.

Runtimes send few kinds of request, and the two of the warm path (`response`, `next`) always with a
Content-Length and usually pipelined in one segment. They are cut out of the buffer directly;
whatever is chunked, streams, asks for 100-continue or looks unusual goes through httptools from its
first byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import httptools

from lambdad.domain.limits import MAX_RUNTIME_API_HEADER_BYTES, MAX_SYNC_RESPONSE_BYTES

RESPONSE_MODE = b"lambda-runtime-function-response-mode"
MAX_BODY_BYTES = MAX_SYNC_RESPONSE_BYTES + 1
"""Bytes kept of a body: one more than the largest answer is enough to know that it is too large."""

OnRequest = Callable[[bytes, bytes, bytes, bytes], None]
"""Called with method, path, head (the raw header block) and body."""


class BadRequest(Exception):
    """What was sent is not HTTP, or its head is too large; the connection has no future."""


class HeadTooLarge(BadRequest):
    """Its head is too large."""


class NoHost(BadRequest):
    """HTTP/1.1 without a Host header, which every server must refuse (RFC 9112 §3.2)."""


class TooMuchHeld(Exception):
    """The bodies that this environment has begun to send are more than its share."""


class Share(Protocol):
    """How many bytes of unfinished bodies may be held."""

    def hold(self, count: int) -> bool:
        """Hold so many more; False when that is too much."""
        ...

    def release(self, count: int) -> None:
        """So many less."""
        ...


class StreamTaker(Protocol):
    """Takes the body of a request that says it streams as it comes."""

    def stream_begins(self, method: bytes, path: bytes, head: bytes) -> bool:
        """Whether it takes this one; otherwise the body is collected as any other."""
        ...

    def stream_part(self, part: bytes) -> None:
        """A part of the body."""
        ...

    def stream_ends(self, trailers: Mapping[bytes, bytes]) -> None:
        """The body is whole; names of trailers are in lower case."""
        ...


class RequestParser:
    """Cuts a byte stream into requests.

    Args:
        on_request: called for each whole request.
        on_continue: called when the client waits for ``100 Continue``.
        share: charged with bodies that do not come in one piece.
        streams: takes bodies that stream; None where nothing does.
    """

    __slots__ = (
        "_body",
        "_charged",
        "_have",
        "_head",
        "_missing",
        "_on_continue",
        "_on_request",
        "_pending",
        "_share",
        "_slow",
        "_streams",
    )

    def __init__(
        self,
        on_request: OnRequest,
        on_continue: Callable[[], None],
        share: Share,
        streams: StreamTaker | None = None,
    ) -> None:
        self._on_request = on_request
        self._on_continue = on_continue
        self._share = share
        self._streams = streams
        self._charged = 0
        self._pending = bytearray()
        self._missing = 0
        self._have = 0
        self._body: list[bytes] = []
        self._head = b""
        self._slow: _SlowParser | None = None

    @property
    def in_message(self) -> bool:
        """Whether a request has begun and not ended (a connection lost now lost a truncated request)."""
        return bool(self._pending or self._missing or (self._slow and self._slow.in_message))

    @property
    def unfinished_path(self) -> bytes | None:
        """Path of a request whose body has begun and not ended; None when there is none."""
        if self._missing:
            return self._head.split(b" ", 2)[1]
        return self._slow.unfinished_path if self._slow is not None else None

    def feed(self, data: bytes) -> None:
        """Take what arrived.

        Raises:
            BadRequest: not HTTP, or a head over the limit.
            TooMuchHeld: the body is more than may be held now.
        """
        if self._slow is not None:
            self._slow.feed(data)
            return
        if self._missing:
            data = self._take_body(data)
        if self._pending:
            data = self._take_head(data)
        while data:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._pending += data
                self._bound_head()
                return
            head = data[: end + 2]
            length = _content_length(head)
            if length is None:
                self._slow = _SlowParser(self._on_request, self._on_continue, self._share, self._streams)
                self._slow.feed(data)
                return
            body = data[end + 4 : end + 4 + length]
            if len(body) < length:
                self._hold(min(length, MAX_BODY_BYTES))
                self._head, self._missing, self._have = head, length - len(body), len(body)
                self._body = [body]
                return
            data = data[end + 4 + length :]
            self._emit(head, body)

    def _take_head(self, data: bytes) -> bytes:
        """Add to a head that came in pieces; the whole once its end is there, else nothing.

        Only what is new is searched and nothing is copied twice, however small the pieces are.
        """
        searched = max(0, len(self._pending) - 3)
        self._pending += data
        if self._pending.find(b"\r\n\r\n", searched) < 0:
            self._bound_head()
            return b""
        whole = bytes(self._pending)
        self._pending = bytearray()
        return whole

    def _bound_head(self) -> None:
        if len(self._pending) > MAX_RUNTIME_API_HEADER_BYTES:
            raise HeadTooLarge(f"request head over {MAX_RUNTIME_API_HEADER_BYTES} bytes")

    def _take_body(self, data: bytes) -> bytes:
        part = data[: self._missing]
        if self._have < MAX_BODY_BYTES:
            self._body.append(part)
        self._have += len(part)
        self._missing -= len(part)
        if self._missing == 0:
            head, body = self._head, b"".join(self._body)
            self._body, self._head = [], b""
            self._let_go()
            self._emit(head, body)
        return data[len(part) :]

    def close(self) -> None:
        """The connection is gone: hold nothing for it any more."""
        self._body, self._pending = [], bytearray()
        self._let_go()
        if self._slow is not None:
            self._slow.let_go()

    def _hold(self, count: int) -> None:
        if not self._share.hold(count):
            raise TooMuchHeld
        self._charged = count

    def _let_go(self) -> None:
        self._share.release(self._charged)
        self._charged = 0

    def _emit(self, head: bytes, body: bytes) -> None:
        line_end = head.find(b"\r\n")
        method, _, rest = head[:line_end].partition(b" ")
        path, _, _ = rest.partition(b" ")
        if b"\r\nHost: " not in head and not head.startswith(b" HTTP/1.0", line_end - 9):
            _require_host(head)
        self._on_request(method, path, head, body)


def _require_host(head: bytes) -> None:
    if header(head, b"host") is None:
        raise NoHost


def _content_length(head: bytes) -> int | None:
    """Length of the body the head announces; None when this head is not for the short way."""
    if head.startswith(b"GET "):
        return 0
    lower = head.lower()
    if b"\r\ntransfer-encoding:" in lower or b"\r\nexpect:" in lower or RESPONSE_MODE in lower:
        return None
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        return 0 if lower.startswith((b"post ", b"put ")) else None
    value = lower[at + 17 : lower.find(b"\r\n", at + 17)].strip()
    return int(value) if value.isdigit() and len(value) < 12 else None


def header(head: bytes, name: bytes) -> bytes | None:
    """Value of a header in a raw head block; `name` in lower case; None when absent."""
    at = head.lower().find(b"\r\n" + name + b":")
    if at < 0:
        return None
    start = at + len(name) + 3
    return head[start : head.find(b"\r\n", start)].strip()


class _SlowParser:
    """Everything unusual, through httptools; keeps the header block for `header`.

    What follows a chunked body comes through `on_header`, too: those are trailers.
    """

    def __init__(
        self,
        on_request: OnRequest,
        on_continue: Callable[[], None],
        share: Share,
        streams: StreamTaker | None,
    ) -> None:
        self._on_request = on_request
        self._continue = on_continue
        self._share = share
        self._streams = streams
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._lines: list[bytes] = []
        self._trailers: dict[bytes, bytes] = {}
        self._parts: list[bytes] = []
        self._size = 0
        self._charged = 0
        self._around = 0
        self._in_head = True
        self._is_stream = False
        self.in_message = False

    def feed(self, data: bytes) -> None:
        size = self._size
        self._around += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if isinstance(error.__context__, (TooMuchHeld, BadRequest)):
                raise error.__context__ from None
            raise BadRequest(str(error)) from None
        if not self.in_message:
            return
        # Heads, trailers and the sizes of chunks; a chunk of one byte has six around it. A stream has no
        # size that its trailers could be held against: what is around its last part is.
        if self._is_stream and self._size != size:
            self._around = min(self._around, len(data))
        allowance = 0 if self._is_stream else 8 * self._size
        if self._around > MAX_RUNTIME_API_HEADER_BYTES + allowance:
            raise BadRequest(f"over {MAX_RUNTIME_API_HEADER_BYTES} bytes around a body")

    @property
    def unfinished_path(self) -> bytes | None:
        return self._url if self.in_message and not self._in_head else None

    def let_go(self) -> None:
        self._share.release(self._charged)
        self._charged = 0
        self._parts = []

    def on_message_begin(self) -> None:
        self.in_message = self._in_head = True
        self._is_stream = False
        self._url = b""
        self._lines = []
        self._trailers = {}
        self._parts = []
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            self._lines.append(name + b": " + value)
        else:
            self._trailers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._parser.get_http_version() == "1.1":
            _require_host(self._head())
        if any(line.lower() == b"expect: 100-continue" for line in self._lines):
            self._continue()
        if self._streams is not None:
            head = self._head()
            if header(head, RESPONSE_MODE):
                self._is_stream = self._streams.stream_begins(self._parser.get_method(), self._url, head)

    def on_body(self, part: bytes) -> None:
        self._around -= len(part)
        if self._is_stream and self._streams is not None:
            self._size += len(part)
            self._streams.stream_part(part)
            return
        if self._size < MAX_BODY_BYTES:
            if not self._share.hold(len(part)):
                raise TooMuchHeld
            self._charged += len(part)
            self._parts.append(part)
        self._size += len(part)

    def on_message_complete(self) -> None:
        self.in_message = False
        self._around = 0
        if self._is_stream and self._streams is not None:
            self._streams.stream_ends(self._trailers)
            return
        body = b"".join(self._parts)
        self.let_go()
        self._on_request(self._parser.get_method(), self._url, self._head(), body)

    def _head(self) -> bytes:
        method = self._parser.get_method()
        return b"\r\n".join([method + b" " + self._url + b" HTTP/1.1", *self._lines, b""])
