"""Who is refused for want of a quota: told the reason, counted by function and reason, and told to the log."""

from __future__ import annotations

import logging

import pytest

from lambdad.assignment.pools import Pools
from lambdad.counting.ledger import Ledger
from lambdad.domain.errors import LambdadError, Throttled
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.outcome import Status
from lambdad.domain.scope import Scope
from lambdad.frontend import throttles
from lambdad.frontend.invoke import Frontend, Route
from lambdad.frontend.throttles import Throttles
from lambdad.placement.capacity import Placement
from lambdad.ports.invoker import Invoked, InvokeRequest
from tests.fakes.moments import FakeClock
from tests.fakes.worker import version_of

HERE = Scope()
RATE = "FunctionInvocationRateLimitExceeded"
LEASES = "ConcurrentInvocationLimitExceeded"
pytestmark = pytest.mark.asyncio


class Answering:
    """A pool whose environments answer at once, except while it is told to hold."""

    retired = False

    def __init__(self) -> None:
        self.refusal: LambdadError | None = None
        self.holds = False

    def assign(self, invocation: Invocation) -> None:
        if self.refusal is not None:
            invocation.refuse(self.refusal)
        elif not self.holds:
            invocation.settle(Status.SUCCESS, b"1")


class Stage:
    def __init__(self) -> None:
        self.clock = FakeClock(1_000.0)
        self.ledger = Ledger(2, self.clock.monotonic)
        pools = Pools(Placement(object(), 10), self.clock, 100)  # type: ignore[arg-type]
        self.frontend = Frontend(self.resolve, pools, self.ledger, self.clock)
        self.pool = Answering()
        self.done: list[Invocation] = []

    async def resolve(self, scope: Scope, function: str, qualifier: str | None) -> FunctionVersion:
        return version_of(function, scope=scope)

    async def route(self) -> Route:
        route = await self.frontend.route((HERE, "hello", None))
        route.pool = self.pool  # type: ignore[assignment]
        return route

    def call(self, route: Route, times: int, *, is_event: bool = False) -> list[str]:
        """The reasons of those that were refused."""
        self.done.clear()
        for _ in range(times):
            self.frontend.start(route, "id", b"{}", self.done.append, is_event=is_event)
        return [one.error.reason for one in self.done if isinstance(one.error, Throttled)]

    def counted(self) -> list[tuple[str, str, int]]:
        return [(one.function, one.reason, one.count) for one in self.frontend.throttles.report()]


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_calls_beyond_the_rate_are_refused_until_the_next_may_come(stage: Stage) -> None:
    route = await stage.route()
    assert stage.call(route, 25) == [RATE] * 5
    assert (stage.frontend.in_flight, stage.ledger.quota(HERE).in_use) == (0, 0)
    stage.clock.now_s += 1
    assert stage.call(route, 20) == []


async def test_an_event_runs_although_there_were_too_many_calls(stage: Stage) -> None:
    route = await stage.route()
    stage.call(route, 25)
    assert stage.call(route, 25, is_event=True) == []
    heard: list[Invoked | LambdadError] = []
    for is_event in (True, False):
        request = InvokeRequest(HERE, "hello", b"{}", "id", is_event=is_event)
        stage.frontend.invoke(request, heard.append)
    assert [type(one) for one in heard] == [Invoked, Throttled]


async def test_refusals_are_counted_by_function_and_reason_wherever_they_come_from(stage: Stage) -> None:
    route = await stage.route()
    stage.call(route, 23)
    stage.clock.now_s += 1
    stage.pool.holds = True
    assert stage.call(route, 4) == [LEASES] * 2
    for held in list(stage.done):
        assert held.error is not None
    assert stage.counted() == [("hello", RATE, 3), ("hello", LEASES, 2)]


async def test_a_refusal_for_want_of_room_is_counted_as_well(stage: Stage) -> None:
    route = await stage.route()
    stage.pool.refusal = Throttled(LEASES)
    assert stage.call(route, 1) == [LEASES]
    assert stage.counted() == [("hello", LEASES, 1)]


async def test_the_log_is_told_once_a_minute_for_each_reason(caplog: pytest.LogCaptureFixture) -> None:
    counts = Throttles()
    with caplog.at_level(logging.WARNING):
        for second in range(130):
            counts.count(HERE, "hello", RATE, float(second))
        counts.count(HERE, "hello", LEASES, 130.0)
    told = [record.getMessage() for record in caplog.records]
    assert told == [
        f"hello is throttled: {RATE} (1 times so far)",
        f"hello is throttled: {RATE} (61 times so far)",
        f"hello is throttled: {RATE} (121 times so far)",
        f"hello is throttled: {LEASES} (1 times so far)",
    ]


async def test_functions_without_end_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttles, "_MOST_KINDS", 3)
    counts = Throttles()
    for number in range(10):
        counts.count(HERE, f"f-{number}", RATE, 0.0)
    assert [one.count for one in counts.report()] == [1, 1, 1, 7]
    assert next(reversed(list(counts.report()))).scope is None
