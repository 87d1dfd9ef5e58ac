"""Platform events as lines of a text log.

Source: spec runtime-api §8, from recorded answers. Failures follow the newer of AWS's two generations: no
fault line between START and END, the end of REPORT says what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import ON_DEMAND, PlatformEvent

_Record = Mapping[str, object]


def text_line(event: PlatformEvent) -> str | None:
    """The line with its newline; None for what a text log does not show.

    START, END and REPORT of an invocation are not told here but by `platform_log.lines_of`.
    """
    render = _LINES.get(event.type)
    if render is None or isinstance(event.record, str):
        return None
    return render(event.record)


def ending(status: str, error_type: str | None) -> str:
    """How a report names what went wrong; nothing on success."""
    if status == Status.SUCCESS:
        return ""
    if status == Status.TIMEOUT:
        return "Status: timeout"
    return f"Status: error\tError Type: {error_type}" if error_type else "Status: error"


def _start(word: str, record: _Record) -> str:
    version = record.get("runtimeVersion")
    if version is None:
        return f"{word}\n"
    return f"{word} Runtime Version: {version}\tRuntime Version ARN: {record['runtimeVersionArn']}\n"


def _init_start(record: _Record) -> str | None:
    return _start("INIT_START", record) if record["phase"] != "invoke" else None


def _init_report(record: _Record) -> str | None:
    """Said of an Init that failed, was repeated inside an invocation, or is paid for by itself."""
    if (
        record["status"] == Status.SUCCESS
        and record["initializationType"] == ON_DEMAND
        and record["phase"] == "init"
    ):
        return None
    return f"INIT_REPORT Init Duration: {_duration(record)} ms\tPhase: {record['phase']}{_ended(record)}\n"


def _restore_report(record: _Record) -> str:
    return f"RESTORE_REPORT Restore Duration: {_duration(record)} ms{_ended(record)}\n"


def _duration(record: _Record) -> str:
    metrics = cast("Mapping[str, float]", record["metrics"])
    return f"{metrics['durationMs']:.2f}"


def _ended(record: _Record) -> str:
    error_type = record.get("errorType")
    told = ending(str(record["status"]), None if error_type is None else str(error_type))
    return f"\t{told}" if told else ""


def _extension(record: _Record) -> str:
    events = ", ".join(cast("Iterable[str]", record["events"]))
    line = f"EXTENSION\tName: {record['name']}\tState: {record['state']}\tEvents: [{events}]"
    error_type = record.get("errorType")
    return f"{line}\n" if error_type is None else f"{line}\tError Type: {error_type}\n"


def _subscription(word: str) -> Callable[[_Record], str]:
    def render(record: _Record) -> str:
        types = ", ".join(kind.capitalize() for kind in cast("Iterable[str]", record["types"]))
        return f"{word}\tName: {record['name']}\tState: {record['state']}\tTypes: [{types}]\n"

    return render


def _logs_dropped(record: _Record) -> str:
    count = record["droppedRecords"]
    noun = "line" if count == 1 else "lines"
    return f"LAMBDAD dropped {count} log {noun} ({record['droppedBytes']} bytes): {record['reason']}\n"


def _snap_start_off(record: _Record) -> str:
    return f"LAMBDAD SnapStart is off for this version: {record['reason']}\n"


_LINES: Final[Mapping[str, Callable[[_Record], str | None]]] = {
    "platform.initStart": _init_start,
    "platform.initReport": _init_report,
    "platform.restoreStart": lambda record: _start("RESTORE_START", record),
    "platform.restoreReport": _restore_report,
    "platform.snapStartOff": _snap_start_off,
    "platform.extension": _extension,
    "platform.telemetrySubscription": _subscription("TELEMETRY"),
    "platform.logsSubscription": _subscription("LOGS"),
    "platform.logsDropped": _logs_dropped,
}
