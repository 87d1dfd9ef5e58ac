"""Scheduler: looks often what is due, and a schedule that is changed goes by its new expression.

ministack remembers of each schedule's name when it fired last, and a one-time schedule fires only while
nothing is remembered. It forgets neither when the expression changes nor when a schedule is made again.

Source: Scheduler user guide, "Schedule types": a one-time schedule invokes its target at the time given.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, MutableMapping
from types import ModuleType
from typing import Any, Final

from .hooks import HookMoved, Hooks, replace

_LOOK_S: Final = 1.0
Seen = dict[Any, tuple[Any, Any]]


def add(hooks: Hooks) -> None:
    """Set the hook."""
    hooks.add("scheduler", _scheduler)


def _scheduler(module: ModuleType) -> None:
    if not isinstance(getattr(module, "_SCHEDULE_TICK_INTERVAL", None), int | float):
        raise HookMoved(f"{module.__name__} has no _SCHEDULE_TICK_INTERVAL")
    if not isinstance(getattr(module, "_schedule_last_fired", None), dict):
        raise HookMoved(f"{module.__name__} has no _schedule_last_fired")
    vars(module)["_SCHEDULE_TICK_INTERVAL"] = _LOOK_S
    seen: Seen = {}

    def tick() -> None:
        begin_anew(dict(module._schedules._data), seen, module._schedule_last_fired, time.time())
        before()

    before = replace(module, "_tick_schedules", "", tick)


def begin_anew(
    schedules: Mapping[Any, Mapping[str, Any]], seen: Seen, fired: MutableMapping[Any, float], now: float
) -> None:
    """Forget when schedules fired that are others than when this looked last.

    Args:
        schedules: all there are.
        seen: expression and creation of those there were; becomes those there are.
        fired: when each fired last, as ministack remembers it.
        now: seconds since the epoch, from which changed rates count.
    """
    for key in _changed(schedules, seen):
        fired.pop(key, None)
        if str(schedules.get(key, {}).get("ScheduleExpression")).startswith("rate"):
            fired[key] = now
    seen.clear()
    seen.update({key: _what(schedule) for key, schedule in schedules.items()})


def _changed(schedules: Mapping[Any, Mapping[str, Any]], seen: Seen) -> Iterator[Any]:
    for key, what in seen.items():
        if key not in schedules or _what(schedules[key]) != what:
            yield key


def _what(schedule: Mapping[str, Any]) -> tuple[Any, Any]:
    return schedule.get("ScheduleExpression"), schedule.get("CreationDate")
