"""The platform's own log lines: what Lambda writes around a function's output.

Pure: a record of what happened in, lines out. Text is written from the record itself; for a JSON log and for
telemetry the record is turned into events first.

Source: spec runtime-api §8, from recorded answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lambdad.domain import platform_events
from lambdad.domain.limits import LOG_TAIL_BYTES
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import PlatformEvent, Span, tracing_of
from lambdad.domain.platform_json import json_line
from lambdad.domain.platform_levels import is_shown
from lambdad.domain.platform_text import ending, text_line
from lambdad.domain.trace_context import Traced


class LogLine(NamedTuple):
    """One event to be written: `timestamp_ms` since the epoch, `message` without an added newline."""

    timestamp_ms: int
    message: str


class LogText(NamedTuple):
    """Many events of the same time, as they were printed: cut and decoded where nobody waits for it.

    Attributes:
        timestamp_ms: of all of them, since the epoch.
        text: whole lines in UTF-8, the last one with its newline too.
        events: how many lines.
    """

    timestamp_ms: int
    text: bytes
    events: int

    def messages(self) -> list[str]:
        """The events, each with its newline."""
        lines = self.text.decode("utf-8", "replace").split("\n")
        lines.pop()
        return [line + "\n" for line in lines]


Printed = LogLine | LogText


def spread(printed: Iterable[Printed]) -> list[LogLine]:
    """Every event by itself."""
    lines: list[LogLine] = []
    for item in printed:
        if type(item) is LogText:
            lines += [LogLine(item.timestamp_ms, message) for message in item.messages()]
        else:
            lines.append(item)  # type: ignore[arg-type]  # the other kind
    return lines


class Columns:
    """Events as two columns, to be added to: when (ms since the epoch) and what, with its newline."""

    __slots__ = ("messages", "times_ms")

    def __init__(self, printed: Iterable[Printed] = ()) -> None:
        self.times_ms: list[int] = []
        self.messages: list[str] = []
        self.add(printed)

    def add(self, printed: Iterable[Printed]) -> None:
        """Add every event of what was printed."""
        for item in printed:
            if type(item) is LogText:
                texts = item.messages()
                self.messages += texts
                self.times_ms += [item.timestamp_ms] * len(texts)
            else:
                self.times_ms.append(item[0])
                self.messages.append(item[1])  # type: ignore[arg-type]  # the other kind

    def add_columns(self, other: Columns) -> None:
        """Add the events of another."""
        self.times_ms += other.times_ms
        self.messages += other.messages

    def add_invocation(self, record: InvocationRecord) -> None:
        """Add START, the function's own lines, END and REPORT; of a log of the text format."""
        end_ms, ending = record.end_ms, (_end(record), _report(record))  # all of it, or nothing
        if not record.begun:
            self.times_ms.append(record.start_ms)
            self.messages.append(_start(record))
        if record.lines:
            self.add(record.lines)
        self.times_ms += (end_ms, end_ms)
        self.messages += ending


def events_in(printed: Iterable[Printed]) -> int:
    """How many events they are."""
    return sum(item.events if type(item) is LogText else 1 for item in printed)


class RestoreTimes(NamedTuple):
    """How long the restore of an environment took, and the part of it that is billed (its hooks)."""

    duration_ms: float
    billed_ms: int


class Birth(NamedTuple):
    """How an environment came to be.

    Attributes:
        path: how its runtime did: ``pool``, ``fork``, ``spawn`` or ``restore``.
        made_ms: until its sandbox was there; Init or restore come after that.
    """

    path: str
    made_ms: float


class InvocationRecord(NamedTuple):
    """Everything the log says of one invocation.

    Attributes:
        start_ms: when the event went to the function, ms since the epoch.
        end_ms: when the invocation was over, ms since the epoch.
        duration_ms: without Init.
        billed_ms: as billed.
        max_memory_mib: highest resident memory of the environment so far.
        init_ms: None unless this invocation is the first of its environment.
        error_type: AWS's type for the report (``Runtime.ExitError``); None on success and for handler errors.
        lines: the function's own output, in order.
        trace_id: X-Ray trace; None when the invocation is not traced.
        segment_id: 16 hex digits, beside `trace_id`.
        sampled: whether the trace is.
        system_level: `SystemLogLevel` of a version that logs in the JSON format; None for the text format.
        begun: START and the earlier lines were written while the function ran; `lines` are the rest.
        spans: parts of the invocation, for JSON and telemetry.
        restore: None unless this invocation is the first of a restored environment.
        tenant: whom it was for; None unless its function keeps tenants apart.
        waited_ms: from its admission until the event went to the function.
        traced: None unless the invocation is sampled; `trace_id` is there only when it is shown, too.
        birth: of its environment; None unless this invocation is the first there.
        accepted_ms: when its event was accepted for later, ms since the epoch; None for a call.
    """

    request_id: str
    version: str
    start_ms: int
    end_ms: int
    duration_ms: float
    billed_ms: int
    memory_mib: int
    max_memory_mib: int
    init_ms: float | None = None
    status: Status = Status.SUCCESS
    error_type: str | None = None
    lines: Sequence[Printed] = ()
    trace_id: str | None = None
    segment_id: str | None = None
    sampled: bool = True
    system_level: str | None = None
    begun: bool = False
    spans: Sequence[Span] = ()
    restore: RestoreTimes | None = None
    tenant: str | None = None
    waited_ms: float = 0.0
    traced: Traced | None = None
    birth: Birth | None = None
    accepted_ms: int | None = None


def start_event(record: InvocationRecord) -> PlatformEvent:
    """`platform.start` of an invocation."""
    tracing = tracing_of(record.trace_id, record.segment_id, record.sampled)
    return platform_events.start(
        record.start_ms, record.request_id, record.version, tracing, tenant=record.tenant
    )


def report_event(record: InvocationRecord) -> PlatformEvent:
    """`platform.report` of an invocation."""
    metrics: dict[str, float] = {
        "durationMs": round(record.duration_ms, 3),
        "billedDurationMs": record.billed_ms,
        "memorySizeMB": record.memory_mib,
        "maxMemoryUsedMB": record.max_memory_mib,
    }
    if record.init_ms is not None:
        metrics["initDurationMs"] = round(record.init_ms, 3)
    if record.restore is not None:
        metrics["restoreDurationMs"] = round(record.restore.duration_ms, 3)
        metrics["billedRestoreDurationMs"] = record.restore.billed_ms
    return platform_events.report(
        record.end_ms,
        request_id=record.request_id,
        metrics=metrics,
        status=record.status,
        error_type=record.error_type,
        spans=record.spans,
        tracing=tracing_of(record.trace_id, record.segment_id, record.sampled),
        tenant=record.tenant,
    )


def start_lines(record: InvocationRecord) -> list[LogLine]:
    """START alone, for a function whose lines are shown while it runs; empty when it is not shown."""
    if record.system_level is not None:
        return shown(start_event(record), record.system_level)
    return [LogLine(record.start_ms, _start(record))]


def shown(event: PlatformEvent, system_level: str | None) -> list[LogLine]:
    """The line of an event in a log of the JSON format with this level, or of the text format (None)."""
    if system_level is None:
        text = text_line(event)
        return [] if text is None else [LogLine(event.time_ms, text)]
    return [LogLine(event.time_ms, json_line(*event))] if is_shown(event, system_level) else []


def lines_of(record: InvocationRecord) -> list[Printed]:
    """START, the function's own lines, END and REPORT of one invocation; in JSON there is no END."""
    start = () if record.begun else start_lines(record)
    if record.system_level is not None:
        return [*start, *record.lines, *shown(report_event(record), record.system_level)]
    return [
        *start,
        *record.lines,
        LogLine(record.end_ms, _end(record)),
        LogLine(record.end_ms, _report(record)),
    ]


def tail_of(record: InvocationRecord, earlier: Sequence[Printed] = ()) -> bytes:
    """The last 4 KiB of the invocation's log, for `LogType=Tail`; lines without a newline are given one.

    `earlier` are START and lines that were written while the function ran.
    """
    text = "".join(
        line.message if line.message.endswith("\n") else line.message + "\n"
        for line in spread((*earlier, *lines_of(record)))
    )
    return text.encode("utf-8", "replace")[-LOG_TAIL_BYTES:]


def _start(record: InvocationRecord) -> str:
    return f"START RequestId: {record.request_id} Version: {record.version}\n"


def _end(record: InvocationRecord) -> str:
    return f"END RequestId: {record.request_id}\n"


def _report(record: InvocationRecord) -> str:
    text = (
        f"REPORT RequestId: {record.request_id}\tDuration: {record.duration_ms:.2f} ms\t"
        f"Billed Duration: {record.billed_ms} ms\tMemory Size: {record.memory_mib} MB\t"
        f"Max Memory Used: {record.max_memory_mib} MB\t"
    )
    if record.init_ms is not None:
        text += f"Init Duration: {record.init_ms:.2f} ms\t"
    if record.restore is not None:
        restore_ms, billed_ms = record.restore
        text += f"Restore Duration: {restore_ms:.2f} ms\tBilled Restore Duration: {billed_ms} ms\t"
    text += _ending(record) + "\n"
    if record.trace_id is not None:
        sampled = "true" if record.sampled else "false"
        text += f"XRAY TraceId: {record.trace_id}\tSegmentId: {record.segment_id}\tSampled: {sampled}\t\n"
    return text


def _ending(record: InvocationRecord) -> str:
    """The status behind the last tab; a handler's own error shows none, as on AWS."""
    if record.error_type is None and record.status is not Status.TIMEOUT:
        return ""
    return ending(record.status, record.error_type)
