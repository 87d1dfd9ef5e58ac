"""Sketches and totals: percentiles within what is promised, in bounded room, whatever is added to what."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain import sketch
from lambdad.domain.limits import MAX_METRIC_BUCKETS, METRIC_SKETCH_ERROR, METRIC_VALUE_LIMIT
from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.metric_total import Total
from lambdad.domain.scope import Scope

KEY = MetricKey(Scope(), "N", "m")
ASKED = (0.0, 1.0, 25.0, 50.0, 75.0, 99.0, 99.9, 100.0)
VALUES = st.lists(st.floats(0, METRIC_VALUE_LIMIT), min_size=1, max_size=60)
COUNTS = st.dictionaries(
    st.integers(0, 2**15), st.one_of(st.integers(1, 2**40), st.floats(0.25, 1e9)), min_size=1, max_size=20
)


def total_of(*values: float) -> Total:
    total = Total()
    total.add(Datum(KEY, 0, values))
    return total


def stored(total: Total) -> tuple[float, float, float, float, bytes | None]:
    return (total.samples, total.total, total.minimum, total.maximum, total.packed())


def exact(values: list[float], percentile: float) -> float:
    return sorted(values)[max(0, math.ceil(percentile / 100 * len(values) - 1e-9) - 1)]


@given(VALUES)
def test_every_percentile_is_within_the_promised_error(values: list[float]) -> None:
    found = total_of(*values).percentiles(ASKED)
    for percentile in ASKED:
        true = exact(values, percentile)
        assert found[percentile] == pytest.approx(true, rel=METRIC_SKETCH_ERROR * 1.0001, abs=1e-100)


@given(VALUES, VALUES)
def test_two_added_are_as_all_values_in_one(left: list[float], right: list[float]) -> None:
    one, both = total_of(*left), total_of(*left, *right)
    one.merge(total_of(*right))
    assert one.percentiles(ASKED) == both.percentiles(ASKED)
    assert one.samples == both.samples


@given(VALUES, VALUES)
def test_what_was_stored_is_added_as_what_was_not(left: list[float], right: list[float]) -> None:
    one, other = total_of(*left), total_of(*left)
    one.merge(total_of(*right))
    other.merge_stored(*stored(total_of(*right)))
    assert other.percentiles(ASKED) == one.percentiles(ASKED)


@given(COUNTS)
def test_packing_keeps_every_count(buckets: dict[int, float]) -> None:
    poured: dict[int, float] = {}
    sketch.pour(poured, sketch.pack(buckets))
    assert poured == pytest.approx(buckets, abs=1e-12 * sum(buckets.values()))


def test_many_buckets_are_kept_in_bounded_room_and_the_high_ones_exactly() -> None:
    values = [1.05**n for n in range(-4_000, 4_000)]
    total = total_of(*values)
    packed = total.packed()
    assert packed is not None
    assert len(packed) <= 1 + MAX_METRIC_BUCKETS * (2 + 2)
    kept = Total()
    kept.merge_stored(*stored(total))
    assert kept.samples == len(values)
    for percentile in (90.0, 99.0, 100.0):
        assert kept.percentiles((percentile,))[percentile] == pytest.approx(
            exact(values, percentile), rel=0.0101
        )


def test_equal_values_need_no_sketch_and_have_exact_percentiles() -> None:
    total = total_of(*[0.3] * 5)
    assert total.packed() is None
    kept = Total()
    kept.merge_stored(*stored(total))
    assert kept.percentiles((50.0,)) == {50.0: 0.3}


def test_small_counts_take_one_byte_each() -> None:
    assert len(sketch.pack({5: 100, 9: 100})) == 1 + 2 * 2 + 2
    assert len(sketch.pack({5: 100, 9: 300})) == 1 + 2 * 2 + 2 * array("H").itemsize


def test_a_set_whose_sum_contradicts_it_is_not_taken_for_single_values() -> None:
    total = Total()
    total.add(Datum(KEY, 0, (4.0, 4.0), total=9.0, samples=2))
    assert (total.total, total.percentiles((50.0,))) == (9.0, {})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_not_added(value: float) -> None:
    total = total_of(1.0, value)
    total.add(Datum(KEY, 0, (value, value), total=1.0, samples=1))
    total.add(Datum(KEY, 0, (), total=1.0, samples=1))
    assert (total.samples, total.total, total.maximum) == (1, 1, 1)


def test_no_value_has_no_percentile() -> None:
    assert Total().percentiles(ASKED) == {}
