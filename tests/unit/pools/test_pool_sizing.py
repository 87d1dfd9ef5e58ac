"""How many blanks shall wait: demand, floor, ceiling and hysteresis as decisions of values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.worker.pools.sizing import (
    BURST_S,
    FLOOR,
    HALF_LIFE_S,
    MOST,
    UNUSED_S,
    Demand,
    Wish,
    blank_bytes,
    share,
    surplus,
)
from tests.fakes.blanks import BARE, NODE, PYTHON

NOW = 5_000.0


def burst(count, at=NOW, demand=None):
    demand = demand or Demand()
    for _ in range(count):
        demand = demand.taken(at)
    return demand


def test_a_kind_nobody_asked_for_keeps_none():
    assert Demand().wish(NOW) == 0


def test_a_kind_that_is_expected_keeps_the_floor():
    assert Demand().expected(NOW).wish(NOW) == FLOOR


def test_a_kind_taken_once_keeps_the_floor():
    assert burst(1).wish(NOW) == FLOOR


def test_as_many_wait_as_the_last_burst_took():
    assert burst(9).wish(NOW) == 9


def test_a_burst_larger_than_the_most_is_not_wholly_kept():
    assert burst(200).wish(NOW) == MOST


def test_takes_far_apart_are_no_burst():
    demand = Demand()
    for turn in range(50):
        demand = demand.taken(NOW + turn * 2 * BURST_S)
    assert demand.wish(NOW + 100 * BURST_S) == FLOOR


def test_a_burst_is_forgotten_by_half_each_minute_down_to_the_floor():
    demand = burst(16)
    assert [demand.wish(NOW + minutes * HALF_LIFE_S) for minutes in range(5)] == [16, 8, 4, 2, 2]


def test_takes_after_a_large_burst_do_not_make_it_forgotten():
    demand = burst(1, NOW + HALF_LIFE_S, burst(16))
    assert demand.wish(NOW + HALF_LIFE_S) == 8


def test_a_steady_stream_keeps_what_comes_in_a_second():
    demand = Demand()
    for turn in range(600):
        demand = demand.taken(NOW + turn * 0.1)
    assert demand.wish(NOW + 60) in range(10, 12)


def test_a_kind_unused_for_long_keeps_none():
    demand = burst(16)
    assert demand.wish(NOW + UNUSED_S - 1) == FLOOR
    assert demand.wish(NOW + UNUSED_S) == 0


def test_expecting_keeps_a_kind_in_use():
    demand = burst(16).expected(NOW + UNUSED_S - 1)
    assert demand.wish(NOW + UNUSED_S) == FLOOR


def test_a_program_of_its_own_takes_more_memory_than_a_fork_and_that_more_than_nothing():
    assert blank_bytes(NODE) > blank_bytes(PYTHON) > blank_bytes(BARE) > 0


def test_below_the_ceiling_every_kind_gets_its_wish():
    assert share({"a": Wish(3, 10), "b": Wish(2, 5)}, 40) == {"a": 3, "b": 2}


def test_above_the_ceiling_each_is_cut_alike():
    assert share({"a": Wish(20, 10), "b": Wish(10, 10)}, 150) == {"a": 10, "b": 5}


def test_where_one_more_would_be_alike_the_stronger_demand_gets_it():
    assert share({"a": Wish(2, 10, 1.0), "b": Wish(2, 10, 7.0)}, 10) == {"a": 0, "b": 1}


def test_what_is_left_over_goes_to_a_kind_it_is_enough_for():
    assert share({"large": Wish(2, 100), "small": Wish(4, 10)}, 130) == {"large": 1, "small": 3}


@given(
    wishes=st.dictionaries(
        st.sampled_from("abcdef"),
        st.builds(Wish, st.integers(0, MOST), st.integers(1, 50), st.floats(0, 1_000)),
    ),
    ceiling=st.integers(0, 3_000),
)
def test_no_share_is_above_a_wish_nor_all_above_the_ceiling_nor_memory_left_that_would_do(wishes, ceiling):
    given_ = share(wishes, ceiling)
    assert set(given_) == set(wishes)
    used = sum(given_[name] * wish.each_bytes for name, wish in wishes.items())
    assert used <= ceiling
    for name, wish in wishes.items():
        assert 0 <= given_[name] <= wish.count
        assert given_[name] == wish.count or used + wish.each_bytes > ceiling


@pytest.mark.parametrize(
    ("waiting", "wanted", "tight", "go"),
    [
        (2, 2, False, 0),
        (3, 2, False, 0),
        (4, 2, False, 2),
        (10, 8, False, 0),
        (11, 8, False, 3),
        (9, 8, True, 1),
        (8, 9, True, 0),
        (1, 0, False, 1),
        (0, 0, False, 0),
    ],
)
def test_a_few_too_many_stay_unless_nothing_is_wanted_or_others_lack_the_memory(waiting, wanted, tight, go):
    assert surplus(waiting, wanted, tight=tight) == go


@given(st.lists(st.floats(0.001, 30.0), min_size=1, max_size=60))
def test_demand_is_bounded_whatever_the_times_of_takes(gaps):
    demand, now = Demand(), NOW
    for gap in gaps:
        now += gap
        demand = demand.taken(now)
        assert FLOOR <= demand.wish(now) <= MOST
        assert demand.strength(now) <= len(gaps)
