"""A histogram that is added to on the invocation path."""

from __future__ import annotations

from bisect import bisect_left


class Histogram:
    """Values by bucket.

    Args:
        bounds: upper bounds, each included, ascending.

    Attributes:
        counts: by bucket, not summed up; one more than there are bounds.
        total: sum of all values.
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
