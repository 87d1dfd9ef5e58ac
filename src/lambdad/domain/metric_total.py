"""What one period of a series comes to: a total to which data and other totals are added.

The one mutable value of metrics: a writer adds up here before it stores. Percentiles are known as long as
every single value is, and none is negative, as on AWS.

Source: CloudWatch documentation, "Percentiles": not available for sets of statistics unless their values
are all the same, nor for negative values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from lambdad.domain import sketch
from lambdad.domain.metric import Datum
from lambdad.domain.sketch import Buckets


@dataclass(slots=True)
class Total:
    """A period's numbers.

    Attributes:
        samples: how many values.
        total: their sum.
        minimum: the least; infinity while there is none.
        maximum: the greatest.
        buckets: their sketch; None when single values are not known.
    """

    samples: float = 0.0
    total: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf
    buckets: Buckets | None = field(default_factory=dict)

    def add(self, datum: Datum) -> None:
        """Add what was measured."""
        values = datum.values
        if datum.total is not None:
            self._add_set(datum, datum.total)
        elif datum.counts:
            for value, count in zip(values, datum.counts, strict=True):
                self._add_value(value, count)
        else:
            for value in values:
                self._add_value(value, 1.0)

    def merge(self, other: Total) -> None:
        """Add another total; `other` stays as it is."""
        self._widen(other.samples, other.total, other.minimum, other.maximum)
        if self.buckets is None or other.buckets is None:
            self.buckets = None
        else:
            for bucket, count in other.buckets.items():
                self.buckets[bucket] = self.buckets.get(bucket, 0.0) + count

    def merge_stored(
        self, samples: float, total: float, minimum: float, maximum: float, packed: bytes | None
    ) -> None:
        """Add a total as it is stored, with what `packed` made of its sketch."""
        self._widen(samples, total, minimum, maximum)
        if self.buckets is None:
            return
        if packed is not None:
            sketch.pour(self.buckets, packed)
        elif minimum == maximum and minimum >= 0:
            bucket = sketch.bucket_of(minimum)
            self.buckets[bucket] = self.buckets.get(bucket, 0.0) + samples
        else:
            self.buckets = None

    def packed(self) -> bytes | None:
        """The sketch as bytes; None when there is none, or all values are the same and need none."""
        if self.buckets is None or self.minimum == self.maximum:
            return None
        return sketch.pack(self.buckets)

    def percentiles(self, asked: Sequence[float]) -> dict[float, float]:
        """Those percentiles; empty when single values are not known."""
        if not asked or not self.buckets:
            return {}
        inorder = sorted(self.buckets)
        ranks = list(accumulate(self.buckets[bucket] for bucket in inorder))
        return sketch.percentiles(inorder, ranks, asked, self.minimum, self.maximum)

    def _add_value(self, value: float, count: float) -> None:
        if not count > 0 or not math.isfinite(value):
            return
        self._widen(count, value * count, value, value)
        if value < 0:
            self.buckets = None
        elif self.buckets is not None:
            bucket = sketch.bucket_of(value)
            self.buckets[bucket] = self.buckets.get(bucket, 0.0) + count

    def _add_set(self, datum: Datum, total: float) -> None:
        minimum, maximum = min(datum.values, default=math.nan), max(datum.values, default=math.nan)
        samples = float(sum(datum.counts) or len(datum.values)) if datum.samples is None else datum.samples
        if not samples > 0 or not math.isfinite(total + minimum + maximum):
            return
        if minimum == maximum and total == minimum * samples:
            self._add_value(minimum, samples)
            return
        self._widen(samples, total, minimum, maximum)
        self.buckets = None

    def _widen(self, samples: float, total: float, minimum: float, maximum: float) -> None:
        self.samples += samples
        self.total += total
        self.minimum = min(self.minimum, minimum)
        self.maximum = max(self.maximum, maximum)
