"""Weighted aliases as calls feel them: which version each gets, and what is forgotten when."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.assignment.pools import Pools
from lambdad.counting.ledger import Ledger
from lambdad.domain.errors import SnapStartNotReady
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.scope import Scope
from lambdad.frontend.invoke import Frontend, Route
from lambdad.frontend.provisioning import Provisioning
from lambdad.frontend.splitting import Split, Weighted, takes_other
from lambdad.placement.capacity import Placement
from tests.fakes.environments import FakeWorker
from tests.fakes.worker import FakeClock, version_of

KEY = (Scope(), "hello", "live")
ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello:live"
ONE, TWO = version_of(version="1"), version_of(version="2")


class Drawing:
    """Draws 0.05, 0.15 … 0.95 and again."""

    def __init__(self) -> None:
        self._numbers: Iterator[float] = itertools.cycle([place / 10 + 0.05 for place in range(10)])

    def __call__(self) -> float:
        return next(self._numbers)


class Scene:
    """A function whose alias means what the test says."""

    def __init__(self) -> None:
        clock = FakeClock()
        self.means: FunctionVersion | Weighted = Weighted(ONE, TWO, 0.3)
        self.reads = 0
        self.worker = FakeWorker(clock)
        pools, ledger = Pools(Placement(self.worker, 50), clock, idle_s=100), Ledger(50)
        self.provisioning = Provisioning(pools, ledger)
        self.frontend = Frontend(self._resolve, pools, ledger, clock, draw=Drawing())

    async def _resolve(self, scope: Scope, name: str, qualifier: str | None) -> FunctionVersion | Weighted:
        self.reads += 1
        return self.means if qualifier == "live" else version_of(name)

    async def route(self, key: tuple[Scope, str, str | None] = KEY) -> Route:
        return self.frontend.cached(key) or await self.frontend.route(key)

    async def versions(self, count: int = 100) -> Counter[str]:
        return Counter([(await self.route()).version.version for _ in range(count)])


async def test_calls_are_split_by_weight_and_the_alias_is_looked_up_once() -> None:
    scene = Scene()
    assert await scene.versions() == {"1": 70, "2": 30}
    assert scene.reads == 1


@pytest.mark.parametrize(("weight", "found"), [(0.0, {"1": 100}), (1.0, {"2": 100})])
async def test_nothing_and_everything_are_weights_too(weight: float, found: dict[str, int]) -> None:
    scene = Scene()
    scene.means = Weighted(ONE, TWO, weight)
    assert await scene.versions() == found


async def test_both_versions_are_called_by_the_aliass_name() -> None:
    scene = Scene()
    routes = [await scene.route() for _ in range(10)]
    assert {route.invoked_arn for route in routes} == {ARN}
    assert {route.version.version for route in routes} == {"1", "2"}


async def test_a_moved_alias_counts_from_the_next_call_on() -> None:
    scene = Scene()
    remembered = [await scene.route() for _ in range(10)]
    scene.means = version_of(version="3")
    scene.frontend.reroute(Scope(), "hello")
    assert await scene.versions() == {"3": 100}
    assert all(route.stale for route in remembered)
    assert (await scene.route()).split is None


async def test_an_alias_without_weights_is_called_by_its_name() -> None:
    scene = Scene()
    scene.means = TWO
    route = await scene.route()
    assert (route.invoked_arn, route.version, route.split) == (ARN, TWO, None)


async def test_what_runs_stays_when_an_alias_moves() -> None:
    scene = Scene()
    done: list[Invocation] = []
    for key in ((Scope(), "hello", None), KEY):
        scene.frontend.start(await scene.route(key), "id", b"{}", done.append)
    for one in scene.worker.made:
        one.ready()
        one.finish()
    scene.means = TWO  # as the first draw chose
    scene.frontend.reroute(Scope(), "hello")
    for key in ((Scope(), "hello", None), KEY):
        scene.frontend.start(await scene.route(key), "id", b"{}", done.append)
    assert len(scene.worker.made) == 2
    assert not any(one.gone for one in scene.worker.made)


@pytest.mark.parametrize("version", [ONE, TWO])
async def test_what_is_provisioned_for_either_version_is_used(version: FunctionVersion) -> None:
    scene = Scene()
    before = [await scene.route() for _ in range(10)]
    scene.provisioning.provide(version, 1)
    after = [await scene.route() for _ in range(10)]
    pools = {route.pool for route in after if route.version == version}
    assert pools.isdisjoint(route.pool for route in before)
    assert not any(route.pool.retired for route in after)
    assert scene.reads == 2


async def test_an_alias_that_moves_while_it_is_looked_up_is_good_for_one_call() -> None:
    scene = Scene()
    moved = replace(ONE, revision_id="r9")

    async def restless(scope: Scope, name: str, qualifier: str | None) -> FunctionVersion | Weighted:
        scene.frontend.reroute(scope, name)
        return Weighted(moved, TWO, 0.5)

    scene.frontend = Frontend(restless, scene.frontend._pools, Ledger(5), FakeClock(), draw=Drawing())
    route = await scene.route()
    assert route.stale
    assert scene.frontend.cached(KEY) is None


async def test_a_version_that_cannot_run_is_refused_to_its_share_of_calls_until_it_can() -> None:
    scene = Scene()
    scene.means = Weighted(ONE, TWO, 0.3, (None, SnapStartNotReady("not yet")))
    found: Counter[str] = Counter()
    for _ in range(100):
        try:
            route = await scene.route()
        except SnapStartNotReady:
            found["refused"] += 1
        else:
            assert route.stale  # good for one call, so that nobody remembers it
            found[route.version.version] += 1
    assert found == {"1": 70, "refused": 30}
    scene.means = Weighted(ONE, TWO, 0.3)
    assert await scene.versions() == {"1": 70, "2": 30}


@given(st.floats(0, 1), st.floats(0, 1, exclude_max=True))
def test_the_choice_is_the_share_below_the_weight(weight: float, drawn: float) -> None:
    assert takes_other(weight, drawn) == (drawn < weight)


def test_the_draws_of_a_real_split_are_fair() -> None:
    """Within seven standard deviations: fails once in 10^11 runs."""

    class Pooled:
        retired = False

    class Routed:
        pool = Pooled()

    main, other, count, weight = Routed(), Routed(), 20_000, 0.3
    split = Split(main, other, weight)
    found = sum(split.pick() is other for _ in range(count))
    assert abs(found - count * weight) < 7 * (count * weight * (1 - weight)) ** 0.5
