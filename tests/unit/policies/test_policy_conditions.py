"""The condition operators, one by one."""

from __future__ import annotations

import pytest
from policy_texts import allows, statement

TOPIC = "arn:aws:sns:us-east-1:111111111111:orders"

AGREEING = [
    ("StringEquals", "abc", "abc"),
    ("StringEqualsIgnoreCase", "ABC", "abc"),
    ("StringLike", "a*c?", "abbbcd"),
    ("StringNotEquals", "abc", "ABC"),
    ("StringNotEqualsIgnoreCase", "abc", "abd"),
    ("StringNotLike", "a*", "ba"),
    ("ArnEquals", TOPIC, TOPIC),
    ("ArnEquals", "arn:aws:sns:*:*:ord*", TOPIC),
    ("ArnLike", "arn:aws:sns:*:111111111111:order?", TOPIC),
    ("ArnNotEquals", "arn:aws:sns:*:*:bill*", TOPIC),
    ("ArnNotLike", "arn:aws:sqs:*:*:*", TOPIC),
    ("Bool", "true", "true"),
    ("Bool", True, "True"),
    ("NumericEquals", "10", "10.0"),
    ("NumericEquals", 10, "10"),
    ("NumericNotEquals", "10", "11"),
    ("NumericLessThan", "10", "9.5"),
    ("NumericLessThanEquals", "10", "10"),
    ("NumericGreaterThan", "10", "11"),
    ("NumericGreaterThanEquals", "10", "10"),
    ("DateEquals", "2026-11-26T00:00:00Z", "2026-11-26"),
    ("DateNotEquals", "2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z"),
    ("DateLessThan", "2026-11-26T00:00:00Z", "2026-11-25T23:59:59Z"),
    ("DateLessThanEquals", "1795651200", "2026-11-26T00:00:00Z"),
    ("DateGreaterThan", "2026-11-26T00:00:00+01:00", "2026-11-26T00:00:00Z"),
    ("DateGreaterThanEquals", "2026-11-26", "2026-11-26T00:00:00Z"),
    ("IpAddress", "203.0.113.0/24", "203.0.113.7"),
    ("IpAddress", "2001:db8::/32", "2001:db8::1"),
    ("NotIpAddress", "203.0.113.0/24", "203.0.114.7"),
    ("NotIpAddress", "203.0.113.0/24", "2001:db8::1"),
    ("BinaryEquals", "YWJj", "YWJj"),
]

REFUSING = [
    ("StringEquals", "abc", "ABC"),
    ("StringEquals", "a*", "abc"),
    ("StringLike", "a?c", "abbc"),
    ("StringNotEquals", "abc", "abc"),
    ("ArnLike", "arn:aws:*:*:orders:*", TOPIC),
    ("ArnLike", TOPIC, "no arn"),
    ("Bool", "true", "yes"),
    ("NumericLessThan", "10", "10"),
    ("NumericLessThan", "10", "nine"),
    ("NumericLessThan", "10", "NaN"),
    ("DateLessThan", "2026-11-26T00:00:00Z", "yesterday"),
    ("IpAddress", "203.0.113.0/24", "203.0.114.7"),
    ("IpAddress", "203.0.113.0/24", "somewhere"),
]


@pytest.mark.parametrize(("operator", "wanted", "given"), AGREEING)
def test_values_that_agree(operator, wanted, given):
    assert allows(statement(Condition={operator: {"aws:key": wanted}}), aws__key=given)


@pytest.mark.parametrize(("operator", "wanted", "given"), REFUSING)
def test_values_that_do_not(operator, wanted, given):
    assert not allows(statement(Condition={operator: {"aws:key": wanted}}), aws__key=given)


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringEqualsIfExists", False),
        ("ForAnyValue:StringNotEquals", False),
    ],
)
@pytest.mark.parametrize("keys", [{}, {"aws__key": []}])
def test_what_an_absent_key_does(operator, holds, keys):
    assert allows(statement(Condition={operator: {"aws:key": "a"}}), **keys) is holds


@pytest.mark.parametrize(
    ("operator", "given", "holds"),
    [
        ("StringEquals", ["a", "x"], True),
        ("StringNotEquals", ["a", "x"], False),
        ("StringNotEquals", ["x", "y"], True),
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "x"], False),
        ("ForAllValues:StringNotEquals", ["a", "x"], False),
        ("ForAllValues:StringNotEquals", ["x", "y"], True),
        ("ForAnyValue:StringEquals", ["a", "x"], True),
        ("ForAnyValue:StringEquals", ["x", "y"], False),
        ("ForAnyValue:StringNotEquals", ["a", "x"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
    ],
)
def test_keys_of_many_values(operator, given, holds):
    assert allows(statement(Condition={operator: {"aws:key": ["a", "b"]}}), aws__key=given) is holds


@pytest.mark.parametrize(("wanted", "there", "absent"), [("true", False, True), (False, True, False)])
def test_null_asks_whether_a_key_is_there(wanted, there, absent):
    one = statement(Condition={"Null": {"aws:key": wanted}})
    assert allows(one, aws__key="x") is there
    assert allows(one) is absent
    assert allows(one, aws__key=[]) is absent


def test_key_names_are_the_same_in_any_case():
    assert allows(statement(Condition={"StringEquals": {"AWS:SourceAccount": "1"}}), aws__sourceaccount="1")


def test_all_conditions_must_hold():
    both = statement(Condition={"StringEquals": {"aws:a": "1", "aws:b": "2"}, "Bool": {"aws:c": "true"}})
    assert allows(both, aws__a="1", aws__b="2", aws__c="true")
    assert not allows(both, aws__a="1", aws__b="2", aws__c="false")
    assert not allows(both, aws__a="1", aws__c="true")


def test_a_value_may_be_taken_from_the_request():
    own = statement(Condition={"StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}})
    assert allows(own, aws__PrincipalAccount="1", aws__ResourceAccount="1")
    assert not allows(own, aws__PrincipalAccount="1", aws__ResourceAccount="2")
    assert not allows(own, aws__PrincipalAccount="1")


def test_a_variable_without_a_value_fails_negated_operators_too():
    unlike = statement(Condition={"StringNotEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}})
    assert not allows(unlike, aws__PrincipalAccount="1")
    assert allows(unlike, aws__PrincipalAccount="1", aws__ResourceAccount="2")
