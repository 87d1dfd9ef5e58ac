"""Sparklines, plots and numbers for people."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.cli.plot import amount, axis_for, plot, sparkline, stretched, time_line

VALUES = st.lists(st.none() | st.floats(0, 1e12), max_size=40)


def test_a_sparkline_begins_at_zero_and_tells_nothing_from_zero():
    assert sparkline([None, 0, 1, 4, 8]) == " ·▁▄█"
    assert sparkline([None, 0, 1, 4, 8], plain=True) == " ._=#"


def test_a_sparkline_of_nothing_is_flat():
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "··"
    assert sparkline([math.nan, math.inf, 1]) == "  █"


@given(VALUES)
def test_a_sparkline_has_a_mark_for_each_value(values):
    assert len(sparkline(values)) == len(values)
    assert sparkline(values, plain=True).isascii()


def test_values_are_stretched_evenly_and_too_many_lose_the_oldest():
    assert stretched([1, 2], 4) == [1, 1, 2, 2]
    assert stretched([1, 2], 99, most=3) == [1, 1, 1, 2, 2, 2]
    assert stretched([1, 2, 3], 2) == [2, 3]
    assert stretched([], 5) == []


@pytest.mark.parametrize(
    ("most", "ticks", "top", "step"),
    [
        (97, 4, 100, 25),
        (100, 4, 100, 25),
        (0.031, 3, 0.04, 0.02),
        (5, 1, 5, 5),
        (0, 3, 1, 1),
        (7, 3, 7.5, 2.5),
    ],
)
def test_an_axis_has_round_numbers(most, ticks, top, step):
    found = axis_for(most, ticks)
    assert (found.top, found.step) == (pytest.approx(top), pytest.approx(step))


TIMES = ["05:00", "05:01", "05:02", "05:03", "05:04"]


def test_a_plot_has_axes_with_numbers_and_times():
    assert plot([0, 2, 4, None, 8], TIMES, width=24, height=4) == [
        "10 ┤                ▂▂▂▂",
        "   │                ████",
        "   │        ▅▅▅▅    ████",
        "   │    ▆▆▆▆████    ████",
        " 0 └────────────────────",
        "    05:00          05:04",
    ]


def test_a_plain_plot_is_of_ascii():
    assert plot([0, 2, 4, None, 8], TIMES, width=24, height=4, plain=True) == [
        "10 +",
        "   |                ####",
        "   |        ####    ####",
        "   |    ########    ####",
        " 0 +--------------------",
        "    05:00          05:04",
    ]


@given(VALUES, st.integers(10, 60), st.integers(1, 12), st.booleans())
def test_a_plot_keeps_its_size(values, width, height, plain):
    lines = plot(values, ["05:00"] * len(values), width=width, height=height, plain=plain)
    assert len(lines) == height + 2
    assert not plain or all(line.isascii() for line in lines)
    assert all(len(line) <= max(width, 20) for line in lines)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=20), st.integers(1, 20))
def test_higher_values_are_never_drawn_lower(values, height):
    *rows, foot, _ = plot(sorted(values), ["x"] * len(values), width=60, height=height)
    start = foot.index("└") + 1
    heights = [sum(row.ljust(60)[at] != " " for row in rows) for at in range(start, len(foot))]
    assert heights == sorted(heights)


def test_the_first_and_the_last_time_stand_below_the_ends():
    line = time_line([f"05:{minute:02}" for minute in range(40)])
    assert line.startswith("05:00")
    assert line.endswith("05:39")
    assert len(line) == 40
    assert time_line(["05:00", "05:01"]) == "05:00"
    assert time_line([]) == ""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"),
        (0.0034, "0.0034"),
        (0.87, "0.87"),
        (12.34, "12.3"),
        (99.96, "100"),
        (1234.5, "1,234"),
        (12_500_000, "12.5M"),
        (3.2e9, "3.2G"),
        (None, "-"),
        (math.nan, "-"),
    ],
)
def test_numbers_have_about_three_digits(value, words):
    assert amount(value) == words
