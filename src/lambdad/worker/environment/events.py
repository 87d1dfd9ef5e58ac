"""An environment's events: handing one over, taking its answer, and the ends of both.

Before: `environment` has brought the runtime to its first `next`. After: whoever asked is answered.
The rule: an invocation handed over is settled exactly once, whatever the runtime does.
"""

from __future__ import annotations

import asyncio

from lambdad.domain.errors import LambdadError
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import MAX_SYNC_RESPONSE_BYTES
from lambdad.domain.outcome import Status
from lambdad.worker.environment import failures, stream_errors
from lambdad.worker.environment.life import Life
from lambdad.worker.environment.response_stream import ResponseStream
from lambdad.worker.environment.states import EnvironmentState, move
from lambdad.worker.runtime_api import answers
from lambdad.worker.runtime_api.server import RuntimeConnection
from lambdad.worker.runtime_api.wire import RESPONSE_MODE, header
from lambdad.worker.sandbox.plan import ExitStatus

_PEAK_READ_INTERVAL_S = 1.0
"""Reading the memory peak costs 0.2 ms: done after every longer event, else once per this time."""
_PEAK_READ_DURATION_S = 0.005
_CLOCK_GRAIN_S = 0.001
"""The loop's timers are good to a millisecond."""
_MIB = 1024 * 1024


class EventRunner(Life):
    """A place that runs one event at a time and comes to an end."""

    __slots__ = ()

    # --- events ----------------------------------------------------------------------------------

    def run(self, invocation: Invocation) -> None:
        """Hand over an event; the runtime is waiting in `next`."""
        self._state = move(self._state, EnvironmentState.BUSY)
        self._deliver(invocation, self._take_on(invocation))

    def _take_on(self, invocation: Invocation) -> int:
        """From now on `invocation` is this environment's to settle, within its time; start in ms."""
        self._current = invocation
        clock = self._surroundings.clock
        self._started = clock.monotonic()
        started_ms = int(clock.now() * 1000)
        self._limit(self.version.timeout_s)
        self._journal.begin(invocation, started_ms)
        return started_ms

    def _deliver(self, invocation: Invocation, started_ms: int) -> None:
        connection, self._waiting = self._waiting, None
        request_id = self._answerable = invocation.request_id.encode()
        head = self._head(invocation, request_id, started_ms + self.version.timeout_s * 1000)
        if connection is None or not connection.send_event(head, invocation.payload):
            self._end(None)

    def _head(self, invocation: Invocation, request_id: bytes, deadline_ms: int) -> bytes:
        head = invocation.target.head % (
            request_id,
            deadline_ms,
            invocation.trace.encode(),
            len(invocation.payload),
        )
        context = invocation.client_context
        if context is None:
            return head
        return head[:-2] + b"Lambda-Runtime-Client-Context: " + context + b"\r\n\r\n"

    def runtime_response(self, request_id: bytes, head: bytes, body: bytes) -> bytes:
        """The runtime answered the event."""
        invocation = self._current
        if invocation is None or request_id != self._answerable:
            return answers.INVALID_REQUEST_ID
        if len(body) > MAX_SYNC_RESPONSE_BYTES:
            error_type, payload = failures.too_large()
            self._finish(invocation, Status.ERROR, payload, error_type)
            return answers.TOO_LARGE
        self._finish(invocation, Status.SUCCESS, body, None)
        return answers.ACCEPTED

    # --- streams: see `response_stream` ----------------------------------------------------------

    def runtime_stream_begin(
        self, request_id: bytes, head: bytes, connection: RuntimeConnection
    ) -> ResponseStream | bytes:
        """The runtime begins to answer in a stream; its event goes on until the body is whole."""
        invocation = self._current
        if request_id != self._answerable:
            invocation = None
        if header(head, RESPONSE_MODE) != b"streaming":
            if invocation is not None:
                error = stream_errors.invalid_mode(invocation.request_id)
                self._finish(invocation, Status.ERROR, error.payload, error.code)
            return answers.INVALID_RESPONSE_MODE
        if invocation is None:
            return answers.INVALID_REQUEST_ID
        self._answerable = None
        return ResponseStream(self, invocation, head, connection, self._surroundings.clock.monotonic)

    def is_running(self, invocation: Invocation) -> bool:
        """Whether the event is still to be settled."""
        return self._current is invocation

    def stream_ended(
        self, invocation: Invocation, status: Status, payload: bytes, error_type: str | None
    ) -> None:
        """The streamed response came to its end, well or not."""
        self._finish(invocation, status, payload, error_type)

    def _give_up_stream(self) -> None:
        """End an event whose response was cut off: its runtime lives and asks for the next."""
        outlet = None if self._current is None else self._current.stream
        if outlet is not None and outlet.source is not None:
            outlet.source.give_up()

    def runtime_error(self, request_id: bytes, head: bytes, body: bytes) -> bytes:
        """The handler failed: the runtime's error object goes to the caller untouched."""
        invocation = self._current
        if invocation is None or request_id != self._answerable:
            return answers.INVALID_REQUEST_ID
        self._finish(invocation, Status.ERROR, body[:MAX_SYNC_RESPONSE_BYTES], None)
        return answers.ACCEPTED

    def _finish(self, invocation: Invocation, status: Status, payload: bytes, error_type: str | None) -> None:
        """Answer the caller first, then keep the books; the runtime's `next` makes it idle again.

        The timer goes on until then: a runtime that has answered and does not come back is ended.
        """
        self._current = self._answerable = None
        if invocation.stream is not None and invocation.stream.source is not None:
            invocation.stream.source.over()
        if self._state is EnvironmentState.BUSY:
            self._state = EnvironmentState.ANSWERED
        clock = self._surroundings.clock
        ended = clock.monotonic()
        duration_s = ended - self._started
        ended_ms = int(clock.now() * 1000)
        if duration_s > _PEAK_READ_DURATION_S or ended - self._peak_read_at > _PEAK_READ_INTERVAL_S:
            self._read_peak(ended)
        init_ms, self._init_ms = self._init_ms, None
        record = self._journal.end(ended_ms, duration_s * 1000, status, error_type, init_ms, self._peak_mib)
        if invocation.want_tail:
            invocation.log_tail = self._journal.tail(record)
        invocation.settle(status, payload, error_type)
        self._journal.write(record)

    def _read_peak(self, now: float) -> None:
        self._peak_read_at = now
        if self._making is None:
            return
        try:
            peak = -(-self._making.sandbox.peak_memory_bytes() // _MIB)
        except OSError:  # its control group is just going
            return
        self._peak_mib = min(max(peak, self._peak_mib), self.version.memory_mib)

    def _idle(self) -> None:
        self._deadline = None
        self._state = move(self._state, EnvironmentState.IDLE)
        self.idle_since = self._surroundings.clock.monotonic()
        self._owner.environment_idle(self)

    # --- time ------------------------------------------------------------------------------------

    def _limit(self, seconds: float) -> None:
        """Call `_timed_out` after this time, unless the deadline is taken back before.

        A timer that is set stays: making and closing one for every event costs more than looking at
        the clock when it fires. It never fires too late, because one environment's time is always
        the same.
        """
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_later(seconds, self._look_at_clock)

    def _look_at_clock(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        loop = asyncio.get_running_loop()
        left = self._deadline - loop.time()
        if left > _CLOCK_GRAIN_S:
            self._timer = loop.call_later(left, self._look_at_clock)
        else:
            self._deadline = None
            self._timed_out()

    # --- ends ------------------------------------------------------------------------------------

    def _timed_out(self) -> None:
        """The function's time is over: without an answer, or answered and not back in `next`.

        Source: spec of the Runtime API §6 (an invocation ends with the runtime's `next`).
        """
        invocation = self._current
        if invocation is None:
            self._end(None)
            return
        payload = failures.timed_out(invocation.request_id, self.version.timeout_s)
        self._kill_and_finish(invocation, Status.TIMEOUT, payload, "Sandbox.Timedout")

    def _event_exited(self, invocation: Invocation, status: ExitStatus) -> None:
        error_type, payload = failures.exited(invocation.request_id, status)
        if status.oom_killed:
            self._peak_mib = self.version.memory_mib
        self._kill_and_finish(invocation, Status.ERROR, payload, error_type)

    def _kill_and_finish(
        self, invocation: Invocation, status: Status, payload: bytes, error_type: str
    ) -> None:
        """The event ended with its process: nothing of it may go on running behind the answer."""
        if self._making is not None:
            self._making.sandbox.kill()
        self._state = move(self._state, EnvironmentState.GONE)
        self._cancel_timer()
        self._finish(invocation, status, payload, error_type)
        self._leave(None)

    def retire(self) -> None:
        """End it; it is idle."""
        self._end(None)

    def stop(self) -> None:
        """End it now, settling a running event (the server stops at once)."""
        self._end(None)

    def _end(self, reason: LambdadError | None) -> None:
        """End it now, whatever it is doing; a running event is settled as a crash would."""
        if self._state is EnvironmentState.GONE:
            return
        self._state = move(self._state, EnvironmentState.GONE)
        self._cancel_timer()
        if self._making is not None:
            self._making.sandbox.kill()
        invocation = self._current
        if invocation is not None:
            error_type, payload = failures.exited(invocation.request_id, ExitStatus(code=0, signal=None))
            self._finish(invocation, Status.ERROR, payload, error_type)
        self._leave(reason)

    def _leave(self, reason: LambdadError | None) -> None:
        self._surroundings.forget(self)
        self._owner.environment_gone(self, reason)
        if self._making is not None:
            work = self._remove(self._making, self._task)
            self._task = asyncio.create_task(work, name=f"remove {self.environment_id}")
