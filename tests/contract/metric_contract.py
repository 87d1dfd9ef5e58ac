"""What every metric store does; subclass `MetricContract` and say how to open one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdad.domain.errors import QuotaExceeded
from lambdad.domain.metric import Datum, MetricKey, dimensions
from lambdad.domain.scope import Scope
from lambdad.ports.metric_store import MetricStore, Period
from tests.fakes.metrics import FakeMetrics
from tests.forms import examples

# One contract runs on several stores: each subclass is an executor of its own.
INHERITED = [HealthCheck.too_slow, HealthCheck.differing_executors]

HERE = Scope()
ELSEWHERE = Scope(region="eu-central-1")
NOW_S = 1_795_403_160
HOUR_S = NOW_S - NOW_S % 3_600
"""The hour that was six minutes old."""
MAX_SERIES = 50
WITHIN = 0.0101  # what is promised, and rounding


class FixedClock:
    """A clock that can be set."""

    def __init__(self, now_s: float = NOW_S) -> None:
        self.now_s = now_s

    def now(self) -> float:
        return self.now_s

    def monotonic(self) -> float:
        return 0.0


def key(name: str = "Duration", scope: Scope = HERE, **dims: str) -> MetricKey:
    return MetricKey(scope, "AWS/Lambda", name, dimensions(**dims))


def datum(*values: float, at_s: float = HOUR_S, of: MetricKey | None = None, unit: str = "None") -> Datum:
    return Datum(of or key(), int(at_s * 1000), values, unit=unit)


async def read(
    store: MetricStore,
    *,
    of: MetricKey | None = None,
    start_s: int = HOUR_S,
    end_s: int = HOUR_S + 3_600,
    period_s: int = 60,
    percentiles: tuple[float, ...] = (),
    anchor_s: int = 0,
) -> list[Period]:
    await store.flush()
    found = await store.read(
        [of or key()],
        start_s=start_s,
        end_s=end_s,
        period_s=period_s,
        percentiles=percentiles,
        anchor_s=anchor_s,
    )
    return found.get(of or key(), [])


VALUES = st.one_of(st.floats(0, 1e6), st.sampled_from([0.0, 0.5, 1.0, 3.0, 1e-30, 1e30]))
DATA = st.lists(
    st.tuples(st.integers(0, 900), st.lists(VALUES, min_size=1, max_size=6), st.booleans()),
    min_size=1,
    max_size=12,
)


class MetricContract:
    def opened(self) -> AbstractContextManager[MetricStore]:
        """A fresh store of `MAX_SERIES`, closed at the end, whose clock is `FixedClock`."""
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> Iterator[MetricStore]:
        with self.opened() as opened:
            yield opened

    async def test_what_was_put_is_added_up_by_minute(self, store: MetricStore) -> None:
        store.put([datum(3, 5), datum(1, at_s=HOUR_S + 59.9), datum(7, at_s=HOUR_S + 60)])
        first, second = await read(store)
        assert (first.start_s, first.samples, first.total, first.minimum, first.maximum) == (
            HOUR_S,
            3,
            9,
            1,
            5,
        )
        assert (second.start_s, second.samples, second.total) == (HOUR_S + 60, 1, 7)

    async def test_what_was_appended_is_there_at_once(self, store: MetricStore) -> None:
        await store.append([datum(2.5)])
        found = await store.read([key()], start_s=HOUR_S, end_s=HOUR_S + 60, period_s=60)
        assert [period.total for period in found[key()]] == [2.5]

    async def test_what_comes_later_is_added_to_what_is_stored(self, store: MetricStore) -> None:
        store.put([datum(1.0, 2.0)])
        assert [period.samples for period in await read(store)] == [2]
        store.put([datum(10.0)])
        (period,) = await read(store, percentiles=(0, 100))
        assert (period.samples, period.total, period.minimum, period.maximum) == (3, 13, 1, 10)
        assert period.percentiles == {0: 1, 100: 10}

    async def test_counts_say_how_often_a_value_was_measured(self, store: MetricStore) -> None:
        store.put([Datum(key(), HOUR_S * 1000, (10.0, 20.0), counts=(1, 9))])
        (period,) = await read(store, percentiles=(5, 50))
        assert (period.samples, period.total) == (10, 190)
        assert period.percentiles[5] == pytest.approx(10, rel=WITHIN)
        assert period.percentiles[50] == pytest.approx(20, rel=WITHIN)

    async def test_a_set_of_statistics_has_no_percentiles(self, store: MetricStore) -> None:
        store.put([Datum(key(), HOUR_S * 1000, (1.0, 9.0), total=30.0, samples=6)])
        (period,) = await read(store, percentiles=(50,))
        assert (period.samples, period.total, period.minimum, period.maximum) == (6, 30, 1, 9)
        assert period.percentiles == {}

    async def test_nor_has_what_was_measured_beside_one(self, store: MetricStore) -> None:
        store.put([Datum(key(), HOUR_S * 1000, (1.0, 9.0), total=30.0, samples=6), datum(3)])
        (period,) = await read(store, percentiles=(50,))
        assert (period.samples, period.percentiles) == (7, {})

    async def test_a_set_of_equal_values_has_percentiles(self, store: MetricStore) -> None:
        store.put([Datum(key(), HOUR_S * 1000, (4.0, 4.0), total=8.0, samples=2)])
        (period,) = await read(store, percentiles=(50,))
        assert (period.samples, period.total, period.percentiles) == (2, 8, {50: 4.0})

    async def test_negative_values_have_no_percentiles(self, store: MetricStore) -> None:
        store.put([datum(-1, 5)])
        (period,) = await read(store, percentiles=(50,))
        assert (period.minimum, period.maximum, period.percentiles) == (-1, 5, {})

    async def test_longer_periods_are_made_of_minutes(self, store: MetricStore) -> None:
        store.put([datum(minute, at_s=HOUR_S + 60 * minute) for minute in range(10)])
        five = await read(store, period_s=300, percentiles=(50,))
        assert [(period.start_s, period.total) for period in five] == [(HOUR_S, 10), (HOUR_S + 300, 35)]
        assert [period.percentiles[50] for period in five] == [
            pytest.approx(2, rel=WITHIN),
            pytest.approx(7, rel=WITHIN),
        ]

    async def test_periods_can_begin_anywhere(self, store: MetricStore) -> None:
        store.put([datum(minute, at_s=HOUR_S + 60 * minute) for minute in range(6)])
        found = await read(store, start_s=HOUR_S + 120, period_s=180, anchor_s=HOUR_S + 120)
        assert [(period.start_s, period.total) for period in found] == [(HOUR_S + 120, 9), (HOUR_S + 300, 5)]

    async def test_the_end_is_no_part_of_a_span(self, store: MetricStore) -> None:
        store.put([datum(1, at_s=HOUR_S + 60 * minute) for minute in range(4)])
        found = await read(store, start_s=HOUR_S + 60, end_s=HOUR_S + 180)
        assert [period.start_s for period in found] == [HOUR_S + 60, HOUR_S + 120]

    async def test_fine_data_are_there_by_second_and_by_minute(self, store: MetricStore) -> None:
        fine = [datum(second, at_s=HOUR_S + second)._replace(is_fine=True) for second in range(10)]
        store.put([*fine, datum(100)])
        by_second = await read(store, period_s=1)
        assert [(period.start_s - HOUR_S, period.total) for period in by_second] == [
            (n, n) for n in range(10)
        ]
        assert [period.total for period in await read(store, period_s=5)] == [10, 35]
        assert [period.total for period in await read(store)] == [145]

    async def test_coarse_data_are_not_there_by_second(self, store: MetricStore) -> None:
        store.put([datum(1)])
        assert await read(store, period_s=1) == []

    async def test_each_unit_has_periods_of_its_own(self, store: MetricStore) -> None:
        store.put([datum(1, unit="Seconds"), datum(1000, unit="Milliseconds")])
        found = await read(store)
        assert [(period.unit, period.total) for period in found] == [("Milliseconds", 1000), ("Seconds", 1)]

    async def test_another_dimension_name_or_region_is_another_series(self, store: MetricStore) -> None:
        others = [key("Errors"), key(scope=ELSEWHERE), key(FunctionName="f"), key(FunctionName="g")]
        store.put([datum(n, of=other) for n, other in enumerate([key(), *others])])
        await store.flush()
        found = await store.read([key(), *others], start_s=HOUR_S, end_s=HOUR_S + 60, period_s=60)
        assert [found[other][0].total for other in [key(), *others]] == [0, 1, 2, 3, 4]

    async def test_a_series_without_data_has_no_entry(self, store: MetricStore) -> None:
        store.put([datum(1)])
        assert await read(store, of=key("Nothing")) == []
        assert await read(store, start_s=HOUR_S + 60) == []

    async def test_series_are_listed_in_order_with_their_newest_time(self, store: MetricStore) -> None:
        store.put([datum(1, of=key(name), at_s=HOUR_S + n) for n, name in enumerate("cab")])
        store.put([datum(1, of=key("a"), at_s=HOUR_S - 60), datum(1, of=key("z", ELSEWHERE))])
        await store.flush()
        found = await store.series(HERE)
        assert [(one.key.name, one.last_ms) for one in found] == [
            ("a", (HOUR_S + 1) * 1000),
            ("b", (HOUR_S + 2) * 1000),
            ("c", HOUR_S * 1000),
        ]

    async def test_series_are_listed_page_by_page(self, store: MetricStore) -> None:
        every = [key(name, **dims) for name in "ab" for dims in ({}, {"D": "1"}, {"D": "2"})]
        await store.append([datum(1, of=one) for one in every])
        seen: list[MetricKey] = []
        while page := await store.series(HERE, after=seen[-1] if seen else None, limit=4):
            seen += [one.key for one in page]
        assert sorted(seen, key=str) == sorted(every, key=str)
        assert [one.name for one in seen] == ["a"] * 3 + ["b"] * 3

    async def test_series_are_found_by_their_dimensions(self, store: MetricStore) -> None:
        for dims in ({}, {"F": "1"}, {"F": "2"}, {"F": "1", "R": 'a"b'}):
            await store.append([datum(1, of=key(**dims))])

        async def found(**dims: str | None) -> list[dict[str, str]]:
            return [dict(one.key.dimensions) for one in await store.series(HERE, dimensions=dims)]

        assert await found(F="2") == [{"F": "2"}]
        assert await found(R='a"b') == [{"F": "1", "R": 'a"b'}]
        assert await found(F="1", R=None) == [{"F": "1", "R": 'a"b'}]
        assert len(await found(F=None)) == 3
        assert await found(F="2", R=None) == []

    async def test_series_are_found_by_namespace_name_and_time(self, store: MetricStore) -> None:
        mine = MetricKey(HERE, "Mine", "Duration")
        await store.append([datum(1, of=mine), datum(1, at_s=HOUR_S + 5), datum(1, of=key("Errors"))])

        async def found(**wanted: str) -> list[tuple[str, str]]:
            listed = await store.series(HERE, namespace=wanted.get("namespace"), name=wanted.get("name"))
            return [(one.key.namespace, one.key.name) for one in listed]

        assert await found(namespace="Mine") == [("Mine", "Duration")]
        assert await found(name="Duration") == [("AWS/Lambda", "Duration"), ("Mine", "Duration")]
        recent = await store.series(HERE, since_ms=HOUR_S * 1000 + 1)
        assert [one.key for one in recent] == [key()]

    async def test_an_account_has_no_more_series_than_it_may(self, store: MetricStore) -> None:
        await store.append([datum(1, of=key(str(n))) for n in range(MAX_SERIES - 1)])
        with pytest.raises(QuotaExceeded):
            await store.append([datum(1, of=key("one")), datum(1, of=key("too many"))])
        assert len(await store.series(HERE)) == MAX_SERIES - 1
        store.put([datum(1, of=key("last")), datum(1, of=key("too many")), datum(5, of=key("1"))])
        await store.flush()
        names = {one.key.name for one in await store.series(HERE)}
        assert "last" in names
        assert "too many" not in names
        assert [period.total for period in await read(store, of=key("1"))] == [6]
        await store.append([datum(1, of=key("elsewhere", ELSEWHERE))])

    @settings(max_examples=examples(25), deadline=None, suppress_health_check=INHERITED)
    @given(data=DATA, period_s=st.sampled_from([60, 120, 300, 900]))
    async def test_it_adds_up_as_a_store_that_remembers_every_value(
        self, data: list[tuple[int, list[float], bool]], period_s: int
    ) -> None:
        exact = FakeMetrics()
        asked = (0.0, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0)
        with self.opened() as store:
            for offset_s, values, is_put in data:
                measured = [datum(*values, at_s=HOUR_S + offset_s)]
                if is_put:
                    store.put(measured)
                else:
                    await store.append(measured)
                exact.put(measured)
            found = await read(store, period_s=period_s, percentiles=asked)
            expected = await read(exact, period_s=period_s, percentiles=asked)
        assert [period.start_s for period in found] == [period.start_s for period in expected]
        for mine, true in zip(found, expected, strict=True):
            assert (mine.samples, mine.minimum, mine.maximum) == (true.samples, true.minimum, true.maximum)
            assert mine.total == pytest.approx(true.total, rel=1e-9)
            for percentile in asked:
                assert mine.percentiles[percentile] == pytest.approx(true.percentiles[percentile], rel=WITHIN)
