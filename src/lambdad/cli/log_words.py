"""What a log event says: its level, its words, and what belongs to it; from text or JSON.

Pure. Knows the lines of the platform (START, END, REPORT …, and `platform.…` of the JSON format), of the
runtimes' text format (``[ERROR]<tab>time<tab>request<tab>message``) and JSON objects with a level.

Source: spec runtime-api §8; "Working with Lambda function logs", text and JSON format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST_PARSED = 1_100_000
"""Characters: a log event has at most 1 MiB (AWS's quota); what is longer is shown as it is."""
LONGEST_MARK = 400
"""Characters in which a level, a platform word or a request id is looked for."""


class Level(StrEnum):
    """How loud an event is; PLATFORM is Lambda speaking, PLAIN says nothing about it."""

    ERROR = "ERROR"
    WARN = "WARN"
    INFO = "INFO"
    DEBUG = "DEBUG"
    PLATFORM = "PLATFORM"
    PLAIN = ""


@dataclass(frozen=True, slots=True)
class Said:
    """An event taken apart.

    Attributes:
        word: shown in the column of levels; empty for plain text.
        text: the message, possibly of several lines.
        fields: what else a JSON object held, in its order, as text.
        below: lines that belong below it: a stack trace.
        failed: whether it tells of a failure.
    """

    level: Level
    word: str
    text: str
    fields: Sequence[tuple[str, str]] = ()
    below: Sequence[str] = ()
    failed: bool = False


_PLATFORM = re.compile(
    r"(?:START|END|REPORT) RequestId: |(?:INIT|RESTORE)_(?:START|REPORT) "
    r"|(?:EXTENSION|TELEMETRY|LOGS)\tName: |XRAY TraceId: "
)
_PYTHON = re.compile(r"\[([A-Z]{3,9})\]\t\d{4}-\d\d-\d\dT[\d:.]+Z\t[0-9a-f-]{0,64}\t")
_NODE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z\t[\w-]{0,64}\t([A-Z]{3,9})\t")
_BRACKETED = re.compile(r"\[?(CRITICAL|FATAL|ERROR|WARNING|WARN|INFO|DEBUG|TRACE)\]?[\s:]")
_FAILED = re.compile(
    r"Status: (?:error|timeout)|Task timed out after |Traceback \(most recent call last\)|Runtime exited "
)
_SAME = {
    "FATAL": Level.ERROR,
    "CRITICAL": Level.ERROR,
    "ERROR": Level.ERROR,
    "SEVERE": Level.ERROR,
    "WARN": Level.WARN,
    "WARNING": Level.WARN,
    "INFO": Level.INFO,
    "DEBUG": Level.DEBUG,
    "TRACE": Level.DEBUG,
}
_NUMBERED = ((50, Level.ERROR), (40, Level.WARN), (30, Level.INFO), (0, Level.DEBUG))
"""The levels of pino and bunyan."""
_MESSAGES = ("message", "msg", "errorMessage")
_LEFT_OUT = frozenset(
    {"timestamp", "time", "level", "@timestamp", *_MESSAGES, "stackTrace", "stack", "errorType"}
)


def said(message: str) -> Said:
    """Take an event apart; whatever it is, it is never refused."""
    if message.startswith("{") and len(message) <= LONGEST_PARSED:
        found = _object(message)
        if found is not None:
            return _of_object(found, message)
    return _of_text(message)


def is_failure(message: str) -> bool:
    """Whether an event is an error or tells of a failed invocation."""
    one = said(message)
    return one.failed or one.level is Level.ERROR


ERRORS_PATTERN = (
    "?ERROR ?FATAL ?CRITICAL ?SEVERE ?Error ?error ?Fatal ?fatal ?Critical ?critical ?Severe ?severe "
    '?Traceback ?timeout ?failure ?"Task timed out" ?"Runtime exited" ?":50" ?": 50" ?":60" ?": 60"'
)
"""A filter pattern that every event with `is_failure` matches; `is_failure` then says which of them it is."""


def request_of(message: str) -> str | None:
    """The request that a START (text or JSON) begins; None for every other event."""
    if message.startswith("START RequestId: "):
        return message[17:LONGEST_MARK].split(" ", 1)[0].strip()
    if message.startswith("{") and '"platform.start"' in message[:LONGEST_MARK]:
        record = (_object(message) or {}).get("record")
        return str(record.get("requestId")) if isinstance(record, dict) else None
    return None


def ends_request(message: str) -> bool:
    """Whether an event is the last of an invocation: its REPORT."""
    return message.startswith("REPORT RequestId: ") or (
        message.startswith("{") and '"platform.report"' in message[:LONGEST_MARK]
    )


def init_ms_of(message: str) -> float | None:
    """How long the Init before this REPORT took; None when it is none or its environment was warm."""
    if message.startswith("REPORT RequestId: "):
        found = re.search(r"\tInit Duration: ([\d.]{1,16}) ms", message[:4_096])
        return float(found[1]) if found else None
    if message.startswith("{") and '"platform.report"' in message[:LONGEST_MARK]:
        record = (_object(message) or {}).get("record")
        metrics = record.get("metrics") if isinstance(record, dict) else None
        taken = metrics.get("initDurationMs") if isinstance(metrics, dict) else None
        return float(taken) if isinstance(taken, int | float) else None
    return None


def _object(message: str) -> dict[str, object] | None:
    try:
        found = json.loads(message)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _of_text(message: str) -> Said:
    head = message[:LONGEST_MARK]
    failed = bool(_FAILED.search(message[:4_096]))
    if _PLATFORM.match(head):
        return Said(Level.PLATFORM, "", message, failed=failed)
    for form in (_PYTHON, _NODE):
        found = form.match(head)
        if found and found[1] in _SAME:
            level = _SAME[found[1]]
            return Said(level, level.value, message[found.end() :], failed=level is Level.ERROR)
    found = _BRACKETED.match(head)
    if found:
        level = _SAME[found[1]]
        return Said(level, level.value, message[found.end() :].lstrip(), failed=level is Level.ERROR)
    return Said(
        Level.ERROR if failed else Level.PLAIN, Level.ERROR.value if failed else "", message, failed=failed
    )


def _of_object(found: Mapping[str, object], message: str) -> Said:
    kind = found.get("type")
    record = found.get("record")
    if isinstance(kind, str) and kind.startswith("platform.") and isinstance(record, dict):
        fields = tuple(_flat(record, "metrics"))
        failed = record.get("status") in {"error", "failure", "timeout"}
        return Said(Level.PLATFORM, "", kind.removeprefix("platform."), fields, failed=failed)
    level = _level(found.get("level"))
    text = next(
        (str(found[name]) for name in _MESSAGES if isinstance(found.get(name), str | int | float)), None
    )
    error = _error(found)
    if level is Level.PLAIN and error:
        level = Level.ERROR
    if text is None and level is Level.PLAIN:
        return Said(Level.PLAIN, "", message)
    below = _trace(found)
    if error and (text is None or text == found.get("errorMessage")):
        text = error
    elif error:
        below += (error,)
    fields = tuple((name, _short(value)) for name, value in found.items() if _is_kept(name, value, text))
    return Said(level, level.value, text or "", fields, below, failed=level is Level.ERROR)


def _error(found: Mapping[str, object]) -> str:
    """Type and message of the error that an event is about; empty when it is about none."""
    kind, words = found.get("errorType"), found.get("errorMessage")
    return ": ".join(each for each in (kind, words) if isinstance(each, str) and each)


def _is_kept(name: str, value: object, text: str | None) -> bool:
    """Whether a member of a JSON event is shown as a field, rather than as its message, level or trace."""
    if name not in _LEFT_OUT:
        return True
    return name in _MESSAGES and (text is None or isinstance(value, dict | list))


def _level(value: object) -> Level:
    if isinstance(value, str):
        return _SAME.get(value.upper(), Level.PLAIN)
    if isinstance(value, int) and not isinstance(value, bool):
        return next((level for least, level in _NUMBERED if value >= least), Level.PLAIN)
    return Level.PLAIN


def _flat(record: Mapping[str, object], opened: str) -> list[tuple[str, str]]:
    """The members of a platform record, those of `opened` in its place, without what only machines read."""
    fields: list[tuple[str, str]] = []
    for name, value in record.items():
        if name == opened and isinstance(value, dict):
            fields.extend((inner, _short(each)) for inner, each in value.items())
        elif name not in {"spans", "tracing"}:
            fields.append((name, _short(value)))
    return fields


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _trace(found: Mapping[str, object]) -> tuple[str, ...]:
    trace = found.get("stackTrace", found.get("stack"))
    if isinstance(trace, str):
        return tuple(trace.splitlines())
    if isinstance(trace, list):
        return tuple(line for each in trace for line in str(each).splitlines())
    return ()
