"""Which platform events a JSON log shows.

Text logs are not filtered, and subscribers of the Telemetry API get every event whatever the level is.

Source: AWS's table of events and levels ("Log-level filtering" of the developer guide).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from lambdad.domain.platform_events import ON_DEMAND, PlatformEvent

DEBUG: Final = "DEBUG"
INFO: Final = "INFO"
WARN: Final = "WARN"
_ORDER: Final = {DEBUG: 0, INFO: 1, WARN: 2}

_Record = Mapping[str, object]


def _always(level: str) -> Callable[[_Record], str]:
    return lambda _: level


def _on_success(level: str) -> Callable[[_Record], str]:
    return lambda record: level if record.get("status") == "success" else WARN


def _of_start(record: _Record) -> str:
    return INFO if record.get("runtimeVersion") is not None else DEBUG


def _of_init_report(record: _Record) -> str:
    if record.get("status") != "success":
        return WARN
    return DEBUG if record.get("initializationType") == ON_DEMAND else INFO


def _of_extension(record: _Record) -> str:
    return WARN if record.get("errorType") is not None else INFO


_LEVELS: Final[Mapping[str, Callable[[_Record], str]]] = {
    "platform.initStart": _of_start,
    "platform.initRuntimeDone": _on_success(DEBUG),
    "platform.initReport": _of_init_report,
    "platform.restoreStart": _of_start,
    "platform.restoreRuntimeDone": _on_success(DEBUG),
    "platform.restoreReport": _on_success(INFO),
    "platform.snapStartOff": _always(WARN),
    "platform.start": _always(INFO),
    "platform.runtimeDone": _on_success(DEBUG),
    "platform.report": _on_success(INFO),
    "platform.extension": _of_extension,
    "platform.telemetrySubscription": _always(INFO),
    "platform.logsSubscription": _always(INFO),
    "platform.logsDropped": _always(WARN),
}


def level_of(event: PlatformEvent) -> str | None:
    """The level of an event; None for what no log shows (`platform.end`, `platform.fault`)."""
    rule = _LEVELS.get(event.type)
    if rule is None or isinstance(event.record, str):
        return None
    return rule(event.record)


def is_shown(event: PlatformEvent, system_level: str) -> bool:
    """Whether a JSON log with this `SystemLogLevel` has the event."""
    level = level_of(event)
    return level is not None and _ORDER[level] >= _ORDER.get(system_level, _ORDER[INFO])
