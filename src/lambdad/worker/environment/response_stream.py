"""One streamed response, from the runtime's connection to whoever asked.

Before: `runtime_api.server` with the parts of a body. After: the invocation's outlet. What arrived in
one read is passed on as one piece; then the connection is not read until the bucket is out of debt
and the caller has caught up. So one read is all that is ever held here.

Source: spec of the Runtime API §5; AWS's emulator (limits, trailers, cut-off bodies).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import (
    MAX_STREAM_CONTENT_TYPE_BYTES,
    MAX_SYNC_RESPONSE_BYTES,
    TRUNCATION_GRACE_S,
)
from lambdad.domain.outcome import Status
from lambdad.domain.streaming import Bucket, Outlet, StreamSource
from lambdad.worker.environment import stream_errors
from lambdad.worker.environment.stream_errors import StreamError
from lambdad.worker.runtime_api import answers
from lambdad.worker.runtime_api.wire import header

_DEFAULT_CONTENT_TYPE = "application/octet-stream"


class StreamedEvent(Protocol):
    """The environment, as far as a stream needs it."""

    def is_running(self, invocation: Invocation) -> bool:
        """Whether the event is still to be settled."""
        ...

    def stream_ended(
        self, invocation: Invocation, status: Status, payload: bytes, error_type: str | None
    ) -> None:
        """Settle the event."""
        ...


class Readable(Protocol):
    """The runtime's connection."""

    def pause(self, paused: bool) -> None:
        """Read no more of it, or go on."""
        ...


class Collected:
    """Keeps a streamed response for a caller who wants it in one piece; an `Outlet`."""

    __slots__ = ("_parts", "error_code", "limit_bytes", "passed_bytes", "source")

    def __init__(self) -> None:
        self.source: StreamSource | None = None
        self.error_code: str | None = None
        self.passed_bytes = 0
        self.limit_bytes = MAX_SYNC_RESPONSE_BYTES
        self._parts: list[bytes] = []

    def begin(self, content_type: str) -> None:
        """AWS does not show the function's content type here."""

    def write(self, data: bytes) -> None:
        """Keep it; the limit has been looked at."""
        self._parts.append(data)

    @property
    def is_full(self) -> bool:
        """Never: nobody is behind."""
        return False

    def on_room(self, call: Callable[[], None]) -> None:
        """There is room."""
        call()

    @property
    def payload(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)


class ResponseStream:
    """Takes the body of one streamed response.

    Args:
        event: settles the invocation.
        invocation: what is answered; its outlet is used, or one that collects is put there.
        head: of the runtime's request.
        connection: of the runtime; paused while the stream goes too fast.
        now: monotonic seconds.
    """

    __slots__ = ("_bucket", "_connection", "_event", "_invocation", "_is_cut", "_now", "_outlet", "_parts")

    def __init__(
        self,
        event: StreamedEvent,
        invocation: Invocation,
        head: bytes,
        connection: Readable,
        now: Callable[[], float],
    ) -> None:
        self._event = event
        self._invocation = invocation
        self._connection = connection
        self._now = now
        self._bucket = Bucket.full(now())
        self._parts: list[bytes] = []
        self._is_cut = False
        outlet: Outlet | None = invocation.stream
        if outlet is None:
            outlet = invocation.stream = Collected()
        self._outlet = outlet
        outlet.source = self
        outlet.begin(_content_type(header(head, b"content-type")))

    @property
    def _is_over(self) -> bool:
        """Ended by time, by the process's end or by the limit; what still comes is for nobody."""
        return not self._event.is_running(self._invocation)

    def write(self, part: bytes) -> None:
        """A part of the body."""
        self._parts.append(part)

    def flush(self) -> None:
        """Pass on what arrived together, then see whether more may be read."""
        data = b"".join(self._parts)
        self._parts.clear()
        if not data or self._is_over:
            return
        outlet = self._outlet
        allowed = outlet.limit_bytes - outlet.passed_bytes
        outlet.passed_bytes += len(data)
        if len(data) > allowed:
            outlet.write(data[: allowed + 1])  # AWS, too, looks at the limit behind the first byte over it
            self._fail(stream_errors.too_large(outlet.limit_bytes))
            return
        outlet.write(data)
        self._hold_back(len(data))

    def _hold_back(self, count: int) -> None:
        now = self._now()
        self._bucket = self._bucket.take(count, now)
        wait_s = self._bucket.wait_s(now)
        if wait_s:
            self._connection.pause(True)
            asyncio.get_running_loop().call_later(wait_s, self._go_on)
        elif self._outlet.is_full:
            self._connection.pause(True)
            self._outlet.on_room(self._go_on)

    def _go_on(self) -> None:
        """The debt is paid: read on once the caller has caught up, too."""
        if self._is_over:
            return
        if self._outlet.is_full:
            self._outlet.on_room(self._go_on)
        else:
            self._connection.pause(False)

    def over(self) -> None:
        """Hear the rest of the body, for nobody: behind it comes the `next`, or the connection's end."""
        self._connection.pause(False)

    def end(self, trailers: Mapping[bytes, bytes]) -> bytes:
        """The body is whole: the event ends as its trailers say."""
        self.flush()
        if self._is_over:
            return answers.TOO_LARGE if self._is_too_large else answers.INVALID_REQUEST_ID
        error = stream_errors.of_trailers(trailers)
        if error is not None:
            self._outlet.error_code = error.code
            self._event.stream_ended(self._invocation, Status.ERROR, error.payload, None)
            return answers.ACCEPTED
        payload = self._outlet.payload if isinstance(self._outlet, Collected) else b""
        self._event.stream_ended(self._invocation, Status.SUCCESS, payload, None)
        return answers.ACCEPTED

    @property
    def _is_too_large(self) -> bool:
        return self._outlet.passed_bytes > self._outlet.limit_bytes

    def cut(self) -> None:
        """The connection is gone. If the process is, too, the news of its end is on its way."""
        self.flush()
        self._is_cut = True
        asyncio.get_running_loop().call_later(TRUNCATION_GRACE_S, self.give_up)

    def give_up(self) -> None:
        """End the event as cut off, unless it was not, or is over."""
        if self._is_cut and not self._is_over:
            self._fail(stream_errors.truncated(self._invocation.request_id))

    def _fail(self, error: StreamError) -> None:
        self._event.stream_ended(self._invocation, Status.ERROR, error.payload, error.code)


def _content_type(value: bytes | None) -> str:
    """As the caller is shown it."""
    if not value or len(value) > MAX_STREAM_CONTENT_TYPE_BYTES:
        return _DEFAULT_CONTENT_TYPE
    return value.decode("latin-1")
