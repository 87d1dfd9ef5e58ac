"""Percentiles over several periods."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.cli.metric_facts import RANKS
from lambdad.cli.percentiles import Spread, percentile


def spread_of(values):
    ordered = sorted(values)
    ranks = (0.0, *RANKS, 100.0)
    return Spread(len(ordered), ranks, [ordered[round(rank / 100 * (len(ordered) - 1))] for rank in ranks])


def test_of_one_period_it_is_its_own():
    assert percentile([spread_of(range(1001))], 99) == pytest.approx(990, rel=0.01)


def test_nothing_has_no_percentile():
    assert percentile([], 50) is None
    assert percentile([Spread(0, [0], [1])], 50) is None


def test_a_period_weighs_as_much_as_it_has_values():
    fast, slow = Spread(99, [0, 100], [1, 2]), Spread(1, [0, 100], [100, 100])
    assert percentile([fast, slow], 50) < 2
    assert percentile([fast, slow], 99.5) == pytest.approx(100)


def test_equal_values_are_their_own_percentiles():
    assert percentile([Spread(5, [0, 50, 100], [3, 3, 3])], 50) == pytest.approx(3)
    assert percentile([Spread(5, [0, 99, 100], [3, 3, 9])], 99) == pytest.approx(3)


def test_the_parts_give_about_what_the_whole_has():
    randomly = random.Random(7)
    parts = [[randomly.lognormvariate(1 + part / 10, 0.5) for _ in range(500)] for part in range(10)]
    whole = sorted(value for part in parts for value in part)
    for wanted in (50, 95, 99):
        exact = whole[round(wanted / 100 * (len(whole) - 1))]
        assert percentile([spread_of(part) for part in parts], wanted) == pytest.approx(exact, rel=0.1)


@given(
    st.lists(st.lists(st.floats(0, 1e6), min_size=1, max_size=20), min_size=1, max_size=5), st.floats(0, 100)
)
def test_it_lies_within_what_was_measured(parts, wanted):
    everything = [value for part in parts for value in part]
    found = percentile([spread_of(part) for part in parts], wanted)
    assert min(everything) * (1 - 1e-9) <= found <= max(everything) * (1 + 1e-9)
