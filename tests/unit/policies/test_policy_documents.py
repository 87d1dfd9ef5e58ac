"""Documents that are no policies are refused whole, and say why."""

from __future__ import annotations

import json

import pytest
from policy_texts import policy, statement

from lambdad.domain.policies.document import (
    IDENTITY_POLICY,
    RESOURCE_POLICY,
    TRUST_POLICY,
    InvalidPolicy,
    read_policy,
)

STATEMENT = '{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        "{}",
        '{"Statement": []}',
        '{"Statement": [null]}',
        '{"Statement": ["x"]}',
        f'{{"Version": "2012-10-18", "Statement": {STATEMENT}}}',
        f'{{"Version": [], "Statement": {STATEMENT}}}',
        f'{{"Id": 1, "Statement": {STATEMENT}}}',
        f'{{"Id": "\\ud800", "Statement": {STATEMENT}}}',
        f'{{"Id": "\ud800", "Statement": {STATEMENT}}}',
        f'{{"Other": 1, "Statement": {STATEMENT}}}',
        f'{{"Statement": {STATEMENT}, "Statement": {STATEMENT}}}',
        f'{{"Statement": {STATEMENT}}} trailing',
        f'{{"Id": NaN, "Statement": {STATEMENT}}}',
        '{"Statement": ' + "[" * 20_000 + "]" * 20_000 + "}",
        '{"Id": ' + "9" * 10_000 + "}",
    ],
)
def test_what_is_no_document_is_refused(text: str):
    with pytest.raises(InvalidPolicy):
        read_policy(text, RESOURCE_POLICY)


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"Effect": "allow"}, "Effect"),
        ({"Effect": ["Allow"]}, "Effect"),
        ({"Sid": 1}, "Sid"),
        ({"Unknown": 1}, "Unknown"),
        ({"NotAction": "*"}, "Action"),
        ({"NotResource": "*"}, "Resource"),
        ({"NotPrincipal": "*"}, "Principal"),
        ({"Action": []}, "Action"),
        ({"Action": {}}, "Action"),
        ({"Action": "invoke"}, "invoke"),
        ({"Action": ["lambda:*", 1]}, "Action"),
        ({"Resource": "function"}, "function"),
        ({"Resource": "${aws:username"}, "Resource"),
        ({"Resource": "arn:aws:s3:::${a b}"}, "variable"),
        ({"Principal": "123456789012"}, "Principal"),
        ({"Principal": {}}, "Principal"),
        ({"Principal": {"Everyone": "*"}}, "Everyone"),
        ({"Condition": []}, "Condition"),
        ({"Condition": {"StringEquals": "x"}}, "StringEquals"),
        ({"Condition": {"StringEquals": {"aws:key": []}}}, "no value"),
        ({"Condition": {"StringEquals": {"aws:key": None}}}, "Condition"),
        ({"Condition": {"StringEquals": {"aws:key": {}}}}, "Condition"),
        ({"Condition": {"StringIs": {"aws:key": "x"}}}, "StringIs"),
        ({"Condition": {"stringequals": {"aws:key": "x"}}}, "stringequals"),
        ({"Condition": {"NullIfExists": {"aws:key": "true"}}}, "NullIfExists"),
        ({"Condition": {"ForSomeValues:StringLike": {"aws:key": "x"}}}, "ForSomeValues"),
        ({"Condition": {"Null": {"aws:key": "maybe"}}}, "Null"),
        ({"Condition": {"Bool": {"aws:key": "yes"}}}, "Bool"),
        ({"Condition": {"NumericEquals": {"aws:key": "ten"}}}, "NumericEquals"),
        ({"Condition": {"NumericEquals": {"aws:key": "1" * 100}}}, "NumericEquals"),
        ({"Condition": {"DateLessThan": {"aws:key": "tomorrow"}}}, "DateLessThan"),
        ({"Condition": {"DateLessThan": {"aws:key": "9999999999999"}}}, "DateLessThan"),
        ({"Condition": {"IpAddress": {"aws:key": "300.0.0.1"}}}, "IpAddress"),
        ({"Condition": {"BinaryEquals": {"aws:key": "?"}}}, "BinaryEquals"),
        ({"Condition": {"ArnLike": {"aws:key": "*"}}}, "ArnLike"),
        ({"Condition": {"ArnLike": {"aws:key": "arn:aws:s3"}}}, "ArnLike"),
    ],
)
def test_a_statement_with_something_wrong_is_refused_by_name(members, says: str):
    with pytest.raises(InvalidPolicy, match=says):
        policy({**statement(), **members})


def test_statement_ids_are_unique():
    with pytest.raises(InvalidPolicy, match="unique"):
        policy(statement(Sid="a"), statement(Sid="a"))


def test_each_use_has_its_form():
    unprincipled = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    policy(unprincipled, form=IDENTITY_POLICY)
    policy(trust, form=TRUST_POLICY)
    policy(statement(), form=RESOURCE_POLICY)
    for wrong, form in (
        (statement(), IDENTITY_POLICY),
        (statement(), TRUST_POLICY),
        (unprincipled, RESOURCE_POLICY),
        (trust, RESOURCE_POLICY),
    ):
        with pytest.raises(InvalidPolicy):
            policy(wrong, form=form)


def test_one_statement_needs_no_list():
    read = read_policy(json.dumps({"Statement": statement(Sid="only")}), RESOURCE_POLICY)
    assert [each.sid for each in read.statements] == ["only"]
