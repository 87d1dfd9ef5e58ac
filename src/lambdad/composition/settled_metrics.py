"""The metric store as readers see it: what was measured a moment ago is in it before they read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.scope import Scope
from lambdad.ports.metric_store import MetricStore, Period, Series


class SettledMetrics:
    """Implements `ports.metric_store.MetricStore`.

    Args:
        store: where everything is.
        settle: has it there.
    """

    def __init__(self, store: MetricStore, settle: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._settle = settle

    def put(self, data: Sequence[Datum]) -> None:
        """See `ports.metric_store.MetricSink`."""
        self._store.put(data)

    async def append(self, data: Sequence[Datum]) -> None:
        """See `ports.metric_store.MetricStore`."""
        await self._store.append(data)

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
        """See `ports.metric_store.MetricStore`."""
        await self._settle()
        return await self._store.read(
            keys,
            start_s=start_s,
            end_s=end_s,
            period_s=period_s,
            percentiles=percentiles,
            anchor_s=anchor_s,
        )

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
        """See `ports.metric_store.MetricStore`."""
        await self._settle()
        return await self._store.series(
            scope,
            namespace=namespace,
            name=name,
            dimensions=dimensions,
            since_ms=since_ms,
            after=after,
            limit=limit,
        )

    async def flush(self) -> None:
        """See `ports.metric_store.MetricStore`."""
        await self._settle()
        await self._store.flush()
