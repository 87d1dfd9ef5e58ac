"""How many blanks shall wait: demand, what is forgotten, and a ceiling that is shared."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.worker.pools.sizing import (
    BARE_BYTES,
    BURST_S,
    EXECUTED_BYTES,
    FLOOR,
    FORKED_BYTES,
    HALF_LIFE_S,
    MOST,
    UNUSED_S,
    Demand,
    Wish,
    blank_bytes,
    share,
    surplus,
)
from lambdad.worker.sandbox.blank import BARE_KIND
from tests.fakes.blanks import NODE, PYTHON

WISHES = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.builds(
        Wish,
        st.integers(0, MOST),
        st.sampled_from((FORKED_BYTES, EXECUTED_BYTES, BARE_BYTES)),
        st.floats(0, 100),
    ),
    max_size=8,
)
CEILINGS = st.integers(0, 100 * EXECUTED_BYTES)


def burst(takes: int, at: float = 0.0, demand: Demand | None = None) -> Demand:
    demand = demand or Demand()
    for _ in range(takes):
        demand = demand.taken(at)
    return demand


def test_a_kind_that_nobody_ever_wanted_keeps_none() -> None:
    assert Demand().wish(now=5.0) == 0


def test_a_kind_that_is_expected_keeps_a_few_before_anybody_took_one() -> None:
    assert Demand().expected(5.0).wish(5.0) == FLOOR


def test_a_kind_keeps_as_many_as_the_largest_burst_took() -> None:
    assert burst(9).wish(0.0) == 9


def test_takes_further_apart_than_a_burst_do_not_add_up() -> None:
    demand = Demand()
    for number in range(20):
        demand = demand.taken(number * BURST_S)
    assert demand.wish(20 * BURST_S) == FLOOR


def test_a_burst_counts_half_after_its_half_life() -> None:
    assert burst(16).wish(HALF_LIFE_S) == 8
    assert burst(16).wish(2 * HALF_LIFE_S) == 4


def test_a_burst_is_not_forgotten_because_of_a_smaller_one_after_it() -> None:
    assert burst(1, 2.0, burst(16)).wish(2.0) >= 15


def test_no_kind_keeps_more_than_the_most() -> None:
    assert burst(10 * MOST).wish(0.0) == MOST


def test_a_kind_that_was_not_used_for_long_keeps_none_again() -> None:
    demand = burst(9)
    assert demand.wish(UNUSED_S - 1) == FLOOR
    assert demand.wish(UNUSED_S) == 0


@given(st.lists(st.floats(0, 500), min_size=1, max_size=60))
def test_demand_without_takes_only_ever_falls(times: list[float]) -> None:
    demand = Demand()
    for at in sorted(times):
        demand = demand.taken(at)
    last = max(times)
    later = [demand.wish(last + step) for step in (0, 1, 30, 60, 600, UNUSED_S + 1)]
    assert all(before >= after for before, after in pairwise(later))
    assert later[-1] == 0
    assert FLOOR <= later[0] <= min(MOST, max(FLOOR, len(times)))


def test_each_kind_takes_the_memory_of_what_waits_in_it() -> None:
    sizes = [blank_bytes(kind) for kind in (PYTHON, NODE, BARE_KIND)]
    assert sizes == [FORKED_BYTES, EXECUTED_BYTES, BARE_BYTES]


@given(WISHES, CEILINGS)
def test_what_is_shared_out_never_exceeds_ceiling_or_wishes(wishes: dict[str, Wish], ceiling: int) -> None:
    given_out = share(wishes, ceiling)
    assert given_out.keys() == wishes.keys()
    assert sum(count * wishes[name].each_bytes for name, count in given_out.items()) <= ceiling
    assert all(0 <= count <= wishes[name].count for name, count in given_out.items())


@given(WISHES, CEILINGS)
def test_no_memory_is_left_over_that_somebody_still_wishes(wishes: dict[str, Wish], ceiling: int) -> None:
    given_out = share(wishes, ceiling)
    left = ceiling - sum(count * wishes[name].each_bytes for name, count in given_out.items())
    assert all(given_out[name] == wish.count or (wish.each_bytes > left) for name, wish in wishes.items()), (
        given_out
    )


@given(WISHES, CEILINGS)
def test_equal_kinds_are_cut_alike(wishes: dict[str, Wish], ceiling: int) -> None:
    alike = {name: Wish(12, FORKED_BYTES) for name in wishes}
    counts = share(alike, ceiling).values()
    assert not counts or max(counts) - min(counts) <= 1


def test_the_stronger_demand_gets_the_last_place() -> None:
    wishes = {"a": Wish(2, FORKED_BYTES, strength=1.0), "b": Wish(2, FORKED_BYTES, strength=5.0)}
    assert share(wishes, 3 * FORKED_BYTES) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("waiting", "wanted", "tight", "gone"),
    [
        (3, 2, False, 0),  # one more than wanted may stay
        (4, 2, False, 2),
        (10, 8, False, 0),
        (11, 8, False, 3),
        (3, 2, True, 1),
        (3, 0, False, 3),
        (1, 4, False, 0),
        (0, 0, True, 0),
    ],
)
def test_a_few_more_than_wanted_stay_unless_memory_is_wanted(
    waiting: int, wanted: int, tight: bool, gone: int
) -> None:
    assert surplus(waiting, wanted, tight=tight) == gone


def test_strength_is_finite_whatever_the_time() -> None:
    assert math.isfinite(burst(3).strength(1e9))
