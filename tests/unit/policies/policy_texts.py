"""Documents for the tests of policies."""

from __future__ import annotations

import json
from typing import Any

from lambdad.domain.policies.document import RESOURCE_POLICY, Form, read_policy
from lambdad.domain.policies.evaluation import Verdict, decide
from lambdad.domain.policies.principals import Principal, identity, root
from lambdad.domain.policies.statements import Policy

FUNCTION = "arn:aws:lambda:us-east-1:111111111111:function:orders"
INVOKE = "lambda:InvokeFunction"
ALICE = identity("arn:aws:iam::111111111111:user/alice")
OTHER = root("222222222222")


def statement(effect: str = "Allow", **members: Any) -> dict[str, Any]:
    """A statement about everything and everybody but for what is given."""
    written = {"Effect": effect, **members}
    for name in ("Principal", "Action", "Resource"):
        if f"Not{name}" not in written:
            written.setdefault(name, "*")
    return written


def policy(*statements: dict[str, Any], form: Form = RESOURCE_POLICY, version: str = "2012-10-17") -> Policy:
    return read_policy(json.dumps({"Version": version, "Statement": list(statements)}), form)


def verdict(
    *statements: dict[str, Any],
    principal: Principal = ALICE,
    action: str = INVOKE,
    resource: str = FUNCTION,
    **keys: Any,
) -> Verdict:
    """What a policy of these statements says; condition keys with `__` for their colon."""
    given = {name.replace("__", ":"): value for name, value in keys.items()}
    return decide(policy(*statements), principal=principal, action=action, resource=resource, keys=given)


def allows(*statements: dict[str, Any], **request: Any) -> bool:
    return verdict(*statements, **request) is Verdict.ALLOW
