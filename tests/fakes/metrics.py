"""A metric store that remembers every value, and so knows every percentile exactly."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from lambdad.domain.errors import QuotaExceeded
from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.scope import Scope
from lambdad.ports.metric_store import Period, Series


class FakeMetrics:
    """Implements `ports.metric_store.MetricStore`; keeps everything for ever, and seconds of all."""

    def __init__(self, max_series: int = 10**9) -> None:
        self.data: list[Datum] = []
        self.max_series = max_series

    def put(self, data: Sequence[Datum]) -> None:
        for datum in data:
            self.data += [datum] if self._fits([datum]) else []

    async def append(self, data: Sequence[Datum]) -> None:
        if not self._fits(data):
            raise QuotaExceeded("too many metrics")
        self.data += data

    async def flush(self) -> None:
        pass

    async def read(
        self,
        keys: Sequence[MetricKey],
        *,
        start_s: int,
        end_s: int,
        period_s: int,
        percentiles: Sequence[float] = (),
        anchor_s: int = 0,
    ) -> dict[MetricKey, list[Period]]:
        found: dict[MetricKey, list[Period]] = {}
        for key in keys:
            slots: dict[tuple[int, str], list[Datum]] = {}
            for datum in self.data:
                second = datum.at_ms // 1000
                seen = second if period_s % 60 else second - second % 60
                kept = datum.is_fine or period_s % 60 == 0
                if datum.key == key and start_s <= seen < end_s and kept:
                    slot = seen - (seen - anchor_s) % period_s
                    slots.setdefault((slot, datum.unit), []).append(datum)
            if slots:
                found[key] = [_period(slot[0], slots[slot], percentiles) for slot in sorted(slots)]
        return found

    async def series(
        self,
        scope: Scope,
        *,
        namespace: str | None = None,
        name: str | None = None,
        dimensions: Mapping[str, str | None] | None = None,
        since_ms: int = 0,
        after: MetricKey | None = None,
        limit: int = 500,
    ) -> list[Series]:
        last: dict[MetricKey, int] = {}
        for datum in self.data:
            last[datum.key] = max(last.get(datum.key, 0), datum.at_ms)
        wanted = [
            Series(key, last_ms)
            for key, last_ms in last.items()
            if key.scope == scope
            and namespace in (None, key.namespace)
            and name in (None, key.name)
            and _has(key, dimensions or {})
            and last_ms >= since_ms
            and (after is None or _order(key) > _order(after))
        ]
        return sorted(wanted, key=lambda one: _order(one.key))[:limit]

    def _fits(self, data: Iterable[Datum]) -> bool:
        keys = {datum.key for datum in (*self.data, *data)}
        counts = Counter(key.scope for key in keys)
        return max(counts.values(), default=0) <= self.max_series


def _order(key: MetricKey) -> tuple[object, ...]:
    return (key.namespace, key.name, key.dimensions)


def _has(key: MetricKey, dimensions: Mapping[str, str | None]) -> bool:
    mine = dict(key.dimensions)
    return all(name in mine and value in (None, mine[name]) for name, value in dimensions.items())


def _period(start_s: int, data: list[Datum], percentiles: Sequence[float]) -> Period:
    values: list[float] = []
    total = samples = 0.0
    known = True
    for datum in data:
        if datum.total is not None and min(datum.values) != max(datum.values):
            known = False
            total += datum.total
            samples += datum.samples or 0
            values += datum.values
            continue
        counts = datum.counts or [datum.samples or 1.0] * (
            1 if datum.total is not None else len(datum.values)
        )
        for value, count in zip(datum.values, counts, strict=False):
            total += value * count
            samples += count
            values += [value] * int(count)
    values.sort()
    known = known and values[0] >= 0
    found = {p: values[max(0, math.ceil(p / 100 * len(values) - 1e-9) - 1)] for p in percentiles if known}
    return Period(start_s, samples, total, values[0], values[-1], found, data[0].unit)
