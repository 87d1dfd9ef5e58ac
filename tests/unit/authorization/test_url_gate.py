"""Who may call a function URL with AWS_IAM: both permissions, and across accounts both sides."""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.domain.arn import FunctionReference
from lambdad.domain.identity import Who
from lambdad.domain.scope import Scope
from lambdad.identity.authorization.url_gate import UrlGate
from tests.fakes.grants import OTHER_ACCOUNT, allow, user
from tests.unit.authorization.gate_stage import ORDERS, REGION, SCOPE, Stage, request_of

ALICE, BOB = user("alice"), user("bob", OTHER_ACCOUNT)
URL, FUNCTION = "lambda:InvokeFunctionUrl", "lambda:InvokeFunction"


async def admits(stage: Stage, who: Who | None, scope: Scope = SCOPE) -> bool:
    gate = UrlGate(stage.made.gate)
    return await gate.admits(request_of(who, scope), SCOPE, FunctionReference("orders"))


def lets_in(action: str, account: str, **conditions: Any) -> dict[str, Any]:
    condition = {"Condition": conditions} if conditions else {}
    principal = {"AWS": account}
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": ORDERS, **condition}


@pytest.mark.parametrize(
    ("actions", "expected"), [((), False), ((URL,), False), ((FUNCTION,), False), ((URL, FUNCTION), True)]
)
async def test_both_permissions_are_needed(actions: tuple[str, ...], expected: bool):
    stage = Stage()
    stage.identities.bind(ALICE, *(allow(action) for action in actions))
    assert await admits(stage, ALICE) is expected


async def test_permissions_may_ask_for_the_auth_type_and_for_the_way():
    stage = Stage()
    signed = {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}}
    by_url = {"Bool": {"lambda:InvokedViaFunctionUrl": "true"}}
    stage.identities.bind(ALICE, allow(URL, Condition=signed), allow(FUNCTION, Condition=by_url))
    assert await admits(stage, ALICE)
    assert not await stage.may(ALICE), "invoking past the URL is not allowed with it"
    stage.identities.bind(
        ALICE, allow(URL, Condition={"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}}), allow(FUNCTION)
    )
    assert not await admits(stage, ALICE)


async def test_another_account_needs_both_sides():
    stage = Stage()
    await stage.add()
    stage.identities.bind(BOB, allow("lambda:*"))
    assert not await admits(stage, BOB)
    await stage.attach(lets_in(URL, OTHER_ACCOUNT))
    assert not await admits(stage, BOB)
    await stage.attach(lets_in("lambda:*", OTHER_ACCOUNT))
    assert await admits(stage, BOB)
    stage.identities.bind(BOB)
    assert not await admits(stage, BOB)


async def test_an_unknown_key_is_let_in_by_its_own_account_or_by_the_functions_policy():
    stage, other = Stage(), Scope(OTHER_ACCOUNT, REGION)
    await stage.add()
    assert await admits(stage, None)
    assert not await admits(stage, None, other)
    await stage.attach(lets_in("lambda:*", OTHER_ACCOUNT))
    assert await admits(stage, None, other)
