"""Calls that come round too often are stopped where they start, unless their function may."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from lambdad.assignment.pools import Pools
from lambdad.counting.ledger import Ledger
from lambdad.domain.errors import RecursiveInvocation
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.lineage import first, key_of
from lambdad.domain.scope import Scope
from lambdad.frontend.invoke import Frontend
from lambdad.placement.capacity import Placement
from lambdad.ports.worker import EnvironmentOwner
from tests.fakes.worker import FakeClock, version_of

KEY = (Scope(), "hello", None)
LINEAGE = key_of("arn:aws:lambda:us-east-1:000000000000:function:hello")


class Starting:
    """Environments that never come up: who was admitted waits."""

    leaving = 0

    def start(self, version: FunctionVersion, owner: EnvironmentOwner, _type: str) -> object:
        return object()


@dataclass
class Called:
    frontend: Frontend
    done: list[Invocation] = field(default_factory=list)

    async def __call__(self, trace: str | None) -> Invocation:
        route = self.frontend.cached(KEY) or await self.frontend.route(KEY)
        return self.frontend.start(route, "id", b"{}", self.done.append, trace=trace)


@pytest.fixture
def call() -> Called:
    async def resolve(scope: Scope, name: str, qualifier: str | None) -> FunctionVersion:
        return version_of(name)

    pools = Pools(Placement(Starting(), 10), FakeClock(), 100)  # type: ignore[arg-type]
    return Called(Frontend(resolve, pools, Ledger(100), FakeClock()))


async def test_a_call_without_a_header_begins_a_chain(call: Called) -> None:
    seen = (await call(None)).trace
    assert seen.startswith("Root=1-")
    assert seen.endswith(f";Sampled=0{first(LINEAGE)}")


async def test_the_seventeenth_call_of_a_chain_is_refused_and_holds_nothing(call: Called) -> None:
    trace = None
    for _ in range(16):
        trace = (await call(trace)).trace
    assert call.done == []
    in_flight = call.frontend.in_flight
    refused = await call(trace)
    assert isinstance(refused.error, RecursiveInvocation)
    assert call.done == [refused]
    assert call.frontend.in_flight == in_flight
    assert call.frontend.loops.stopped == 1


async def test_a_function_that_may_loop_is_never_refused(call: Called) -> None:
    call.frontend.loops.allow(Scope(), "hello", True)
    trace = None
    for _ in range(40):
        trace = (await call(trace)).trace
    assert call.done == []
    call.frontend.loops.allow(Scope(), "hello", False)
    call.frontend.reroute(Scope(), "hello")
    assert isinstance((await call(trace)).error, RecursiveInvocation)


async def test_namesakes_of_other_accounts_share_no_permission(call: Called) -> None:
    call.frontend.loops.allow(Scope("1" * 12), "hello", True)
    assert isinstance((await call(f"Lineage=1:{LINEAGE}:15")).error, RecursiveInvocation)
