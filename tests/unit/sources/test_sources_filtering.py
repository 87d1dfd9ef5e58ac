"""Filters of a mapping: what of a record they compare, and with what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdad.sources.filtering import filters_of


def passes(text: str | None, *patterns: Any, **record: Any) -> bool:
    given = {"FilterCriteria": {"Filters": [{"Pattern": json.dumps(one)} for one in patterns]}}
    return filters_of(given, "body").passes({"body": text, **record}, text)


def test_without_filters_everything_passes():
    assert filters_of({}, "body").passes({}, "anything")
    assert filters_of({"FilterCriteria": {"Filters": []}}, "body").passes({}, None)


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ('{"kind": "keep"}', True),
        (' {"kind": ["other", "keep"]}', True),
        ('{"kind": "other"}', False),
        ('{"kind": "keep"', False),
        ("keep", False),
        ("17", False),
        ("", False),
        (None, False),
    ],
)
def test_a_filter_of_objects_lets_only_json_pass(text: str | None, does: bool):
    assert passes(text, {"body": {"kind": ["keep"]}}) is does


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ("Result: 1", True),
        ("result: 1", False),
        ('{"Result": 1}', False),
        ('["Result: "]', False),
        ("Result: {", True),
        (None, False),
    ],
)
def test_a_filter_of_texts_lets_only_what_is_no_json_pass(text: str | None, does: bool):
    assert passes(text, {"body": [{"prefix": "Result: "}]}) is does


def test_filters_are_alternatives():
    patterns = ({"body": {"a": [1]}}, {"body": {"b": [2]}})
    assert passes('{"a": 1}', *patterns)
    assert passes('{"b": 2}', *patterns)
    assert not passes('{"a": 2, "b": 1}', *patterns)


def test_a_filter_may_speak_of_the_rest_of_the_record_alone():
    assert passes("no json", {"awsRegion": ["eu-central-1"]}, awsRegion="eu-central-1")
    assert not passes('{"a": 1}', {"awsRegion": ["eu-central-1"], "body": {"a": [1]}}, awsRegion="x")


def test_what_is_too_deep_to_be_decided_is_delivered_and_not_deleted():
    assert not passes('{"a": 2}', {"body": {"a": [1]}})
    assert passes('{"a":' * 50_000 + "2" + "}" * 50_000, {"body": {"a": [1]}})
