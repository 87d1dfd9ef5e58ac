"""Data added up by point, ready to be written."""

from __future__ import annotations

from typing import NamedTuple

from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.metric_total import Total

SECOND_S = 1
MINUTE_S = 60


class Point(NamedTuple):
    """Which point of a series."""

    resolution_s: int
    start_s: int
    unit: str


class Batch:
    """Totals by series and point.

    Attributes:
        points: by series, then by point.
        last_ms: the newest time of each series.
        data: how many data of each series.
    """

    __slots__ = ("data", "last_ms", "points")

    def __init__(self) -> None:
        self.points: dict[MetricKey, dict[Point, Total]] = {}
        self.last_ms: dict[MetricKey, int] = {}
        self.data: dict[MetricKey, int] = {}

    def add(self, datum: Datum) -> None:
        """Add a datum to its minute, and to its second when it is fine."""
        key = datum.key
        totals = self.points.get(key)
        if totals is None:
            totals = self.points[key] = {}
            self.last_ms[key] = datum.at_ms
            self.data[key] = 0
        elif datum.at_ms > self.last_ms[key]:
            self.last_ms[key] = datum.at_ms
        self.data[key] += 1
        second = datum.at_ms // 1000
        _total(totals, Point(MINUTE_S, second - second % MINUTE_S, datum.unit)).add(datum)
        if datum.is_fine:
            _total(totals, Point(SECOND_S, second, datum.unit)).add(datum)


def _total(totals: dict[Point, Total], point: Point) -> Total:
    total = totals.get(point)
    if total is None:
        total = totals[point] = Total()
    return total
