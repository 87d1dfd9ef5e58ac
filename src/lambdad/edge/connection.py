"""HTTP/1.1 on a raw protocol: requests out of bytes, answers back in order.

Before: the listener (`server`). After: `dispatch`. Every input is bounded: head, body, time to send
a request, requests in a pipeline; and every output: nobody is worked for who does not read. One
request of a connection is worked on at a time.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from lambdad.domain.limits import MAX_CREATE_REQUEST_BYTES
from lambdad.edge import plain
from lambdad.edge.raw_request import MAX_HEAD_BYTES, UNCOUNTED_BODY_BYTES, RawRequest, is_too_slow

MAX_PIPELINED = 16
"""Requests that wait for the one before; what comes behind them is not read, its connection closed."""
IDLE_TIMEOUT_S = 350.0
"""A connection without a request is kept for this long (AWS's load balancers do the same)."""
STALL_TIMEOUT_S = 60.0
"""A client that takes nothing of its answer for this long is cut off."""
LINGER_S = 10.0
"""A client that was refused may go on sending for this long, so that it comes to read why."""
COALESCE_BYTES = 65_536


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

    def hold(self, count: int) -> bool:
        """So many more bytes of bodies are in memory; False when that is too much."""
        ...

    def release(self, count: int) -> None:
        """So many less."""
        ...


class HttpConnection(asyncio.Protocol):
    """One client connection.

    Attributes:
        last_activity: loop time of the last bytes either way.
        sender: a task that sends an answer in pieces; cancelled when the client goes.
    """

    __slots__ = (
        "_admitted",
        "_around",
        "_body",
        "_body_bytes",
        "_busy",
        "_current",
        "_dispatcher",
        "_in_head",
        "_last_words",
        "_lingers_since",
        "_loop",
        "_parser",
        "_queue",
        "_request",
        "_resume",
        "_stalled",
        "_transport",
        "_writable",
        "last_activity",
        "sender",
    )

    def __init__(self, dispatcher: Dispatcher, loop: asyncio.AbstractEventLoop) -> None:
        self._dispatcher = dispatcher
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._request: RawRequest | None = None  # not whole yet
        self._current: RawRequest | None = None  # being worked on
        self._queue: deque[RawRequest] = deque()
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._around = 0  # bytes of the request that are not body
        self._in_head = True
        self._busy = False
        self._resume = False  # go on once the client has read its last answer
        self._last_words: bytes | None = None  # sent when the requests before are answered
        self._lingers_since: float | None = None
        self._admitted = False
        self._writable: asyncio.Future[None] | None = None
        self._stalled: tuple[float, int] | None = None
        self.sender: asyncio.Task[None] | None = None
        self.last_activity = loop.time()

    # --- transport -------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit it or close it."""
        self._transport = cast("asyncio.Transport", transport)
        self._admitted = self._dispatcher.opened(self)
        if not self._admitted:
            self._refuse(plain.TOO_MANY_CONNECTIONS)

    def connection_lost(self, exc: Exception | None) -> None:
        """What is being worked on has nobody to answer; what waits behind it is never begun."""
        self._transport = None
        if self._writable is not None and not self._writable.done():
            self._writable.set_exception(ConnectionResetError("the client is gone"))
            self._writable.exception()  # told, even when nobody waits
        if self.sender is not None:
            self.sender.cancel()
            self._release(self._current)
        self._release(self._request)
        self._request = None
        self._body = []
        while self._queue:
            self._release(self._queue.popleft())
        if self._resume:
            self._done()
        if self._admitted:
            self._dispatcher.closed(self)

    def data_received(self, data: bytes) -> None:
        """Parse; what is not HTTP is answered once and closed."""
        if self._last_words is not None:
            return
        self.last_activity = self._loop.time()
        self._around += len(data)
        self._feed(data)
        # Heads, trailers and the sizes of chunks; a chunk of one byte has six around it.
        bound = MAX_HEAD_BYTES if self._in_head else MAX_HEAD_BYTES + 8 * self._body_bytes
        if self._around > bound and self._request is not None:
            self._refuse(plain.HEAD_TOO_LARGE)

    def _feed(self, data: bytes) -> None:
        while data and self._last_words is None:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # Who offers HTTP/2 or a web socket is answered in HTTP/1.1: the offer is ignored.
                if self._parser.get_method() == b"CONNECT":
                    self._refuse(plain.BAD_REQUEST)
                self._parser = httptools.HttpRequestParser(self)
                data = data[upgrade.args[0] :]
            except httptools.HttpParserError:
                self._refuse(plain.BAD_REQUEST)
            else:
                return

    def pause_writing(self) -> None:
        """The client reads slowly."""
        if self._writable is None:
            self._writable = self._loop.create_future()
            if self.is_open and self._transport is not None:
                self._transport.pause_reading()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._stalled = None
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)
        self._writable = None
        if self._resume:
            self._done()
        if self.is_open and self._transport is not None:
            self._transport.resume_reading()

    # --- parser ----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A new request starts."""
        self._request = RawRequest(self.last_activity)
        self._body = []
        self._body_bytes = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        """Part of the request target."""
        if self._request is not None:
            self._request.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; those behind a chunked body mean nothing here."""
        if self._request is not None and self._in_head:
            self._request.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is whole: refuse what is announced too large, tell a waiting client to go on."""
        request = self._request
        if request is None:
            return
        if self._around > MAX_HEAD_BYTES:
            lengths = sum(len(name) + len(value) + 4 for name, value in request.headers)
            if lengths + len(request.url) > MAX_HEAD_BYTES:
                self._refuse(plain.HEAD_TOO_LARGE)
                return
        self._in_head = False
        has_body = upgrades = False
        for name, value in request.headers:
            if name == b"content-length" and value.isdigit():
                has_body = value != b"0"
                if int(value) > MAX_CREATE_REQUEST_BYTES:
                    self._refuse(plain.BODY_TOO_LARGE)
                    return
            elif name == b"transfer-encoding":
                has_body = True
            elif name == b"upgrade":
                upgrades = True
            elif name == b"expect" and value.lower() == b"100-continue" and not self._busy:
                self.write(plain.CONTINUE)
        if upgrades and has_body:  # the parser would end the request before its body
            self._refuse(plain.BAD_REQUEST)

    def on_body(self, part: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(part)
        self._around -= len(part)
        if self._last_words is not None:
            return
        if self._body_bytes > MAX_CREATE_REQUEST_BYTES:
            self._refuse(plain.BODY_TOO_LARGE)
        elif self._body_bytes > UNCOUNTED_BODY_BYTES and not self._hold():
            self._refuse(plain.TOO_MUCH_AT_ONCE)
        else:
            self._body.append(part)

    def on_message_complete(self) -> None:
        """A whole request: work on it, or keep it until the one before is answered."""
        request = self._request
        self._request = None
        self._in_head = True
        self._around = 0
        if request is None or self._last_words is not None:
            return
        parts = self._body
        self._body = []
        request.body = parts[0] if len(parts) == 1 else b"".join(parts)
        request.method = self._parser.get_method()
        request.keep_alive = self._parser.should_keep_alive()
        if self._busy or self._writable is not None:
            self._queue.append(request)
            if len(self._queue) > MAX_PIPELINED:
                self._release(self._queue.pop())
                self._refuse(b"")
            return
        self._begin(request)

    # --- memory ----------------------------------------------------------------------------------

    def _hold(self) -> bool:
        request = self._request
        if request is None:
            return True
        count = self._body_bytes - request.counted_bytes
        if not self._dispatcher.hold(count):
            return False
        request.counted_bytes += count
        return True

    def _release(self, request: RawRequest | None) -> None:
        if request is not None and request.counted_bytes:
            self._dispatcher.release(request.counted_bytes)
            request.counted_bytes = 0

    # --- answers ---------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether somebody is there to be answered."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def client_ip(self) -> str:
        """Where the client is; empty when that is not known."""
        peer = None if self._transport is None else self._transport.get_extra_info("peername")
        return str(peer[0]) if isinstance(peer, tuple) else ""

    @property
    def cipher(self) -> tuple[str, str] | None:
        """Cipher suite and TLS version; None without TLS."""
        found = None if self._transport is None else self._transport.get_extra_info("cipher")
        return None if found is None else (str(found[0]), str(found[1]))

    @property
    def is_busy(self) -> bool:
        """Whether a request is being worked on, or its answer still being read."""
        return self._busy

    @property
    def is_receiving(self) -> bool:
        """Whether a request has begun to come."""
        return self._request is not None

    def _begin(self, request: RawRequest) -> None:
        self._busy = True
        self._current = request
        self._dispatcher.dispatch(self, request)

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

    @property
    def is_full(self) -> bool:
        """Whether the client is behind with what was written."""
        return self._writable is not None and self.is_open

    def on_room(self, call: Callable[[], None]) -> None:
        """Call once the client has caught up, or is gone."""
        if self._writable is None:
            self._loop.call_soon(call)
        else:
            self._writable.add_done_callback(lambda _: call())

    def finished(self, *, keep_alive: bool) -> None:
        """The answer is complete; the next request's turn comes when the client has read it."""
        self._release(self._current)
        self._current = None
        self.sender = None
        if not keep_alive:
            self._busy = False
            self.close()
        elif self._writable is not None and self._transport is not None:
            self._resume = True
        else:
            self._done()

    def _done(self) -> None:
        self._resume = self._busy = False
        if self._queue:
            self._begin(self._queue.popleft())
        elif self._last_words is not None:
            self._say_last_words(self._last_words)

    def close(self) -> None:
        """End the connection once what was written is sent."""
        if self._transport is not None:
            self._transport.close()

    def expire(self, now: float) -> None:
        """Close it if the client sends too slowly, does not read, or has left it idle."""
        transport = self._transport
        if transport is None:
            return
        unread = transport.get_write_buffer_size()
        if unread:
            if self._stalled is None or self._stalled[1] != unread:
                self._stalled = (now, unread)
            elif now - self._stalled[0] > STALL_TIMEOUT_S:
                transport.abort()
            return
        self._stalled = None
        if self._busy:
            return
        if self._lingers_since is not None:
            if now - self._lingers_since > LINGER_S:
                transport.abort()
            return
        request = self._request
        if request is not None:
            if is_too_slow(request.begun, self.last_activity, self._body_bytes, now):
                self._refuse(plain.REQUEST_TIMEOUT)
        elif now - self.last_activity > IDLE_TIMEOUT_S:
            self.close()

    def _refuse(self, answer: bytes) -> None:
        """Hear no more; say why once the requests before are answered."""
        if self._last_words is not None:
            return
        self._last_words = answer
        self._release(self._request)
        self._request = None
        self._body = []
        if not self._busy and not self._queue:
            self._say_last_words(answer)

    def _say_last_words(self, answer: bytes) -> None:
        """Send them and close our side; closing both would reset a client that is still sending."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        transport.write(answer)
        if self._admitted and transport.can_write_eof():
            transport.write_eof()
            self._lingers_since = self._loop.time()
        else:
            transport.close()
