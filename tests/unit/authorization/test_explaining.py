"""What people are told about a decision."""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.domain.errors import InvalidParameter
from tests.fakes.grants import ACCOUNT, OTHER_ACCOUNT, allow, deny, user
from tests.unit.authorization.gate_stage import ORDERS, REGION, Stage

ALICE = user("alice")
INVOKE = "lambda:InvokeFunction"


async def told(stage: Stage, principal: str = ALICE.arn, resource: str = ORDERS, **keys: str) -> Any:
    given = {name.replace("__", ":").lower(): (value,) for name, value in keys.items()}
    return await stage.made.explainer.explain(principal, INVOKE, resource, given)


async def test_the_statement_that_allows_is_shown():
    stage = Stage()
    stage.identities.bind(ALICE, allow("s3:*"), allow("lambda:Invoke*", resource=ORDERS, Sid="Calls"))
    found = await told(stage)
    assert found["allowed"]
    assert found["because"] == "Allowed by the statement Calls of the identity-based policy own."
    assert found["statement"] == {
        "Sid": "Calls",
        "Effect": "Allow",
        "Action": ["lambda:invoke*"],
        "Resource": [ORDERS],
    }


async def test_the_statement_that_refuses_is_shown_with_its_conditions():
    stage = Stage()
    condition = {"ForAnyValue:StringEqualsIfExists": {"aws:RequestedRegion": [REGION]}}
    stage.identities.bind(ALICE, allow("*"), deny(INVOKE, Condition=condition))
    found = await told(stage, aws__RequestedRegion=REGION)
    assert found["because"] == "Refused by a statement of the identity-based policy own."
    assert found["statement"]["Condition"] == [
        f"ForAnyValue:StringEqualsIfExists aws:requestedregion {REGION}"
    ]


async def test_what_would_nearly_have_allowed_it_is_shown():
    stage = Stage()
    condition = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
    stage.identities.bind(
        ALICE,
        allow(INVOKE, resource=f"{ORDERS}:live", Sid="Live"),
        allow(INVOKE, Condition=condition),
        allow("s3:*"),
    )
    found = await told(stage, aws__RequestedRegion=REGION)
    assert not found["allowed"]
    assert found["because"] == "Refused: no identity-based policy allows it."
    assert found["near"] == [
        f"Live of own is about {ORDERS}:live.",
        f"A statement of own asks for StringEquals aws:requestedregion eu-west-1; the request has {REGION}.",
    ]
    assert found["missing_keys"] == []
    assert (await told(stage))["missing_keys"] == ["aws:requestedregion"]


async def test_the_functions_own_policy_is_asked_as_well():
    stage = Stage()
    await stage.add()
    statement = {"Effect": "Allow", "Principal": {"AWS": ALICE.arn}, "Action": INVOKE, "Resource": ORDERS}
    await stage.attach({"Sid": "Alice", **statement})
    stage.identities.bind(ALICE)
    found = await told(stage)
    assert found["because"] == f"Allowed by the statement Alice of the resource-based policy {ORDERS}."


async def test_a_root_and_a_service_are_explained():
    stage = Stage()
    await stage.add()
    root = await told(stage, f"arn:aws:iam::{ACCOUNT}:root")
    assert (root["allowed"], root["statement"]) == (True, None)
    assert not (await told(stage, f"arn:aws:iam::{OTHER_ACCOUNT}:root"))["allowed"]
    service = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}}
    await stage.attach({**service, "Action": INVOKE, "Resource": ORDERS})
    of_service = await told(stage, "s3.amazonaws.com")
    assert of_service["allowed"]
    assert of_service.keys() == root.keys(), "whoever reads an answer reads each by the same names"
    assert not (await told(stage, "sns.amazonaws.com"))["allowed"]


async def test_who_is_nobody_is_said_to_be():
    with pytest.raises(InvalidParameter, match="^Nobody known here is arn:aws:iam::111111111111:user/alice"):
        await told(Stage())


async def test_the_last_denials_are_told_newest_first():
    stage = Stage()
    stage.identities.bind(ALICE)
    await stage.may(ALICE)
    await stage.may(ALICE, "GetFunction")
    first, second = stage.made.explainer.denials()
    assert (first["action"], second["action"]) == ("lambda:GetFunction", INVOKE)
    assert first["because"] == "Refused: no identity-based policy allows it."
    assert first["request_id"] == "r-1"


@pytest.mark.parametrize("resource", ["", "*", "x", "arn:aws:lambda:function:x", "arn:aws:s3:::a:function:b"])
async def test_any_text_may_be_asked_about(resource: str):
    stage = Stage()
    stage.identities.bind(ALICE)
    assert not (await told(stage, resource=resource))["allowed"]
