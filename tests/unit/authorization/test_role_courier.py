"""A destination is told what the function's role may tell it, and nothing else."""

from __future__ import annotations

import pytest

from lambdad.domain.event import Delivery
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.role_courier import RoleCourier
from lambdad.identity.authorization.sending import Sending
from lambdad.ports.courier import NotAllowed
from tests.fakes.grants import ACCOUNT, FakeGrants, allow, deny, session
from tests.fakes.moments import FakeClock
from tests.unit.authorization.gate_stage import ORDERS, ROLE, SCOPE

pytestmark = pytest.mark.asyncio
WORKER = session("worker")
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:told"
TARGETS = {
    QUEUE: ("sqs:SendMessage", QUEUE),
    f"arn:aws:sns:us-east-1:{ACCOUNT}:told": ("sns:Publish", f"arn:aws:sns:us-east-1:{ACCOUNT}:told"),
    f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/told": ("events:PutEvents", "*"),
    f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:heir": ("lambda:InvokeFunction", "*"),
    "arn:aws:s3:::told": ("s3:PutObject", "arn:aws:s3:::told/*"),
}


class Scene:
    """A role and what arrives."""

    def __init__(self, *, enforce: bool = False) -> None:
        self.grants = FakeGrants()
        self.arrived: list[Delivery] = []
        self.courier = RoleCourier(
            self, Sending(Authority(self.grants, FakeClock(), enforce=enforce), FakeClock())
        )

    async def bring(self, delivery: Delivery) -> None:
        self.arrived.append(delivery)

    async def sent(self, target: str, role: str | None = ROLE) -> bool:
        made = Delivery(SCOPE, target, b"{}", f"{ORDERS}:$LATEST", "r-1", "Root=1", 1, role=role)
        try:
            await self.courier.bring(made)
        except NotAllowed:
            return False
        return self.arrived[-1:] == [made]


@pytest.mark.parametrize("target", TARGETS)
async def test_each_kind_of_target_needs_its_permission(target: str) -> None:
    scene = Scene()
    action, resource = TARGETS[target]
    others = sorted({action for action, _ in TARGETS.values()} - {action})
    scene.grants.bind(WORKER, allow(*others))
    assert not await scene.sent(target)
    scene.grants.bind(WORKER, allow(action, resource=resource))
    assert await scene.sent(target)
    scene.grants.bind(WORKER, allow("*"), deny(action, resource=resource))
    assert not await scene.sent(target)
    assert len(scene.arrived) == 1


async def test_a_refusal_says_who_may_not_do_what() -> None:
    scene = Scene()
    scene.grants.bind(WORKER, allow("logs:*"))
    made = Delivery(SCOPE, QUEUE, b"{}", f"{ORDERS}:1", "r-1", "Root=1", 1, role=ROLE)
    with pytest.raises(NotAllowed) as refused:
        await scene.courier.bring(made)
    assert str(refused.value) == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/worker/orders is not authorized to perform: "
        f"sqs:sendmessage on resource: {QUEUE} "
        "because no identity-based policy allows the sqs:sendmessage action"
    )


async def test_a_role_that_nobody_knows_acts_as_the_account_unless_the_server_enforces() -> None:
    assert await Scene().sent(QUEUE)
    assert not await Scene(enforce=True).sent(QUEUE)
