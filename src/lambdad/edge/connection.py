"""HTTP/1.1 on a raw protocol: requests out of bytes, answers back in order.

Before: the listener (`server`). After: `dispatch`. Every input is bounded: head, body, time to send
a request, requests in a pipeline. One request of a connection is worked on at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol, cast

import httptools

from lambdad.domain.limits import MAX_CREATE_REQUEST_BYTES
from lambdad.edge import plain

MAX_HEAD_BYTES = 64 * 1024
"""Request line and headers together."""
MAX_PIPELINED = 16
SEND_TIMEOUT_S = 30.0
"""A request that has begun must be complete within this time since its last bytes."""
IDLE_TIMEOUT_S = 350.0
"""A connection without a request is kept for this long (AWS's load balancers do the same)."""
COALESCE_BYTES = 65_536


class RawRequest:
    """A request as it came: bytes, nothing decoded.

    Attributes:
        headers: names in lower case, in order.
        origin: of a web page that was admitted; None when no page sent it.
    """

    __slots__ = ("body", "headers", "keep_alive", "method", "origin", "url")

    def __init__(self) -> None:
        self.method = b""
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""
        self.keep_alive = True
        self.origin: bytes | None = None


class Dispatcher(Protocol):
    """Takes whole requests; each must be answered by `HttpConnection.answer` (or streamed)."""

    def dispatch(self, connection: HttpConnection, request: RawRequest) -> None:
        """Work on a request; must not raise."""
        ...

    def opened(self, connection: HttpConnection) -> bool:
        """A connection was made; False refuses it."""
        ...

    def closed(self, connection: HttpConnection) -> None:
        """An admitted connection is gone."""
        ...


class HttpConnection(asyncio.Protocol):
    """One client connection.

    Attributes:
        last_activity: loop time of the last bytes either way.
    """

    __slots__ = (
        "_admitted",
        "_body",
        "_body_bytes",
        "_busy",
        "_dispatcher",
        "_head_bytes",
        "_in_head",
        "_loop",
        "_parser",
        "_queue",
        "_refused",
        "_request",
        "_transport",
        "_writable",
        "last_activity",
    )

    def __init__(self, dispatcher: Dispatcher, loop: asyncio.AbstractEventLoop) -> None:
        self._dispatcher = dispatcher
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._request: RawRequest | None = None
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._head_bytes = 0
        self._in_head = True
        self._busy = False
        self._refused = False
        self._admitted = False
        self._queue: deque[RawRequest] = deque()
        self._writable: asyncio.Future[None] | None = None
        self.last_activity = loop.time()

    # --- transport -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit it or close it."""
        self._transport = cast("asyncio.Transport", transport)
        self._admitted = self._dispatcher.opened(self)
        if not self._admitted:
            self._refuse(plain.TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever is still running for it has nobody to answer."""
        self._transport = None
        if self._writable is not None and not self._writable.done():
            self._writable.set_exception(ConnectionResetError("the client is gone"))
        if self._admitted:
            self._dispatcher.closed(self)

    def data_received(self, data: bytes) -> None:
        """Parse; what is not HTTP is answered once and closed."""
        if self._refused:
            return
        self.last_activity = self._loop.time()
        if self._in_head:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(plain.BAD_REQUEST)
        except httptools.HttpParserError:
            self._refuse(plain.BAD_REQUEST)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(plain.HEAD_TOO_LARGE)

    def pause_writing(self) -> None:
        """The client reads slowly."""
        if self._writable is None:
            self._writable = self._loop.create_future()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None

    # --- parser ----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A new request starts."""
        self._request = RawRequest()
        self._body = []
        self._body_bytes = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """Part of the request target."""
        if self._request is not None:
            self._request.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if self._request is not None:
            self._request.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole: refuse what is announced too large, tell a waiting client to go on."""
        request = self._request
        if request is None:
            return
        if self._head_bytes > MAX_HEAD_BYTES:
            lengths = sum(len(name) + len(value) + 4 for name, value in request.headers)
            if lengths + len(request.url) > MAX_HEAD_BYTES:
                self._refuse(plain.HEAD_TOO_LARGE)
                return
        self._in_head = False
        self._head_bytes = 0
        for name, value in request.headers:
            if name == b"content-length" and value.isdigit() and int(value) > MAX_CREATE_REQUEST_BYTES:
                self._refuse(plain.BODY_TOO_LARGE)
                return
            if name == b"expect" and value.lower() == b"100-continue" and not self._busy:
                self.write(plain.CONTINUE)

    def on_body(self, part: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(part)
        if self._body_bytes > MAX_CREATE_REQUEST_BYTES:
            self._body = []
            self._refuse(plain.BODY_TOO_LARGE)
        else:
            self._body.append(part)

    def on_message_complete(self) -> None:
        """A whole request: work on it, or keep it until the one before is answered."""
        request = self._request
        self._request = None
        self._in_head = True
        self._head_bytes = 0
        if request is None or self._refused:
            return
        parts = self._body
        self._body = []
        request.body = parts[0] if len(parts) == 1 else b"".join(parts)
        request.method = self._parser.get_method()
        request.keep_alive = self._parser.should_keep_alive()
        if self._busy:
            self._queue.append(request)
            if len(self._queue) > MAX_PIPELINED:
                self._refuse(plain.BAD_REQUEST)
            return
        self._busy = True
        self._dispatcher.dispatch(self, request)

    # --- answers ---------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether somebody is there to be answered."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def is_busy(self) -> bool:
        """Whether a request is being worked on."""
        return self._busy

    def answer(self, head: bytes, body: bytes, *, keep_alive: bool) -> None:
        """Send a whole answer and go on with the next request."""
        transport = self._transport
        if transport is not None:
            if len(body) < COALESCE_BYTES:
                transport.write(head + body)
            else:
                transport.write(head)
                transport.write(body)
        self.finished(keep_alive=keep_alive)

    def write(self, data: bytes) -> None:
        """Send part of an answer."""
        if self._transport is not None:
            self._transport.write(data)

    async def drain(self) -> None:
        """Wait until the client has taken most of what was written.

        Raises:
            ConnectionResetError: the client is gone.
        """
        if self._transport is None:
            raise ConnectionResetError("the client is gone")
        if self._writable is not None:
            await self._writable

    def finished(self, *, keep_alive: bool) -> None:
        """The answer is complete."""
        self._busy = False
        if not keep_alive:
            self.close()
        elif self._queue:
            self._busy = True
            self._dispatcher.dispatch(self, self._queue.popleft())

    def close(self) -> None:
        """End the connection once what was written is sent."""
        if self._transport is not None:
            self._transport.close()

    def expire(self, now: float) -> None:
        """Close it if the client takes too long (a half-sent request) or has left it idle."""
        if self._busy:
            return
        in_message = self._request is not None or (self._in_head and self._head_bytes > 0)
        quiet = now - self.last_activity
        if in_message and quiet > SEND_TIMEOUT_S:
            self._refuse(plain.REQUEST_TIMEOUT)
        elif quiet > IDLE_TIMEOUT_S:
            self.close()

    def _refuse(self, answer: bytes) -> None:
        if not self._refused:
            self._refused = True
            self.write(answer)
            self.close()
