"""What a metric filter measures in events: pure.

A value that is no number, or a dimension that is not in the event, measures nothing.

Source: CloudWatch Logs user guide, "Creating metrics from log events using filters": an event's own time is
the metric's; the default stands for a minute that had events and no match.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lambdad.domain.limits import MAX_FILTER_SERIES
from lambdad.domain.log_filter import MetricFilter
from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import StoredEvent
from lambdad.telemetry.patterns.comparing import number_of
from lambdad.telemetry.patterns.compiling import Pattern

MINUTE_MS = 60_000
_HOUR_MS = 3_600_000


def measured(scope: Scope, each: MetricFilter, pattern: Pattern, event: StoredEvent) -> Datum | None:
    """What an event that matches adds to the metric; None for nothing."""
    text = pattern.value(event.message, each.value) if each.value.startswith("$") else each.value
    number = None if text is None else number_of(text)
    if number is None or number in (float("inf"), float("-inf")):
        return None
    dimensions: list[tuple[str, str]] = []
    for name, reference in each.dimensions.items():
        value = pattern.value(event.message, reference)
        if not value:
            return None
        dimensions.append((name, value))
    key = MetricKey(scope, each.namespace, each.metric, tuple(sorted(dimensions)))
    return Datum(key, event.timestamp_ms, (number,), unit=each.unit or "None")


@dataclass(slots=True)
class _Minute:
    number: int
    matched: bool
    default: Datum


class Defaults:
    """Which filters owe their default for a minute that is over; one per server."""

    def __init__(self) -> None:
        self._minutes: dict[tuple[Scope, str, str], _Minute] = {}

    def saw(self, scope: Scope, group: str, each: MetricFilter, now_ms: int, *, matched: bool) -> None:
        """Events of a group have come, and matched a filter or not; `due` was asked at that time before."""
        if each.default is None:
            return
        number = now_ms // MINUTE_MS
        known = self._minutes.get((scope, group, each.name))
        if known is None or known.number != number:
            key = MetricKey(scope, each.namespace, each.metric)
            default = Datum(key, number * MINUTE_MS, (each.default,), unit=each.unit or "None")
            self._minutes[scope, group, each.name] = _Minute(number, matched, default)
        else:
            known.matched = known.matched or matched

    @property
    def is_owing(self) -> bool:
        """Whether some minute is still to be settled."""
        return bool(self._minutes)

    def due(self, now_ms: int) -> list[Datum]:
        """Take the defaults of minutes that are over."""
        over = [key for key, minute in self._minutes.items() if minute.number < now_ms // MINUTE_MS]
        ended = [self._minutes.pop(key) for key in over]
        return [minute.default for minute in ended if not minute.matched]


class SeriesBound:
    """Leaves out what would make more series of a filter in an hour than it may have."""

    def __init__(self) -> None:
        self._hour = -1
        self._seen: dict[tuple[str, str], set[object]] = {}

    def kept(self, data: Iterable[Datum], now_ms: int) -> list[Datum]:
        """Those within the bound; a series that was measured in this hour before always is."""
        if now_ms // _HOUR_MS != self._hour:
            self._hour = now_ms // _HOUR_MS
            self._seen.clear()
        return [datum for datum in data if self._has_room(datum.key)]

    def _has_room(self, key: MetricKey) -> bool:
        if not key.dimensions:
            return True
        seen = self._seen.setdefault((key.namespace, key.name), set())
        if key not in seen and len(seen) >= MAX_FILTER_SERIES:
            return False
        seen.add(key)
        return True
