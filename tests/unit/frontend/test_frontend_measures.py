"""What the frontend tells of calls: throttles, loops, and how many ran at once under each name."""

from __future__ import annotations

import pytest

from lambdad.assignment.pools import Pools
from lambdad.counting.ledger import Ledger
from lambdad.domain.errors import Throttled
from lambdad.domain.event import Lane
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.measured import Measured, Noted, RoutePeak
from lambdad.domain.outcome import Status
from lambdad.domain.scope import Scope
from lambdad.frontend.invoke import Frontend, Route
from lambdad.placement.capacity import Placement
from lambdad.ports.measures import Measures
from tests.fakes.moments import FakeClock
from tests.fakes.worker import version_of

HERE = Scope()
pytestmark = pytest.mark.asyncio


class Holding:
    """A pool whose calls end when the test says so; implements what the frontend needs of one."""

    retired = False

    def __init__(self) -> None:
        self.held: list[Invocation] = []

    def assign(self, invocation: Invocation) -> None:
        self.held.append(invocation)


class Stage:
    def __init__(self) -> None:
        clock = FakeClock(1_000.5)
        self.noted: list[Noted] = []
        pools = Pools(Placement(object(), 10), clock, 100)  # type: ignore[arg-type]
        measures = Measures(lambda _: None, self.noted.append)
        self.frontend = Frontend(self.resolve, pools, Ledger(2, clock.monotonic), clock, measures=measures)
        self.pool = Holding()

    async def resolve(self, scope: Scope, function: str, qualifier: str | None) -> FunctionVersion:
        return version_of(function, version="3")

    async def route(self, qualifier: str | None = None) -> Route:
        route = await self.frontend.route((HERE, "hello", qualifier))
        route.pool = self.pool  # type: ignore[assignment]
        return route

    def call(self, route: Route, times: int = 1, trace: str | None = None) -> None:
        for _ in range(times):
            self.frontend.start(route, "id", b"{}", lambda _: None, trace=trace)

    def end(self) -> None:
        while self.pool.held:
            self.pool.held.pop().settle(Status.SUCCESS, b"1")


async def test_a_throttled_call_is_told_under_the_name_it_was_called_by() -> None:
    stage = Stage()
    stage.call(await stage.route("live"), 3)
    assert stage.noted == [(Measured.THROTTLES, Lane(HERE, "hello", "live"), "3", 1_000_500, 1.0)]


async def test_a_call_that_waited_in_vain_is_throttled_as_well() -> None:
    stage = Stage()
    stage.call(await stage.route())
    stage.pool.held.pop().refuse(Throttled("ConcurrentInvocationLimitExceeded"))
    assert [what for what, *_ in stage.noted] == [Measured.THROTTLES]


async def test_a_call_that_came_round_too_often_is_told_of() -> None:
    stage = Stage()
    route = await stage.route()
    stage.call(route, trace=f"Root=1-6a0000-0;Lineage=1:{route.key}:15")
    assert [(what, lane) for what, lane, *_ in stage.noted] == [(Measured.RECURSIVE_DROPPED, route.lane)]


async def test_how_many_ran_at_once_is_seen_by_name_until_the_next_look() -> None:
    stage = Stage()
    live, plain = await stage.route("live"), await stage.route()
    stage.call(live)
    stage.end()
    stage.call(plain, 2)
    assert set(stage.frontend.peaks()) == {
        RoutePeak(Lane(HERE, "hello", "live"), "3", 1),
        RoutePeak(Lane(HERE, "hello"), "3", 2),
    }
    assert stage.frontend.peaks() == (RoutePeak(Lane(HERE, "hello"), "3", 2),)
    stage.end()
    stage.frontend.peaks()
    assert stage.frontend.peaks() == ()
