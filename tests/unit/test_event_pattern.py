"""Which texts are event patterns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.event_pattern import is_pattern

MATCHES: list[Any] = [
    *("text", "", 1, -2.5, True, None),
    *({"prefix": "a"}, {"prefix": {"equals-ignore-case": "A"}}, {"suffix": ".png"}),
    *({"equals-ignore-case": "A"}, {"wildcard": "a*b*"}, {"wildcard": "a\\*b\\\\"}, {"wildcard": ""}),
    *({"exists": True}, {"exists": False}, {"cidr": "10.0.0.0/24"}),
    *({"numeric": ["=", 5]}, {"numeric": [">", 0]}, {"numeric": [">=", 0, "<", 5.5]}),
    *({"anything-but": "a"}, {"anything-but": 1}, {"anything-but": ["a", "b"]}, {"anything-but": [1, 2]}),
    *({"anything-but": {"prefix": "a"}}, {"anything-but": {"suffix": ["a", "b"]}}),
    *({"anything-but": {"wildcard": "a*"}}, {"anything-but": {"equals-ignore-case": ["a"]}}),
]
NO_MATCHES: list[Any] = [
    *([], ["a"], {}, {"unknown": 1}, {"prefix": "a", "suffix": "b"}),
    *({"prefix": 1}, {"prefix": {"suffix": "a"}}, {"prefix": ["a"]}, {"suffix": None}),
    *({"wildcard": "a**"}, {"wildcard": "a\\b"}, {"wildcard": "\\"}, {"wildcard": 1}),
    *({"exists": "true"}, {"exists": 1}, {"cidr": 10}),
    *({"numeric": []}, {"numeric": ["="]}, {"numeric": [5]}, {"numeric": ["=", "5"]}, {"numeric": ["~", 5]}),
    *({"numeric": ["<", 5, ">", 0]}, {"numeric": [">", 5, "<", 5]}, {"numeric": [">", True]}),
    *({"numeric": ["=", 1, "=", 1]}, {"numeric": [1, 1]}, {"numeric": 5}),
    *({"anything-but": []}, {"anything-but": ["a", 1]}, {"anything-but": True}, {"anything-but": None}),
    *({"anything-but": {}}, {"anything-but": {"exists": True}}, {"anything-but": {"prefix": []}}),
]


@pytest.mark.parametrize("match", MATCHES, ids=json.dumps)
def test_a_field_is_compared_with_this(match):
    assert is_pattern(json.dumps({"a": [match]}))
    assert is_pattern(json.dumps({"a": {"b": ["x", match]}}))


@pytest.mark.parametrize("match", NO_MATCHES, ids=json.dumps)
def test_a_field_is_not_compared_with_that(match):
    assert not is_pattern(json.dumps({"a": [match]}))
    assert not is_pattern(json.dumps({"a": ["x", match]}))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "null",
            "1",
            '"a"',
            "[]",
            "{}",
            '{"a": 1}',
            '{"a": "b"}',
            '{"a": []}',
            '{"a": {}}',
            '{"a": null}',
        ),
        *('{"a": ["b"]', "{'a': ['b']}", '{"a": [b]}', '{"a": ["b"]} more', '{"a": {"b": "c"}}'),
        *('{"$or": []}', '{"$or": [{"a": [1]}]}', '{"$or": ["a", "b"]}', '{"$or": [{"a": [1]}, {}]}'),
    ],
)
def test_this_is_no_pattern(text):
    assert not is_pattern(text)


@pytest.mark.parametrize(
    "text",
    ['{"$or": [{"a": [1]}, {"b": {"c": ["d"]}}]}', '{"a": [1], "b": {"$or": [{"a": [1]}, {"b": [2]}]}}'],
)
def test_alternatives_are_patterns_themselves(text):
    assert is_pattern(text)


def test_depth_is_no_trouble():
    deep = '{"a":' * 600 + "[1]" + "}" * 600
    assert len(deep) < 4_096
    assert is_pattern(deep)
    assert not is_pattern('{"a":' * 600 + "1" + "}" * 600)
    assert not is_pattern("[" * 4_096)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["a", "$or", "prefix", "numeric", "anything-but", "wildcard", "exists"]), inner
        )
    ),
)


@given(JSON)
def test_any_json_is_a_pattern_or_is_not(value):
    assert is_pattern(json.dumps(value)) in (True, False)


@given(st.text(max_size=200))
def test_any_text_is_a_pattern_or_is_not(text):
    assert is_pattern(text) in (True, False)


@given(st.dictionaries(st.text(), st.lists(st.sampled_from(MATCHES), min_size=1), min_size=1))
def test_what_is_made_of_matches_is_a_pattern(fields):
    fields.pop("$or", None)
    assert is_pattern(json.dumps(fields)) == bool(fields)
