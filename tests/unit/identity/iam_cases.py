"""What tests of IAM and STS need."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.iam_bridge import ACCOUNT, IamBridge

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"


def document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: Mapping[str, str] | str, **more: Any) -> str:
    return document({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


LAMBDA = trust({"Service": "lambda.amazonaws.com"})


def allow(*actions: str, resource: str = "*", **more: Any) -> str:
    return document({"Effect": "Allow", "Action": list(actions), "Resource": resource, **more})


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str, int]:
    """Code, message and status."""
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    found = refused.value.response
    return (
        found["Error"]["Code"],
        found["Error"]["Message"],
        found["ResponseMetadata"]["HTTPStatusCode"],
    )


def role(bridge: IamBridge, name: str = "deploy", trusted: str = LAMBDA, **more: Any) -> Any:
    return bridge.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **more)["Role"]


def user_with_key(bridge: IamBridge, name: str = "alice", policy: str | None = None) -> Any:
    bridge.iam.create_user(UserName=name)
    if policy is not None:
        bridge.iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
    return bridge.iam.create_access_key(UserName=name)["AccessKey"]
