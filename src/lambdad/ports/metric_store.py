"""Where metrics go, and where they are read from.

The writing half is called from the invocation path: it never blocks and never fails there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lambdad.domain.metric import Datum, Dimensions, MetricKey
from lambdad.domain.scope import Scope

__all__ = ["Datum", "Dimensions", "MetricKey", "MetricSink", "MetricStore", "Period", "Series"]


@dataclass(frozen=True, slots=True)
class Period:
    """What was measured from `start_s` (since the epoch) on, for one period.

    Attributes:
        start_s: begin of the period.
        samples: how many values.
        total: their sum.
        minimum: the least.
        maximum: the greatest.
        percentiles: by the percentile that was asked for (50.0, 99.9 …), within 1 % of the value.
        unit: CloudWatch's word.
    """

    start_s: int
    samples: float
    total: float
    minimum: float
    maximum: float
    percentiles: Mapping[float, float]
    unit: str


@dataclass(frozen=True, slots=True)
class Series:
    """A series and when it was measured last, ms since the epoch."""

    key: MetricKey
    last_ms: int


class MetricSink(Protocol):
    """The writing half, for whoever measures."""

    def put(self, data: Sequence[Datum]) -> None:
        """Take data; on disk within a second. What memory cannot hold is dropped and counted."""
        ...


class MetricStore(MetricSink, Protocol):
    """The whole of it, for the CloudWatch API."""

    async def append(self, data: Sequence[Datum]) -> None:
        """Store data: on disk when it returns.

        Raises QuotaExceeded, and stores nothing, when they would make more series than an account may have.
        """
        ...

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
        """The periods from `start_s` (inclusive) to `end_s` (exclusive) that have data, oldest first.

        Periods begin at multiples of `period_s` since `anchor_s`. A series without data has no entry. What
        was measured in several units makes a period of each. A period's `percentiles` are empty where single
        values are not known, or one is negative.

        Of what is so old that only longer periods are kept, a shorter `period_s` finds nothing. Less than a
        minute finds what was kept by second.
        """
        ...

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
        """Series measured since `since_ms`, behind `after`, by namespace, name and dimensions.

        `dimensions` must all be there; a value of None stands for any.
        """
        ...

    async def flush(self) -> None:
        """Return once everything taken by `put` before this call can be read and is on disk."""
        ...
