"""When a policy lets everybody in."""

from __future__ import annotations

import pytest
from policy_texts import policy, statement

from lambdad.domain.policies.public import is_public

TOPIC = "arn:aws:sns:us-east-1:111111111111:orders"
BINDING = [
    {"StringEquals": {"AWS:SourceAccount": "111111111111"}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}},
    {"ArnLike": {"AWS:SourceArn": TOPIC}},
    {"StringLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/a"}},
    {"StringEquals": {"lambda:EventSourceToken": "amzn1.ask.skill.x"}},
    {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}},
    {"ForAnyValue:StringEquals": {"aws:PrincipalOrgPaths": "o-a/r-b/"}},
    {"StringEquals": {"aws:SourceAccount": "111111111111"}, "Bool": {"aws:SecureTransport": "true"}},
]
LOOSE = [
    {},
    {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
    {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
    {"StringNotEquals": {"aws:SourceAccount": "111111111111"}},
    {"StringEqualsIfExists": {"aws:SourceAccount": "111111111111"}},
    {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-a/r-b/"}},
    {"StringLike": {"aws:SourceAccount": "1*"}},
    {"StringEquals": {"aws:SourceAccount": ["111111111111", "${aws:PrincipalAccount}"]}},
    {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}},
    {"Null": {"aws:SourceAccount": "false"}},
]


@pytest.mark.parametrize("everybody", ["*", {"AWS": "*"}, {"AWS": ["111111111111", "*"]}])
@pytest.mark.parametrize("condition", LOOSE)
def test_everybody_is_let_in_unless_fixed_values_tell_callers_apart(everybody, condition):
    assert is_public(policy(statement(Principal=everybody, Condition=condition)))


@pytest.mark.parametrize("condition", BINDING)
def test_fixed_values_bind_a_statement(condition):
    assert not is_public(policy(statement(Condition=condition)))


def test_everybody_but_some_is_everybody():
    assert is_public(policy(statement(NotPrincipal={"AWS": "111111111111"})))


@pytest.mark.parametrize("some", [{"AWS": "111111111111"}, {"Service": "s3.amazonaws.com"}])
def test_who_is_named_is_not_everybody(some):
    assert not is_public(policy(statement(Principal=some)))


def test_denying_everybody_lets_nobody_in():
    assert not is_public(policy(statement("Deny")))


def test_one_public_statement_makes_a_policy_public():
    assert is_public(policy(statement("Deny"), statement(Principal={"AWS": "111111111111"}), statement()))
