"""The frontend: what is cached, and that leases and answers come back whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from lambdad.assignment.pools import Pools
from lambdad.counting.ledger import Ledger
from lambdad.domain.errors import LambdadError, ServiceFault, Throttled
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.outcome import Status
from lambdad.domain.scope import Scope
from lambdad.frontend.invoke import Frontend
from lambdad.placement.capacity import Placement
from lambdad.ports.invoker import Invoked, InvokeRequest
from lambdad.ports.worker import EnvironmentOwner
from tests.fakes.worker import FakeClock, version_of

KEY = (Scope(), "hello", None)


class Catalogue:
    """Answers what it read before something else happened."""

    def __init__(self) -> None:
        self.version = version_of()
        self.while_reading: Callable[[], None] | None = None
        self.reads = 0

    async def resolve(self, scope: Scope, function: str, qualifier: str | None) -> FunctionVersion:
        self.reads += 1
        read = self.version
        if self.while_reading is not None:
            self.while_reading()
        await asyncio.sleep(0)
        return read


class Worker:
    """Starts environments that never come up, or fails to."""

    def __init__(self) -> None:
        self.started: list[FunctionVersion] = []
        self.fail = False
        self.leaving = 0

    def start(self, version: FunctionVersion, owner: EnvironmentOwner, _type: str) -> object:
        if self.fail:
            raise RuntimeError("a defect")
        self.started.append(version)
        return object()


class Stage:
    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self.worker = Worker()
        self.pools = Pools(Placement(self.worker, 10), FakeClock(), 100)  # type: ignore[arg-type]
        self.clock = FakeClock()
        self.ledger = Ledger(2, self.clock.monotonic)
        self.frontend = Frontend(self.catalogue.resolve, self.pools, self.ledger, self.clock)
        self.done: list[Invocation] = []

    @property
    def leases(self) -> int:
        return self.ledger.quota(Scope()).in_use

    def update(self) -> None:
        self.catalogue.version = replace(self.catalogue.version, revision_id="r2", timeout_s=9)
        self.frontend.forget(Scope(), "hello")


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_a_change_while_a_function_is_looked_up_is_not_forgotten(stage: Stage) -> None:
    def once() -> None:
        stage.catalogue.while_reading = None
        stage.update()

    stage.catalogue.while_reading = once
    route = await stage.frontend.route(KEY)
    assert route.version.timeout_s == 9
    cached = stage.frontend.cached(KEY)
    assert cached is not None
    assert cached.version.timeout_s == 9


async def test_changes_without_end_keep_nobody_waiting_and_nothing_old_is_kept(stage: Stage) -> None:
    stage.catalogue.while_reading = stage.update
    route = await stage.frontend.route(KEY)
    assert route.stale
    assert stage.frontend.cached(KEY) is None
    assert stage.catalogue.reads == 3


async def test_a_lease_comes_back_when_nobody_can_be_found_to_run(stage: Stage) -> None:
    route = await stage.frontend.route(KEY)
    stage.worker.fail = True
    stage.frontend.start(route, "id-1", b"{}", stage.done.append)
    assert isinstance(stage.done[0].error, ServiceFault)
    assert (stage.leases, stage.frontend.in_flight) == (0, 0)


async def test_what_is_reserved_holds_for_a_route_in_use(stage: Stage) -> None:
    route = await stage.frontend.route(KEY)
    stage.ledger.reserve(Scope(), "hello", 0)
    stage.frontend.start(route, "id-1", b"{}", stage.done.append)
    refused = stage.done[0].error
    assert isinstance(refused, Throttled)
    assert refused.reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
    stage.ledger.reserve(Scope(), "hello", None)
    assert stage.frontend.cached(KEY) is route
    stage.frontend.start(route, "id-2", b"{}", stage.done.append)
    assert (len(stage.done), stage.leases) == (1, 1)


async def test_a_caller_that_breaks_does_not_keep_its_lease(stage: Stage) -> None:
    def broken(invocation: Invocation) -> None:
        stage.done.append(invocation)
        raise RuntimeError("a defect")

    route = await stage.frontend.route(KEY)
    stage.frontend.start(route, "id-1", b"{}", broken)
    stage.frontend.stop()
    assert len(stage.done) == 1
    assert (stage.leases, stage.frontend.in_flight) == (0, 0)


class Taker:
    """An environment that takes an event and leaves it to the test."""

    environment_id = "e-1"
    idle_since = 0.0
    expires_at = float("inf")

    def __init__(self, taken: list[Invocation]) -> None:
        self.run = taken.append

    def retire(self) -> None:
        return None


async def test_settling_twice_answers_once_and_gives_one_lease_back(stage: Stage) -> None:
    route = await stage.frontend.route(KEY)
    stage.frontend.start(route, "id-1", b"{}", stage.done.append)
    stage.frontend.start(route, "id-2", b"{}", stage.done.append)
    taken: list[Invocation] = []
    route.pool.environment_idle(Taker(taken))
    (invocation,) = taken
    invocation.settle(Status.SUCCESS, b"1")
    invocation.settle(Status.ERROR, b"2")
    assert len(stage.done) == 1
    assert stage.leases == 1


async def test_at_the_end_who_waits_is_told_and_nobody_is_taken_any_more(stage: Stage) -> None:
    route = await stage.frontend.route(KEY)
    stage.frontend.start(route, "id-1", b"{}", stage.done.append)
    stage.frontend.stop()
    stage.frontend.start(route, "id-2", b"{}", stage.done.append)
    assert [type(one.error) for one in stage.done] == [ServiceFault, ServiceFault]
    assert (stage.leases, stage.frontend.in_flight) == (0, 0)


async def test_whoever_asks_hears_something_when_the_catalogue_fails(stage: Stage) -> None:
    def fail() -> None:
        raise OSError("disk")

    stage.catalogue.while_reading = fail
    heard: asyncio.Future[Invoked | LambdadError] = asyncio.get_running_loop().create_future()
    request = InvokeRequest(scope=Scope(), function="hello", qualifier=None, payload=b"{}", request_id="id-1")
    stage.frontend.invoke(request, heard.set_result)
    async with asyncio.timeout(5):
        assert isinstance(await heard, ServiceFault)


@pytest.mark.parametrize(
    ("function", "qualifier", "qualified"),
    [
        ("hello", None, False),
        ("hello:$LATEST", None, True),
        ("hello", "$LATEST", True),
        ("000000000000:hello", None, False),
        ("000000000000:function:hello", None, False),
        ("function:hello", None, False),
        ("arn:aws:lambda:us-east-1:000000000000:function:hello", None, False),
        ("arn:aws:lambda:us-east-1:000000000000:function:hello:$LATEST", None, True),
    ],
)
async def test_a_function_sees_the_name_it_was_called_by(
    function: str, qualifier: str | None, qualified: bool
) -> None:
    route = await Stage().frontend.route((Scope(), function, qualifier))
    plain = "arn:aws:lambda:us-east-1:000000000000:function:hello"
    assert route.invoked_arn == (f"{plain}:$LATEST" if qualified else plain)
