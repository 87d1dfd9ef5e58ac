"""An environment's events: handing one over, taking its answer, and the ends of both.

Before: `environment` has brought runtime and extensions to their first `next`. After: whoever asked is
answered. The rule: an invocation handed over is settled exactly once, whatever the runtime does.

The caller has the answer as soon as the runtime gives it; the invocation is over, and reported, once
the extensions that were given the event have asked for another (spec of the Runtime API §6).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

from lambdad.domain.invocation import Invocation
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import Span, response_spans
from lambdad.domain.platform_log import InvocationRecord
from lambdad.worker.environment import failures
from lambdad.worker.environment.shutdown_budget import ShutdownReason
from lambdad.worker.environment.states import RUNNING, EnvironmentState, move
from lambdad.worker.environment.time_limit import TimeLimited
from lambdad.worker.sandbox.plan import ExitStatus

_S = EnvironmentState
_PEAK_READ_INTERVAL_S = 1.0
"""Reading the memory peak costs 0.2 ms: done after every longer event, else once per this time."""
_PEAK_READ_DURATION_S = 0.005
_MIB = 1024 * 1024


class Answered(NamedTuple):
    """An event whose answer is known, `at` monotonic seconds, while extensions still work on it."""

    invocation: Invocation
    status: Status
    payload: bytes
    error_type: str | None
    settled: bool
    at: float


class EventRunner(TimeLimited):
    """A place that runs one event at a time."""

    __slots__ = ("_bound_ms", "_last_id", "_open", "_stream_began")
    # _bound_ms: when the event began, ms since the epoch; _last_id: of this event or the one before;
    # _open: answered, not reported yet; _stream_began: first byte of a streamed answer, monotonic s.

    def _prepare(self) -> None:
        super()._prepare()
        self._last_id: bytes | None = None
        self._bound_ms = 0
        self._open: Answered | None = None
        self._stream_began = 0.0

    # --- events ----------------------------------------------------------------------------------

    def run(self, invocation: Invocation) -> None:
        """Hand over an event; the environment was offered to its owner as able to take one."""
        self._offered = False
        state = self._state
        if state is _S.IDLE:
            self._state = move(state, _S.BUSY)
            self._deliver(invocation, self._take_on(invocation))
        elif state is _S.FROZEN:
            self._thaw()
            self._state = move(state, _S.BUSY)
            self._deliver(invocation, self._take_on(invocation))
        else:
            self._take_on(invocation)
            if state is _S.BARE:
                self._repeat_init()

    def _take_on(self, invocation: Invocation) -> int:
        """From now on `invocation` is this environment's to settle, within its time; start in ms."""
        self._current = invocation
        self.served += 1
        clock = self._surroundings.clock
        self._started = clock.monotonic()
        invocation.waited_s = self._started - invocation.began
        started_ms = self._bound_ms = int(clock.now() * 1000)
        self._limit(self.version.timeout_s)
        self._journal.begin(invocation, started_ms)
        return started_ms

    def _deliver(self, invocation: Invocation, started_ms: int) -> None:
        connection, self._waiting = self._waiting, None
        request_id = self._answerable = self._last_id = invocation.request_id.encode()
        deadline_ms = started_ms + self.version.timeout_s * 1000
        head = self._head(invocation, request_id, deadline_ms)
        extensions = self._extensions
        if extensions is not None and extensions.take_events:
            target = invocation.target
            extensions.invoke(deadline_ms, invocation.request_id, target.invoked_arn, invocation.trace)
        if connection is not None:  # else, or when it is lost by now, the runtime's next `next` gets it
            connection.send_event(head, invocation.payload)

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

    def _finish(self, invocation: Invocation, status: Status, payload: bytes, error_type: str | None) -> None:
        """Answer the caller; report at once, unless extensions still work on the event.

        The timer goes on until all wait in `next` again: who does not come back is ended.
        """
        self._current = self._answerable = None
        if invocation.stream is not None and invocation.stream.source is not None:
            invocation.stream.source.over()
        if self._journal.wants_runtime_done or status is not Status.SUCCESS:
            self._tell_runtime_done(invocation, status, len(payload), error_type)
        if self._state is _S.BUSY:
            self._state = _S.ANSWERED
            extensions = self._extensions
            if extensions is not None and not extensions.none_busy:
                # The tail of the log ends with the report, so who wants it waits for that.
                settled = not invocation.want_tail
                at = self._surroundings.clock.monotonic()
                self._open = Answered(invocation, status, payload, error_type, settled, at)
                if settled:
                    invocation.settle(status, payload, error_type)
                return
        self._report(invocation, status, payload, error_type, status, error_type)

    def _tell_runtime_done(
        self, invocation: Invocation, status: Status, produced_bytes: int, error_type: str | None
    ) -> None:
        """Tell of the runtime's part of the event, for who wants to know that."""
        duration_ms = (self._surroundings.clock.monotonic() - self._started) * 1000
        latency_ms = duration_ms
        if invocation.stream is not None:
            produced_bytes = invocation.stream.passed_bytes
            latency_ms = min(duration_ms, (self._stream_began - self._started) * 1000)
        spans = response_spans(self._bound_ms, latency_ms, duration_ms - latency_ms)
        self._journal.runtime_done(status, duration_ms, produced_bytes, error_type, spans)

    def _close_open(self, status: Status | None = None, error_type: str | None = None) -> None:
        """The extensions are done with an answered event, or ended otherwise (`status`)."""
        answered, self._open = self._open, None
        if answered is None:
            return
        self._report(
            answered.invocation,
            answered.status,
            answered.payload,
            answered.error_type,
            answered.status if status is None else status,
            answered.error_type if status is None else error_type,
            settled=answered.settled,
            answered_at=answered.at,
        )

    def _report(
        self,
        invocation: Invocation,
        status: Status,
        payload: bytes,
        error_type: str | None,
        reported: Status,
        reported_type: str | None,
        *,
        settled: bool = False,
        answered_at: float | None = None,
    ) -> None:
        """The invocation is over: answer the caller first, then keep the books."""
        clock = self._surroundings.clock
        ended = clock.monotonic()
        duration_s = ended - self._started
        ended_ms = int(clock.now() * 1000)
        if duration_s > _PEAK_READ_DURATION_S or ended - self._peak_read_at > _PEAK_READ_INTERVAL_S:
            self._read_peak(ended)
        init_ms, self._init_ms = self._init_ms, None
        birth, self._birth = self._birth, None
        spans: tuple[Span, ...] = ()
        overhead_ms = 0.0
        if answered_at is not None:
            overhead_ms = (ended - answered_at) * 1000
            spans = (Span("extensionOverhead", ended_ms - int(overhead_ms), overhead_ms),)
        record = self._journal.end(
            ended_ms, duration_s * 1000, reported, reported_type, init_ms, self._peak_mib, spans, birth
        )
        if not settled:
            if invocation.want_tail:
                invocation.log_tail = self._journal.tail(record)
            invocation.settle(status, payload, error_type)
        self._journal.write(record)
        self._measure(invocation, record, overhead_ms)

    def _measure(self, invocation: Invocation, record: InvocationRecord, overhead_ms: float) -> None:
        """Tell that it ran; most of what there is to tell is looked up when nobody waits."""
        stream = invocation.stream
        self._surroundings.ran(
            (
                invocation.target,
                record.start_ms,
                record.duration_ms,
                record.billed_ms,
                record.status,
                self._journal.initialization_type,
                overhead_ms,
                record.restore,
                0 if stream is None else stream.passed_bytes,
            )
        )

    def _read_peak(self, now: float) -> None:
        self._peak_read_at = now
        if self._making is None:
            return
        try:
            peak = -(-self._making.sandbox.peak_memory_bytes() // _MIB)
        except OSError:  # its control group is just going
            return
        self._peak_mib = min(max(peak, self._peak_mib), self.version.memory_mib)

    def _again(self) -> None:
        """Runtime and extensions are back: the invocation is over, and the next event may come."""
        extensions = self._extensions
        if self._waiting is None or (extensions is not None and not extensions.none_busy):
            return
        if self._open is not None:
            self._close_open()
        self._idle()

    def _idle(self) -> None:
        self._deadline = None
        self._state = move(self._state, _S.IDLE)
        self._offer()
        if self._state is _S.IDLE:
            self._surroundings.rest(self)

    def _offer(self) -> None:
        self._offered = True
        self.idle_since = self._surroundings.clock.monotonic()
        self._owner.environment_idle(self)

    # --- ends ------------------------------------------------------------------------------------

    def _timed_out(self) -> None:
        """The function's time is over: without an answer, or answered and not all back in `next`.

        Source: spec of the Runtime API §6 (the time covers the runtime and all extensions).
        """
        invocation = self._current
        if invocation is None:
            if self._state is _S.ANSWERED:
                self._begin_reset(ShutdownReason.TIMEOUT)
                self._close_open(Status.TIMEOUT, "Sandbox.Timedout")
                self._offer_while_resetting()
            return
        payload = failures.timed_out(invocation.request_id, self.version.timeout_s)
        self._fail(invocation, Status.TIMEOUT, payload, "Sandbox.Timedout", ShutdownReason.TIMEOUT)

    def _runtime_exited(self, status: ExitStatus) -> None:
        state, invocation = self._state, self._current
        if state not in RUNNING:
            return
        if status.ran_out_of_memory:
            self._peak_mib = self.version.memory_mib
        if invocation is not None:
            error_type, payload = failures.exited(invocation.request_id, status)
            self._fail(invocation, Status.ERROR, payload, error_type, ShutdownReason.FAILURE)
            return
        self._begin_reset(ShutdownReason.FAILURE)
        self._close_open(Status.ERROR, failures.exited("", status)[0])
        self._offer_while_resetting()

    def _fail(
        self,
        invocation: Invocation,
        status: Status,
        payload: bytes,
        error_type: str,
        reason: ShutdownReason,
    ) -> None:
        """The event ends with its processes; the sandbox is reset for the next one."""
        if self._state in RUNNING:
            self._begin_reset(reason)
        self._finish(invocation, status, payload, error_type)
        self._offer_while_resetting()

    def _offer_while_resetting(self) -> None:
        """Killed processes are gone at once: the next event need not go elsewhere, and finds `/tmp` again."""
        making = self._making
        if self._state is not _S.RESETTING or self._extensions is not None or self._offered:
            return
        if making is not None and not self._is_full(making):
            self._offer()

    def _settle_as_crash(self) -> None:
        invocation = self._current
        if invocation is not None:
            error_type, payload = failures.exited(invocation.request_id, ExitStatus(code=0, signal=None))
            self._finish(invocation, Status.ERROR, payload, error_type)
        self._close_open()

    @abstractmethod
    def _repeat_init(self) -> None: ...
