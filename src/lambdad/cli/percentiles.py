"""One percentile over several periods, put together from percentiles of each.

Pure. CloudWatch gives percentiles by period only. Each period's known percentiles are joined by straight
lines to how its values are distributed; the periods weigh as much as they have values. With one period
the answer is its own; with several it lies as near as the known percentiles are close.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_STEPS = 64
"""Halvings of the range: beyond the 12 digits that are answered."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How the values of one period lie: `values` at the `ranks` (0 to 100), both ascending."""

    samples: float
    ranks: Sequence[float]
    values: Sequence[float]

    def share_below(self, value: float) -> float:
        """The part of its values, 0 to 1, that are at most `value`."""
        if value >= self.values[-1]:
            return 1.0
        at = bisect_right(self.values, value)
        if at == 0:
            return 0.0
        low, high = self.values[at - 1], self.values[at]
        rank = self.ranks[at - 1] + (self.ranks[at] - self.ranks[at - 1]) * (value - low) / (high - low)
        return rank / 100


def percentile(spreads: Sequence[Spread], wanted: float) -> float | None:
    """The value that `wanted` percent of all values do not exceed; None when there are none."""
    weighty = [spread for spread in spreads if spread.samples > 0 and spread.values]
    total = sum(spread.samples for spread in weighty)
    if not weighty:
        return None
    low = min(spread.values[0] for spread in weighty)
    high = max(spread.values[-1] for spread in weighty)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        below = sum(spread.samples * spread.share_below(middle) for spread in weighty)
        if below < total * wanted / 100:
            low = middle
        else:
            high = middle
    return float(f"{high:.12g}")
