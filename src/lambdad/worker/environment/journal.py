"""What an environment's log says: platform lines, the function's own, in the right order.

Lines printed during an event are kept and handed to the log in one piece with START, END and
REPORT; when there are many, or the event goes on for long, what is there is written before. Subscribers of
the Telemetry API hear of everything through a tap; without one nothing is made for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from lambdad.domain import platform_events
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import MAX_EARLY_EVENTS
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import PlatformEvent, Span
from lambdad.domain.platform_levels import DEBUG, INFO
from lambdad.domain.platform_log import (
    Birth,
    InvocationRecord,
    LogLine,
    Printed,
    report_event,
    shown,
    spread,
    start_lines,
    tail_of,
)
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogSink, StreamKey
from lambdad.worker.environment.capture import EXTENSION, FUNCTION, Capture
from lambdad.worker.environment.life_telling import LifeTelling
from lambdad.worker.environment.log_words import fault_of, log_stream_name, tail_lines
from lambdad.worker.environment.printed_levels import HiddenLine, judge_of
from lambdad.worker.telemetry_api.printed import tell_lines
from lambdad.worker.telemetry_api.tap import TelemetryTap

_EARLY_AFTER_S = 0.05
"""Lines of a running function are handed over at the latest after this time."""
_EARLY_LINES = 1_000
"""So many lines are not kept for the end."""
_EARLY_READS = 64
"""Nor what came in so many readings: with 16 KiB each, no more than 1 MiB of long lines is kept."""


class Journal(LifeTelling):
    """The log of one environment.

    Attributes:
        stream_name: AWS's log stream name.
        wants_runtime_done: whether `runtime_done` would be heard of after a success.
    """

    __slots__ = (
        "_begun",
        "_capture",
        "_early",
        "_flush",
        "_in_init",
        "_level",
        "_lines",
        "_reads",
        "_sink",
        "_started_ms",
        "_stream",
        "_tail",
        "_tap",
        "wants_runtime_done",
    )

    def __init__(self, version: FunctionVersion, environment_id: str, sink: LogSink, clock: Clock) -> None:
        logging = version.logging
        is_json = logging.log_format == "JSON"
        super().__init__(version, log_stream_name(version, environment_id, clock.now()), clock)
        self._stream = StreamKey(version.scope, logging.log_group, self.stream_name, is_json)
        self._level = (logging.system_level or INFO) if is_json else None
        judge = judge_of(logging.log_format, logging.application_level)
        self._capture = Capture(clock, sink, self._stream, self._took, self._have_read, judge)
        self._sink = sink
        self._tap: TelemetryTap | None = None
        self._started_ms = 0
        self._lines: list[Printed] = []
        self._reads = 0
        self._tail: list[LogLine] = []
        self._in_init = False
        self._early: list[PlatformEvent] = []  # said since Init has begun, while it goes on
        self._begun = False
        self._flush: asyncio.TimerHandle | None = None
        self.wants_runtime_done = self._level == DEBUG

    def set_telemetry(self, tap: TelemetryTap | None) -> None:
        """Tell `tap` from now on, a new one also of what Init has seen until now.

        To be called again whenever somebody subscribes to another kind.
        """
        is_new, self._tap = self._tap is None, tap
        if is_new and tap is not None:
            for event in self._early:
                self._tell(event)
        self.wants_runtime_done = self._level == DEBUG or (tap is not None and tap.platform)

    # --- output ----------------------------------------------------------------------------------

    def attach(self, fd: int) -> None:
        """Read the runtime's output from now on; the descriptor is the journal's to close."""
        self._capture.attach("", FUNCTION, fd)

    def attach_extension(self, name: str, fd: int) -> None:
        """Read an extension's output from now on; the descriptor is the journal's to close."""
        self._capture.attach(name, EXTENSION, fd)

    def _took(self, kind: str, lines: list[Printed]) -> None:
        if self._tap is not None:
            tell_lines(self._tap, kind, spread(lines), as_objects=self._level is not None)
        if self._level is not None:
            lines = [line for line in lines if type(line) is not HiddenLine]
        self._lines += lines

    def _have_read(self) -> None:
        if self._invocation is None:
            self._write_now()
            return
        self._reads += 1
        if len(self._lines) >= _EARLY_LINES or self._reads >= _EARLY_READS:
            self._write_early()
        elif self._lines and self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(_EARLY_AFTER_S, self._write_early)

    def _write_now(self) -> None:
        self._reads = 0
        if self._lines:
            lines, self._lines = self._lines, []
            self._sink.write(self._stream, lines)

    def _write_early(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        invocation = self._invocation
        if invocation is None or not self._lines:
            return
        if not self._begun:
            self._begun = True
            start = start_lines(self._record(self._started_ms, 0.0, Status.SUCCESS, None, None, 0, (), ()))
            self._lines[0:0] = start
        if invocation.want_tail:
            self._tail = tail_lines([*self._tail, *spread(self._lines)])
        self._write_now()

    def _init_changed(self, is_running: bool) -> None:
        self._in_init = is_running
        self._early.clear()

    def _read_output(self, now_ms: int) -> None:
        self._capture.read_all(now_ms)

    def output_until(self, now: float) -> None:
        """Write what has been printed outside of events."""
        self._capture.read_all(int(now * 1000))
        self._write_now()

    # --- what the platform says ------------------------------------------------------------------

    def _say(self, event: PlatformEvent) -> None:
        """Tell subscribers, and the log when it shows such an event."""
        self._tell(event)
        if self._in_init and len(self._early) < MAX_EARLY_EVENTS:
            self._early.append(event)
        self._lines += shown(event, self._level)
        if self._invocation is None:
            self._write_now()

    def _tell(self, event: PlatformEvent) -> None:
        tap = self._tap
        if tap is not None and tap.platform:
            tap.event("platform", event.time_ms, event.type, event.record)

    # --- events ----------------------------------------------------------------------------------

    def begin(self, invocation: Invocation, started_ms: int) -> None:
        """An event goes to the function."""
        self._invocation = invocation
        self._started_ms = started_ms
        self._begun = False
        self._reads = 0
        if self._tap is not None:
            tenant, number = invocation.target.tenant, self._version.version
            tracing = _tracing(invocation)
            self._tell(
                platform_events.start(started_ms, invocation.request_id, number, tracing, tenant=tenant)
            )

    def runtime_done(
        self,
        status: Status,
        duration_ms: float,
        produced_bytes: int | None,
        error_type: str | None,
        spans: Sequence[Span] = (),
    ) -> None:
        """The runtime has answered or failed; need not be called when nobody `wants_runtime_done`.

        Args:
            status: how it went.
            duration_ms: from handing the event over.
            produced_bytes: size of the answer; None when there is none.
            error_type: AWS's type; None when there is none.
            spans: see `platform_events.response_spans`.
        """
        invocation = self._invocation
        if invocation is None:
            return
        now_ms = self._now_ms()
        self._capture.read_all(now_ms)
        self._say(
            platform_events.runtime_done(
                now_ms,
                request_id=invocation.request_id,
                status=status,
                duration_ms=duration_ms,
                produced_bytes=produced_bytes,
                error_type=error_type,
                spans=spans,
                tracing=_tracing(invocation),
                tenant=invocation.target.tenant,
            )
        )

    def end(
        self,
        ended_ms: int,
        duration_ms: float,
        status: Status,
        error_type: str | None,
        init_ms: float | None,
        peak_mib: int,
        spans: Sequence[Span] = (),
        birth: Birth | None = None,
    ) -> InvocationRecord:
        """The event is over: what the log will say of it."""
        self._capture.read_all(ended_ms)
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        lines, self._lines = self._lines, []
        record = self._record(
            ended_ms, duration_ms, status, error_type, init_ms, peak_mib, lines, spans, birth
        )
        self._invocation = None
        self._restore = None
        return record

    def _record(
        self,
        ended_ms: int,
        duration_ms: float,
        status: Status,
        error_type: str | None,
        init_ms: float | None,
        peak_mib: int,
        lines: Sequence[Printed],
        spans: Sequence[Span],
        birth: Birth | None = None,
    ) -> InvocationRecord:
        version = self._version
        invocation = self._invocation
        billed = duration_ms if init_ms is None else duration_ms + init_ms
        traced = None if invocation is None else invocation.traced
        shown = traced if traced is not None and traced.is_shown else None
        return InvocationRecord(
            "" if invocation is None else invocation.request_id,
            version.version,
            self._started_ms,
            ended_ms,
            duration_ms,
            max(1, -int(-billed // 1)),
            version.memory_mib,
            peak_mib,
            init_ms,
            status,
            error_type,
            lines,
            None if shown is None else shown.trace_id,
            None if shown is None else shown.segment_id,
            True,
            self._level,
            self._begun,
            spans,
            self._restore,
            None if invocation is None else invocation.target.tenant,
            0.0 if invocation is None else invocation.waited_s * 1000,
            traced,
            birth,
            None if invocation is None else invocation.accepted_ms,
        )

    def tail(self, record: InvocationRecord) -> bytes:
        """The last 4 KiB of the event's log."""
        earlier, self._tail = self._tail, []
        return tail_of(record, earlier)

    def write(self, record: InvocationRecord) -> None:
        """Hand the event's log over."""
        if self._tap is not None:
            self._tell_end(record)
        self._sink.write_invocation(self._stream, record)

    def _tell_end(self, record: InvocationRecord) -> None:
        fault = fault_of(record, self._version.timeout_s)
        if fault is not None:
            self._tell(platform_events.fault(record.end_ms, fault))
        self._tell(platform_events.end(record.end_ms, record.request_id))
        self._tell(report_event(record))

    def close(self) -> None:
        """Write what is left and stop reading."""
        self._capture.close()
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        self._write_now()


def _tracing(invocation: Invocation) -> Mapping[str, str] | None:
    """As platform events name the trace; None unless it is shown."""
    traced = invocation.traced
    if traced is None or not traced.is_shown:
        return None
    return platform_events.tracing_of(traced.trace_id, traced.segment_id, sampled=True)
