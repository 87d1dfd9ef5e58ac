"""The SQLite metric store keeps the contract, on disk and in memory, and what it adds to it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from busy_disk import busy_disk
from metric_contract import (
    HERE,
    HOUR_S,
    MAX_SERIES,
    NOW_S,
    WITHIN,
    FixedClock,
    MetricContract,
    datum,
    key,
    read,
)

from lambdad.domain.errors import ServiceFault
from lambdad.ports.metric_store import MetricStore
from lambdad.storage.sqlite.metrics_sqlite import SqliteMetricStore

pytestmark = pytest.mark.asyncio
DAY_S = 86_400


@contextmanager
def sqlite_metrics(
    path: Path | str, clock: FixedClock | None = None, *, max_pending_values: int = 10**6
) -> Iterator[SqliteMetricStore]:
    store = SqliteMetricStore(
        path, clock or FixedClock(), max_pending_values=max_pending_values, max_series=MAX_SERIES
    )
    try:
        yield store
    finally:
        store.close()


async def rolled_up(store: SqliteMetricStore) -> None:
    after = await store.roll_up()
    while after is not None:
        after = await store.roll_up(after)


class TestSqliteOnDisk(MetricContract):
    @contextmanager
    def opened(self) -> Iterator[MetricStore]:
        with TemporaryDirectory() as folder, sqlite_metrics(Path(folder, "metrics.db")) as store:
            yield store


class TestSqliteInMemory(MetricContract):
    @contextmanager
    def opened(self) -> Iterator[MetricStore]:
        with sqlite_metrics(":memory:") as store:
            yield store


async def test_data_are_on_disk_before_they_are_read_without_anybody_asking(tmp_path: Path) -> None:
    with sqlite_metrics(tmp_path / "m.db") as store:
        store.put([datum(4)])
        while not await store.series(HERE):
            await asyncio.sleep(0.01)
    with sqlite_metrics(tmp_path / "m.db") as store:
        assert [period.total for period in await read(store)] == [4]


async def test_what_was_put_last_is_stored_when_the_store_is_closed(tmp_path: Path) -> None:
    with sqlite_metrics(tmp_path / "m.db") as store:
        store.put([datum(4)])
    with sqlite_metrics(tmp_path / "m.db") as store:
        assert [period.total for period in await read(store)] == [4]


async def test_data_beyond_the_bound_are_dropped_and_counted(tmp_path: Path) -> None:
    with sqlite_metrics(tmp_path / "m.db", max_pending_values=10) as store:
        async with busy_disk(store):
            store.put([datum(1) for _ in range(8)])  # two each, of which five fit
        await store.flush()
        assert store.dropped == 3
        assert [period.samples for period in await read(store)] == [5]
        store.put([datum(1)])
        assert [period.samples for period in await read(store)] == [6]


async def test_data_of_too_many_series_are_counted_as_dropped(tmp_path: Path) -> None:
    with sqlite_metrics(tmp_path / "m.db") as store:
        store.put([datum(1, of=key(str(n))) for n in range(MAX_SERIES + 3)])
        await store.flush()
        assert store.dropped == 3


async def test_a_failed_transaction_loses_nothing(tmp_path: Path) -> None:
    with sqlite_metrics(tmp_path / "m.db") as store:
        store.put([datum(1)])
        await store.flush()
        await store._threads.write(lambda c: c.execute("ALTER TABLE points RENAME TO away"))
        store.put([datum(2), datum(2, of=key("new"))])
        with pytest.raises(ServiceFault):
            await store.flush()
        # The whole transaction fails while the table is away, so it comes back by another connection.
        other = sqlite3.connect(tmp_path / "m.db")
        other.execute("ALTER TABLE away RENAME TO points")
        other.close()
        assert [period.total for period in await read(store)] == [3]
        assert [period.total for period in await read(store, of=key("new"))] == [2]
        assert store.dropped == 0


async def test_a_lost_append_leaves_nothing_behind(tmp_path: Path) -> None:
    with sqlite_metrics(tmp_path / "m.db") as store:
        other = sqlite3.connect(tmp_path / "m.db")
        other.execute("ALTER TABLE points RENAME TO away")
        with pytest.raises(sqlite3.OperationalError):
            await store.append([datum(1)])
        assert await store.series(HERE) == []
        other.execute("ALTER TABLE away RENAME TO points")
        other.close()
        await store.append([datum(1)])
        assert [period.total for period in await read(store)] == [1]


class TestRollingUp:
    async def test_old_minutes_become_five_minutes_then_hours_then_nothing(self, tmp_path: Path) -> None:
        clock = FixedClock()
        with sqlite_metrics(tmp_path / "m.db", clock) as store:
            store.put([datum(minute, at_s=HOUR_S + 60 * minute) for minute in range(60)])
            await store.flush()
            for age_days, period_s, count in ((14, 60, 60), (16, 300, 12), (64, 3_600, 1), (456, 3_600, 0)):
                clock.now_s = NOW_S + age_days * DAY_S
                await rolled_up(store)
                found = await read(store, period_s=period_s, percentiles=(50,))
                assert len(found) == count
                assert sum(period.total for period in found) == (1_770 if count else 0)
                whole = await read(store, period_s=3_600, percentiles=(50,))
                assert [one.percentiles[50] for one in whole] == [pytest.approx(29, rel=WITHIN)] * bool(count)
                if period_s > 60:
                    assert await read(store) == []
            assert await store.series(HERE) == []

    async def test_seconds_go_after_three_hours_and_their_minutes_stay(self, tmp_path: Path) -> None:
        clock = FixedClock()
        with sqlite_metrics(tmp_path / "m.db", clock) as store:
            store.put([datum(1, at_s=HOUR_S + second)._replace(is_fine=True) for second in range(60)])
            await rolled_up(store)
            assert len(await read(store, period_s=1)) == 60
            clock.now_s = NOW_S + 3 * 3_600
            await rolled_up(store)
            assert await read(store, period_s=1) == []
            assert [period.total for period in await read(store)] == [60]

    async def test_it_goes_through_many_series_and_long_ones_step_by_step(self, tmp_path: Path) -> None:
        clock = FixedClock()
        with sqlite_metrics(tmp_path / "m.db", clock) as store:
            await store.append([datum(1, of=key(str(n))) for n in range(MAX_SERIES - 1)])
            await store.append([datum(1, at_s=HOUR_S + 60 * minute) for minute in range(2_000)])
            clock.now_s = NOW_S + 20 * DAY_S
            steps, after = 0, await store.roll_up()
            while after is not None:
                steps, after = steps + 1, await store.roll_up(after)
            assert steps >= 3
            span = {"end_s": HOUR_S + 2_000 * 60, "period_s": 300}
            assert [period.samples for period in await read(store, **span)] == [5] * 400
            for n in range(MAX_SERIES - 1):
                assert len(await read(store, of=key(str(n)), period_s=300)) == 1

    async def test_what_comes_late_is_added_to_what_was_rolled_up(self, tmp_path: Path) -> None:
        clock = FixedClock()
        with sqlite_metrics(tmp_path / "m.db", clock) as store:
            await store.append([datum(1)])
            clock.now_s = NOW_S + 16 * DAY_S
            await rolled_up(store)
            await store.append([datum(2)])
            assert [period.total for period in await read(store, period_s=300)] == [3]
            await rolled_up(store)
            assert [period.total for period in await read(store, period_s=300)] == [3]

    async def test_a_series_that_was_forgotten_can_be_measured_again(self, tmp_path: Path) -> None:
        clock = FixedClock()
        with sqlite_metrics(tmp_path / "m.db", clock) as store:
            await store.append([datum(1)])
            clock.now_s = NOW_S + 500 * DAY_S
            await rolled_up(store)
            assert await store.series(HERE) == []
            later_s = HOUR_S + 500 * DAY_S
            await store.append([datum(2, at_s=later_s)])
            assert [period.total for period in await read(store, start_s=later_s, end_s=later_s + 60)] == [2]
