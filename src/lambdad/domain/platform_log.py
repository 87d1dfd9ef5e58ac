"""The platform's own log lines: what Lambda writes around a function's output.

Pure: a record of what happened in, lines out. The invocation path hands over the record and goes on;
formatting runs in the log store's thread, or at once for `LogType=Tail`.

Source: spec runtime-api §8, from recorded answers. Failures follow the newer of AWS's two generations: no
fault line between START and END, the end of REPORT says what happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from lambdad.domain.limits import LOG_TAIL_BYTES
from lambdad.domain.outcome import Status
from lambdad.domain.platform_json import report_event, start_event


class LogLine(NamedTuple):
    """One event to be written: `timestamp_ms` since the epoch, `message` without an added newline."""

    timestamp_ms: int
    message: str


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
        json_format: whether the version logs in the JSON format.
        begun: START and the earlier lines were written while the function ran; `lines` are the rest.
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
    lines: Sequence[LogLine] = ()
    trace_id: str | None = None
    segment_id: str | None = None
    sampled: bool = True
    json_format: bool = False
    begun: bool = False


def start_line(record: InvocationRecord) -> LogLine:
    """START alone, for a function whose lines are shown while it runs."""
    if record.json_format:
        return LogLine(
            record.start_ms, start_event(_time(record.start_ms), record.request_id, record.version)
        )
    return LogLine(record.start_ms, f"START RequestId: {record.request_id} Version: {record.version}\n")


def lines_of(record: InvocationRecord) -> list[LogLine]:
    """START, the function's own lines, END and REPORT of one invocation; in JSON there is no END."""
    if record.json_format:
        return _json_lines(record)
    return [
        *(() if record.begun else (start_line(record),)),
        *record.lines,
        LogLine(record.end_ms, f"END RequestId: {record.request_id}\n"),
        LogLine(record.end_ms, _report(record)),
    ]


def tail_of(record: InvocationRecord, earlier: Sequence[LogLine] = ()) -> bytes:
    """The last 4 KiB of the invocation's log, for `LogType=Tail`; lines without a newline are given one.

    `earlier` are START and lines that were written while the function ran.
    """
    text = "".join(
        line.message if line.message.endswith("\n") else line.message + "\n"
        for line in (*earlier, *lines_of(record))
    )
    return text.encode("utf-8", "replace")[-LOG_TAIL_BYTES:]


def init_start_line(timestamp_ms: int, runtime_version: str, runtime_version_arn: str) -> LogLine:
    """The first line of an environment's stream.

    Args:
        timestamp_ms: start of Init, ms since the epoch.
        runtime_version: for example ``python:3.12.v38``.
        runtime_version_arn: ARN of that runtime version.
    """
    return LogLine(
        timestamp_ms,
        f"INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {runtime_version_arn}\n",
    )


def init_report_line(
    timestamp_ms: int, *, duration_ms: float, phase: str, status: Status, error_type: str | None = None
) -> LogLine:
    """The report of an Init that failed, timed out, or was repeated inside an invocation.

    Args:
        timestamp_ms: end of Init, ms since the epoch.
        duration_ms: how long Init took.
        phase: ``init``, or ``invoke`` when Init ran inside the invocation.
        status: how Init ended; a success shows no status.
        error_type: for example ``Runtime.ImportModuleError``; None when there is none.
    """
    ending = _init_ending(status, error_type)
    return LogLine(timestamp_ms, f"INIT_REPORT Init Duration: {duration_ms:.2f} ms\tPhase: {phase}{ending}\n")


def _init_ending(status: Status, error_type: str | None) -> str:
    if status is Status.SUCCESS:
        return ""
    if status is Status.TIMEOUT:
        return "\tStatus: timeout"
    return f"\tStatus: error\tError Type: {error_type}" if error_type else "\tStatus: error"


def _report(record: InvocationRecord) -> str:
    text = (
        f"REPORT RequestId: {record.request_id}\tDuration: {record.duration_ms:.2f} ms\t"
        f"Billed Duration: {record.billed_ms} ms\tMemory Size: {record.memory_mib} MB\t"
        f"Max Memory Used: {record.max_memory_mib} MB\t"
    )
    if record.init_ms is not None:
        text += f"Init Duration: {record.init_ms:.2f} ms\t"
    text += _ending(record) + "\n"
    if record.trace_id is not None:
        sampled = "true" if record.sampled else "false"
        text += f"XRAY TraceId: {record.trace_id}\tSegmentId: {record.segment_id}\tSampled: {sampled}\t\n"
    return text


def _ending(record: InvocationRecord) -> str:
    """The status behind the last tab; a handler's own error shows none, as on AWS."""
    if record.status is Status.TIMEOUT:
        return "Status: timeout"
    if record.status is not Status.SUCCESS and record.error_type is not None:
        return f"Status: error\tError Type: {record.error_type}"
    return ""


def _json_lines(record: InvocationRecord) -> list[LogLine]:
    metrics: dict[str, float | int] = {
        "durationMs": round(record.duration_ms, 3),
        "billedDurationMs": record.billed_ms,
        "memorySizeMB": record.memory_mib,
        "maxMemoryUsedMB": record.max_memory_mib,
    }
    if record.init_ms is not None:
        metrics["initDurationMs"] = round(record.init_ms, 3)
    report = report_event(_time(record.end_ms), record.request_id, metrics, record.status, record.error_type)
    head = () if record.begun else (start_line(record),)
    return [*head, *record.lines, LogLine(record.end_ms, report)]


def _time(timestamp_ms: int) -> str:
    moment = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{timestamp_ms % 1000:03d}Z"
