"""The two grants that a public function URL needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdad.domain.policies.document import RESOURCE_POLICY, read_policy
from lambdad.frontend.url_access import access

ARN = "arn:aws:lambda:us-east-1:111111111111:function:fn"
OF_URL = {
    "Action": "lambda:InvokeFunctionUrl",
    "Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}},
}
OF_FUNCTION = {
    "Action": "lambda:InvokeFunction",
    "Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}},
}


def allowed(*statements: dict[str, Any], resource: str = ARN, **keys: str) -> bool:
    written = [
        {"Sid": str(number), "Effect": "Allow", "Principal": "*", "Resource": ARN} | statement
        for number, statement in enumerate(statements)
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": written})
    given = {name.replace("_", ":"): value for name, value in keys.items()}
    return access([read_policy(document, RESOURCE_POLICY)], resource).allows(lambda: given)


def test_both_grants_let_everybody_in() -> None:
    assert allowed(OF_URL, OF_FUNCTION)


def test_a_grant_to_invoke_that_is_bound_to_nothing_does_too() -> None:
    assert allowed(OF_URL, {"Action": "lambda:InvokeFunction"})


@pytest.mark.parametrize(
    "statements",
    [
        (),
        (OF_URL,),
        (OF_FUNCTION,),
        (OF_URL, OF_FUNCTION | {"Principal": {"AWS": "222222222222"}}),
        (OF_URL, OF_FUNCTION | {"Resource": f"{ARN}:live"}),
        (OF_URL, OF_FUNCTION | {"Condition": {"Bool": {"lambda:InvokedViaFunctionUrl": "false"}}}),
        (OF_URL | {"Condition": {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}}, OF_FUNCTION),
        (OF_URL, OF_FUNCTION, {"Action": "lambda:*", "Effect": "Deny"}),
    ],
)
def test_less_lets_nobody_in(statements: tuple[dict[str, Any], ...]) -> None:
    if statements:
        assert not allowed(*statements)
    else:
        assert not access([], ARN).allows(dict)


def test_a_grant_may_hang_on_where_the_call_comes_from() -> None:
    bound = OF_FUNCTION | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}
    assert allowed(OF_URL, bound, aws_SourceIp="10.1.2.3")
    assert not allowed(OF_URL, bound, aws_SourceIp="127.0.0.1")
    assert not allowed(OF_URL, bound)
