"""Metrics in SQLite: `ports.metric_store.MetricStore` on one file.

Writing is an append on the event loop; the writer's thread adds up and commits what came within half a
second together. Reading sees everything that was committed; `flush` makes that everything taken.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from lambdad.domain.limits import MAX_METRIC_SERIES, MAX_PENDING_METRIC_VALUES, METRIC_FLUSH_DELAY_S
from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.metric_store import Period, Series
from lambdad.storage.sqlite import metric_rolling
from lambdad.storage.sqlite.database import Durability
from lambdad.storage.sqlite.metric_batch import Batch
from lambdad.storage.sqlite.metric_intake import MetricIntake
from lambdad.storage.sqlite.metric_reading import Question, periods
from lambdad.storage.sqlite.metric_writing import PointWriter, dimensions_of, dimensions_text
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads
from lambdad.storage.sqlite.writer import WriterStatus


class SqliteMetricStore:
    """Series and points in one SQLite file.

    Args:
        path: the file, made when missing, or ``:memory:``.
        clock: tells what has become old.
        max_pending_values: held in memory before data are dropped.
        max_series: of one account in one region.

    Raises:
        StorageRefused: the file cannot be used.
    """

    def __init__(
        self,
        path: Path | str,
        clock: Clock,
        *,
        max_pending_values: int = MAX_PENDING_METRIC_VALUES,
        max_series: int = MAX_METRIC_SERIES,
    ) -> None:
        self._clock = clock
        self._sql = queries("metrics")
        self._points = PointWriter(self._sql, max_series)
        self._intake = MetricIntake(self._points.write, self._points.forget, max_pending_values)
        self._threads = Threads(
            path, "metrics", Durability.NORMAL, background=self._intake, delay_s=METRIC_FLUSH_DELAY_S
        )
        self._intake.wake = self._threads.wake

    @property
    def dropped(self) -> int:
        """How many data of `put` were not stored since the start, for want of memory or of series."""
        return self._intake.dropped

    @property
    def writer_status(self) -> WriterStatus:
        """How its writer does."""
        return self._threads.writer_status

    def close(self) -> None:
        """Store what was taken and close the file."""
        self._threads.close()

    def put(self, data: Sequence[Datum]) -> None:
        """Take data; on disk within a second."""
        self._intake.put(data)

    async def append(self, data: Sequence[Datum]) -> None:
        """Store data: on disk when it returns.

        Raises:
            QuotaExceeded: they would make more series than an account may have.
        """

        def run(connection: sqlite3.Connection) -> None:
            batch = Batch()
            for datum in data:
                batch.add(datum)
            try:
                self._points.write_all(connection, batch)
            except Exception:
                self._points.forget()  # ids of what is taken back
                raise

        await self._threads.write(run)

    async def flush(self) -> None:
        """Return once everything taken before can be read and is on disk."""
        await self._threads.write(lambda _: None)

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
        """The periods that have data, oldest first; see the port."""
        asked = Question(start_s, end_s, period_s, percentiles, anchor_s)

        def run(connection: sqlite3.Connection) -> dict[MetricKey, list[Period]]:
            found = {key: periods(connection, self._sql, key, asked) for key in keys}
            return {key: some for key, some in found.items() if some}

        return await self._threads.read(run)

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
        """Series measured since `since_ms`, behind `after`, by namespace, name and dimensions."""
        page = {
            "account": scope.account,
            "region": scope.region,
            "namespace": namespace,
            "name": name,
            "filters": msgspec.json.encode(list((dimensions or {}).items())).decode(),
            "since_ms": since_ms,
            "after_namespace": after.namespace if after else "",
            "after_name": after.name if after else "",
            "after_dimensions": dimensions_text(after.dimensions) if after else "",
            "limit": limit,
        }
        rows = await self._threads.read(lambda c: c.execute(self._sql["list_series"], page).fetchall())
        return [
            Series(MetricKey(scope, space, called, dimensions_of(text)), last_ms)
            for space, called, text, last_ms in rows
        ]

    async def roll_up(self, after: int = 0) -> int | None:
        """Make longer periods of old points of a few series, and forget the oldest.

        Args:
            after: what the step before answered; 0 begins anew.

        Returns:
            Where to go on; None when all series have been looked at.
        """

        def run(connection: sqlite3.Connection) -> int | None:
            done = metric_rolling.step(connection, self._sql, self._points, after, int(self._clock.now()))
            if done.forgot:
                self._points.forget()
            return done.after

        return await self._threads.write(run)
