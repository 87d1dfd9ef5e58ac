"""IAM and STS given anything: every request is answered, and none by a fault of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambdad.awsapi import model
from lambdad.awsapi.model import Shape
from lambdad.domain.http import Caller, Request
from lambdad.domain.scope import Scope
from lambdad.identity.iam.service import iam_handlers
from lambdad.identity.sts import sts_handlers
from tests.fakes.iam_bridge import ACCOUNT, IamBridge
from tests.forms import examples

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:*"}],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
DEEP = '{"Statement":' * 3_000 + "1" + "}" * 3_000
TEXTS = st.sampled_from(
    [
        *(
            "deploy",
            "alice",
            "team",
            "own",
            "/",
            "/x/",
            "v1",
            "Active",
            "true",
            "900",
            "Role",
            "AWS",
            "",
            "*",
        ),
        *(TRUST, POLICY, DEEP, "{}", '{"Statement": []}', "[" * 5_000, "\ud7ff\U0010ffff", "ﬁ", "A" * 5_000),
        *(f"arn:aws:iam::{ACCOUNT}:role/deploy", f"arn:aws:iam::{ACCOUNT}:policy/read", "arn:::::::", "e30="),
        *("arn:aws:iam::aws:policy/AdministratorAccess", f"arn:aws:iam::{ACCOUNT}:user/alice", "-1", "1e999"),
    ]
) | st.text(max_size=30)


def fields(shape: Shape, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """Names of form fields of a shape."""
    if shape.kind == "structure" and depth < 4:
        for member in shape.members.values():
            yield from fields(member.shape, f"{prefix}.{member.name}" if prefix else member.name, depth + 1)
    elif shape.kind == "list":
        for number in (1, 2):
            yield from fields(shape.element.shape, f"{prefix}.member.{number}", depth + 1)
    elif prefix:
        yield prefix


@pytest.fixture(scope="module")
def filled() -> Iterator[IamBridge]:
    with IamBridge() as bridge:
        bridge.iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=TRUST)
        bridge.iam.create_user(UserName="alice")
        bridge.iam.create_group(GroupName="team")
        bridge.iam.create_policy(PolicyName="read", PolicyDocument=POLICY)
        bridge.iam.put_role_policy(RoleName="deploy", PolicyName="own", PolicyDocument=POLICY)
        yield bridge


OPERATIONS = [
    *(("iam", name) for name in sorted(iam_handlers(None, None, None, None))),  # type: ignore[arg-type]
    *(("sts", name) for name in sorted(sts_handlers(None, None, None))),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("service", "operation"), OPERATIONS)
@settings(
    max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(data=st.data())
def test_every_request_is_answered(filled: IamBridge, service: str, operation: str, data: st.DataObject):
    found = model.load(service)
    names = sorted(fields(found.operations[operation].input))
    given_fields: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(names), TEXTS)) if names else {}
    version = found.metadata["apiVersion"]
    form = {"Action": operation, "Version": version, **given_fields}
    body = urlencode(form).encode()
    caller = Caller(Scope(ACCOUNT, "us-east-1"), ACCOUNT)
    answer = filled.run(filled.services[service](Request("POST", "/", (), {}, body, caller, "r", "http://x")))
    assert answer.status < 500, (given_fields, answer.body)
