"""A histogram that is added to on the invocation path."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from lambdad.telemetry.prometheus.family import Buckets


class Histogram:
    """Values by bucket.

    Args:
        bounds: upper bounds, each included, ascending.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def now(self) -> Buckets:
        """What has been counted up to now."""
        return Buckets(tuple(self.counts), self.total)


def together(histograms: Iterable[Histogram]) -> Buckets:
    """Several with the same bounds, at least one, as one."""
    found = [one.now() for one in histograms]
    counts = tuple(map(sum, zip(*(one.counts for one in found), strict=True)))
    return Buckets(counts, sum(one.total for one in found))
