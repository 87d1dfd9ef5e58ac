"""What matches an event pattern, operator by operator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.event_pattern import is_pattern
from lambdad.sources.matching import matches

CASES: list[tuple[Any, list[Any], list[Any]]] = [
    (["x"], ["x", ["y", "x"], [["x"]]], ["y", 1, None, [], {"x": 1}]),
    ([1], [1, 1.0, [2, 1]], ["1", True, 2]),
    ([True], [True], [1, "true", False]),
    ([None], [None], ["", 0, []]),
    ([""], [""], [None, " "]),
    (["a", 2], ["a", 2], ["b"]),
    ([{"prefix": "us-"}], ["us-east", ["eu", "us-1"]], ["US-east", 7, "eu"]),
    ([{"prefix": {"equals-ignore-case": "US-"}}], ["us-east", "Us-"], ["eu"]),
    ([{"suffix": ".png"}], ["a.png"], ["a.PNG", "png"]),
    ([{"suffix": {"equals-ignore-case": ".png"}}], ["a.PNG"], ["a.gif"]),
    ([{"equals-ignore-case": "Alice"}], ["aLICE"], ["alice ", 1]),
    ([{"anything-but": "x"}], ["y", 1, None, ["x", "y"]], ["x", ["x"], []]),
    ([{"anything-but": ["x", "y"]}], ["z"], ["x", "y"]),
    ([{"anything-but": [1, 2]}], [3, "1"], [1, 2.0]),
    ([{"anything-but": {"prefix": "a"}}], ["b", 1], ["ab"]),
    ([{"anything-but": {"suffix": ["a", "b"]}}], ["c"], ["xa", "xb"]),
    ([{"anything-but": {"equals-ignore-case": ["A", "b"]}}], ["c"], ["a", "B"]),
    ([{"anything-but": {"wildcard": "*/lib/*"}}], ["/usr/bin/x"], ["/usr/lib/x"]),
    ([{"numeric": ["=", 300]}], [300, 300.0, 3e2], [301, "300", True]),
    ([{"numeric": [">", 0, "<=", 5]}], [1, 5, 0.1], [0, 5.01, None]),
    ([{"numeric": ["<", 10]}], [-1, 9.99], [10]),
    ([{"numeric": [">=", 100, "<", 200]}], [100, 199], [99, 200]),
    ([{"exists": True}], ["x", 0, None, ["x"]], [[], {"x": 1}]),
    ([{"exists": False}], [[], {"x": 1}], ["x", None]),
    ([{"wildcard": "a*c"}], ["ac", "abc", "abbc"], ["ab", "bac", "c"]),
    ([{"wildcard": "*b*b*"}], ["bb", "abab", "xbxxbx"], ["b", "abc"]),
    ([{"wildcard": "a\\*c"}], ["a*c"], ["abc"]),
    ([{"wildcard": "a*a"}], ["aa", "aba"], ["a"]),
    ([{"cidr": "10.0.0.0/24"}], ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "x", "::1", 7]),
    ([{"cidr": "2001:db8::/32"}], ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
]


@pytest.mark.parametrize(("wanted", "good", "bad"), CASES, ids=lambda one: json.dumps(one)[:40])
def test_values_match_as_eventbridge_says(wanted: Any, good: list[Any], bad: list[Any]):
    assert is_pattern(json.dumps({"a": wanted}))
    assert [value for value in good if not matches({"a": wanted}, {"a": value})] == []
    assert [value for value in bad if matches({"a": wanted}, {"a": value})] == []


def test_what_is_not_there_only_exists_false_matches():
    absent: list[dict[str, Any]] = [{}, {"b": 1}]
    for event in absent:
        assert matches({"a": [{"exists": False}]}, event)
        for wanted in (["x"], [None], [{"anything-but": "x"}], [{"exists": True}]):
            assert not matches({"a": wanted}, event)


def test_fields_are_and_values_are_or():
    pattern = {"a": ["1", "2"], "b": {"c": [{"exists": True}]}}
    assert matches(pattern, {"a": "2", "b": {"c": None}, "more": 1})
    assert not matches(pattern, {"a": "2", "b": {}})
    assert not matches(pattern, {"a": "3", "b": {"c": 1}})


def test_or_needs_one_of_its_alternatives_beside_the_rest():
    pattern = {"a": ["1"], "$or": [{"b": ["x"]}, {"c": [{"numeric": [">", 1]}]}]}
    assert matches(pattern, {"a": "1", "b": "x"})
    assert matches(pattern, {"a": "1", "c": 2})
    assert not matches(pattern, {"a": "1", "c": 1})
    assert not matches(pattern, {"b": "x"})


def test_objects_in_lists_match_whole_and_one_at_a_time():
    pattern = {"a": {"x": [1], "y": [2]}}
    assert matches(pattern, {"a": [{"x": 9}, {"x": 1, "y": 2}]})
    assert not matches(pattern, {"a": [{"x": 1}, {"y": 2}]})
    assert matches({"a": {"x": [{"exists": False}]}}, {"a": []})


@pytest.mark.parametrize("event", [None, "text", 1, [], [1]])
def test_what_is_no_object_has_no_fields(event: Any):
    assert not matches({"a": ["x"]}, event)
    assert matches({"a": [{"exists": False}]}, event)


def test_a_star_takes_no_longer_for_texts_that_almost_match():
    pattern = {"a": [{"wildcard": "*" + "a*" * 60 + "b"}]}
    assert not matches(pattern, {"a": "a" * 100_000})


_LEAVES = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "a", "ab", "b*", "10.0.0.1"])
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_COMPARISONS = st.sampled_from([one for wanted, _, _ in CASES for one in wanted])
_PATTERNS = st.recursive(
    st.lists(_COMPARISONS, min_size=1, max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3),
    max_leaves=6,
).filter(lambda one: isinstance(one, dict))


@given(_PATTERNS, _JSON)
def test_every_pattern_is_decided_for_every_event(pattern: Any, event: Any):
    assert is_pattern(json.dumps(pattern))
    assert matches(pattern, event) in (True, False)
