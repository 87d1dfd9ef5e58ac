"""The Runtime API of one environment: which call means what.

Before: `wire` cuts the bytes. After: the environment decides. One object per connection; every
connection of an environment shares one handler, the environment itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol, cast

from lambdad.worker.runtime_api import answers, extension_routes
from lambdad.worker.runtime_api.connections import ConnectionCount
from lambdad.worker.runtime_api.extension_routes import ExtensionHandler
from lambdad.worker.runtime_api.wire import BadRequest, HeadTooLarge, NoHost, RequestParser, TooMuchHeld

CREDENTIALS: Final = b"/2021-04-23/credentials"
_BASE = b"/2018-06-01/runtime/"
_NEXT = b"/2018-06-01/runtime/invocation/next"
_INVOCATION = b"/2018-06-01/runtime/invocation/"
_REPORTS = frozenset({_BASE + b"init/error", _BASE + b"restore/error"})
_RESTORE_NEXT = b"/2018-06-01/runtime/restore/next"
_COALESCE_BYTES = 65_536
"""Below this a head and a body are joined into one write; above, copying costs more than a second write."""
_MAX_HELD_BYTES = 4_096
"""Answers held back for a `next` in the same segment; a client has one or two."""

_LAST_WORDS = {HeadTooLarge: answers.HEAD_TOO_LARGE, NoHost: answers.NO_HOST}


class StreamSink(Protocol):
    """Takes the body of a streamed response."""

    def write(self, part: bytes) -> None:
        """A part of the body."""
        ...

    def flush(self) -> None:
        """Everything that arrived together has been written."""
        ...

    def end(self, trailers: Mapping[bytes, bytes]) -> bytes:
        """The body is whole; what the runtime is answered."""
        ...

    def cut(self) -> None:
        """The body will never be whole."""
        ...


class RuntimeHandler(ExtensionHandler, Protocol):
    """What an environment offers its processes; each answers by bytes, or None when it answers later."""

    def runtime_next(self, connection: RuntimeConnection) -> bytes | None:
        """The runtime waits for an event."""
        ...

    def runtime_response(self, request_id: bytes, head: bytes, body: bytes) -> bytes:
        """The runtime answers an event."""
        ...

    def runtime_stream_begin(
        self, request_id: bytes, head: bytes, connection: RuntimeConnection
    ) -> StreamSink | bytes:
        """The runtime begins to answer in a stream; bytes refuse it."""
        ...

    def runtime_error(self, request_id: bytes, head: bytes, body: bytes) -> bytes:
        """The runtime reports that the handler failed."""
        ...

    def runtime_init_error(self, head: bytes, body: bytes) -> bytes:
        """The runtime reports that Init failed."""
        ...

    def runtime_restore_next(self, connection: RuntimeConnection) -> bytes | None:
        """The runtime may be kept as a snapshot, and waits to be restored from it."""
        ...

    def runtime_restore_error(self, head: bytes, body: bytes) -> bytes:
        """The runtime reports that an after-restore hook failed."""
        ...

    def container_credentials(self, head: bytes) -> bytes:
        """The function asks for the credentials that it is not given as variables."""
        ...

    def runtime_truncated(self, request_id: bytes) -> None:
        """A connection was lost in the middle of an answer to this event."""
        ...

    def runtime_gone(self, connection: RuntimeConnection) -> None:
        """A connection was lost."""
        ...


class RuntimeConnection(asyncio.Protocol):
    """One connection of a runtime.

    A client that sends its answer and its `next` in one segment gets the 202 together with the next
    event: one write and one wake-up of the runtime less per invocation.
    """

    __slots__ = (
        "_admitted",
        "_count",
        "_handler",
        "_held",
        "_is_unread",
        "_parser",
        "_refusal",
        "_sink",
        "_transport",
        "_waits",
        "is_paused",
    )

    def __init__(self, handler: RuntimeHandler, count: ConnectionCount) -> None:
        self._handler = handler
        self._count = count
        self._admitted = False
        self._held = b""
        self._waits = False
        self._parser = RequestParser(self._on_request, self._on_continue, count, self)
        self._transport: asyncio.Transport | None = None
        self._sink: StreamSink | None = None
        self._refusal = b""  # of the stream whose body comes in now
        self._is_unread = False  # it does not read its answers
        self.is_paused = False  # a stream of it goes too fast

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit it, or say that there are too many."""
        self._transport = cast("asyncio.Transport", transport)
        self._admitted = self._count.admit()
        if not self._admitted:
            self._transport.write(answers.TOO_MANY_CONNECTIONS)
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the environment."""
        self._transport = None
        path = self._parser.unfinished_path
        if path is not None and path.startswith(_INVOCATION):
            self._handler.runtime_truncated(path[len(_INVOCATION) :].partition(b"/")[0])
        self._parser.close()
        if self._sink is not None:
            self._sink.cut()
        if self._admitted:
            self._count.leave()
            self._handler.runtime_gone(self)

    def data_received(self, data: bytes) -> None:
        """Cut requests out; what is not HTTP ends the connection."""
        if not self._admitted:
            return
        try:
            self._parser.feed(data)
        except BadRequest as refused:
            self._end(_LAST_WORDS.get(type(refused), answers.BAD_REQUEST))
            return
        except TooMuchHeld:
            self._end(answers.TOO_MUCH_HELD)
            return
        if self._sink is not None:
            self._sink.flush()
        if self._held and not self._waits:
            self._flush()

    def send_event(self, head: bytes, body: bytes) -> bool:
        """Answer a waiting `next`; False when the connection is gone."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        self._waits = False
        if self._held:
            head = self._held + head
            self._held = b""
        if len(body) < _COALESCE_BYTES:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        return True

    def pause_writing(self) -> None:
        """It asks and does not read the answers: hear no more of it until it does."""
        self._is_unread = True
        self._set_reading()

    def resume_writing(self) -> None:
        """It has read them."""
        self._is_unread = False
        self._set_reading()

    def pause(self, paused: bool) -> None:
        """Hear no more of it until whoever takes its stream has caught up."""
        self.is_paused = paused
        self._set_reading()

    def _set_reading(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._is_unread or self.is_paused:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _end(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(self._held + answer)
            self._transport.close()

    def _on_continue(self) -> None:
        if self._transport is not None:
            self._transport.write(answers.CONTINUE)

    def _on_request(self, method: bytes, path: bytes, head: bytes, body: bytes) -> None:
        if self._waits:
            raise BadRequest("a request behind a `next` that is not answered yet")
        answer: bytes | None
        if path == _NEXT and method == b"GET":
            self._waits = True
            answer = self._handler.runtime_next(self)
            if answer is None:
                return
            self._waits = False
        elif method == b"POST" and path.startswith(_INVOCATION):
            answer = self._invocation_call(path, head, body)
        elif path == extension_routes.NEXT and method == b"GET":
            self._waits = True
            answer = self._handler.extension_next(self, head)
            if answer is None:
                return
            self._waits = False
        elif path == _RESTORE_NEXT and method == b"GET":
            self._waits = True
            answer = self._handler.runtime_restore_next(self)
            if answer is None:
                return
            self._waits = False
        else:
            answer = self._other_call(method, path, head, body)
        self._held += answer
        if len(self._held) > _MAX_HELD_BYTES:
            self._flush()

    # --- streams ---------------------------------------------------------------------------------

    def stream_begins(self, method: bytes, path: bytes, head: bytes) -> bool:
        """Whether it is a response; a refused one is heard to its end, and answered then."""
        request_id, _, what = path[len(_INVOCATION) :].partition(b"/")
        if method != b"POST" or not path.startswith(_INVOCATION) or what != b"response":
            return False
        if self._waits:
            raise BadRequest("a request behind a `next` that is not answered yet")
        begun = self._handler.runtime_stream_begin(request_id, head, self)
        self._sink, self._refusal = (None, begun) if isinstance(begun, bytes) else (begun, b"")
        return True

    def stream_part(self, part: bytes) -> None:
        """Pass it on."""
        if self._sink is not None:
            self._sink.write(part)

    def stream_ends(self, trailers: Mapping[bytes, bytes]) -> None:
        """Answer."""
        sink, self._sink = self._sink, None
        self._held += self._refusal if sink is None else sink.end(trailers)

    def _flush(self) -> None:
        """Send what was held back for a `next` in the same segment that did not come."""
        held, self._held = self._held, b""
        if self._transport is not None:
            self._transport.write(held)

    def _invocation_call(self, path: bytes, head: bytes, body: bytes) -> bytes:
        request_id, _, what = path[len(_INVOCATION) :].partition(b"/")
        if what == b"response":
            return self._handler.runtime_response(request_id, head, body)
        if what == b"error":
            return self._handler.runtime_error(request_id, head, body)
        return self._other_call(b"POST", path, head, body)

    def _other_call(self, method: bytes, path: bytes, head: bytes, body: bytes) -> bytes:
        if path in _REPORTS and method == b"POST":
            is_of_init = path == _BASE + b"init/error"
            handler = self._handler
            return (handler.runtime_init_error if is_of_init else handler.runtime_restore_error)(head, body)
        if path == CREDENTIALS and method == b"GET":
            return self._handler.container_credentials(head)
        if path == b"/2018-06-01/ping" and method == b"GET":
            return answers.PONG
        path, mark, _ = path.partition(b"?")
        if mark:  # a query says nothing here
            self._on_request(method, path, head, body)
            return b""
        allowed = _allowed(path)
        if allowed is not None:
            return answers.method_not_allowed(allowed)
        return extension_routes.call(self._handler, method, path, head, body)


def _allowed(path: bytes) -> bytes | None:
    """The one method a path of the Runtime API takes; None when it is no such path."""
    if path in {_NEXT, b"/2018-06-01/ping"}:
        return b"GET"
    what = path.rpartition(b"/")[2]
    if path == _BASE + b"init/error" or (path.startswith(_INVOCATION) and what in {b"response", b"error"}):
        return b"POST"
    return None
