"""An event as the record of one API and schema.

The Telemetry API gets events as `domain.platform_events` makes them. The older Logs API knows fewer
events, with fewer members, and gets what is printed always as text.

Source: AWS's developer guide ("Lambda Telemetry API", "Lambda Logs API"), spec runtime-api §4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

import msgspec

from lambdad.domain.platform_json import timestamp
from lambdad.worker.telemetry_api.answers import LOGS

_LOGS_ONLY: Final = frozenset({"platform.end", "platform.fault", "platform.logsSubscription"})
_LOGS_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "platform.start": ("requestId", "version"),
    "platform.end": ("requestId",),
    "platform.report": ("requestId", "metrics", "tracing"),
    "platform.extension": ("name", "state", "events", "errorType"),
    "platform.logsSubscription": ("name", "state", "types"),
    "platform.logsDropped": ("reason", "droppedRecords", "droppedBytes"),
}
_RUNTIME_DONE: Final = ("requestId", "status")
_WITH_RUNTIME_DONE: Final = "2021-03-18"
_encode = msgspec.json.Encoder().encode


def render(api: str, schema: str, time_ms: int, type_: str, record: object) -> bytes | None:
    """The event as JSON, or None when this schema does not have it."""
    if api != LOGS:
        if type_ in _LOGS_ONLY:
            return None
    elif type_.startswith("platform."):
        record = _logs_record(schema, type_, record)
        if record is None:
            return None
    elif isinstance(record, msgspec.Raw):
        record = bytes(record).decode()
    return _encode({"time": timestamp(time_ms), "type": type_, "record": record})


def _logs_record(schema: str, type_: str, record: object) -> object | None:
    if type_ == "platform.fault":
        return record
    members = _LOGS_MEMBERS.get(type_)
    if type_ == "platform.runtimeDone" and schema == _WITH_RUNTIME_DONE:
        members = _RUNTIME_DONE
    if members is None:
        return None
    whole = cast("Mapping[str, object]", record)
    return {name: whole[name] for name in members if name in whole}
