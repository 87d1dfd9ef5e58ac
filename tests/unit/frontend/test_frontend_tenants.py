"""Tenants: who must name one, and that no two of them ever meet in one environment."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from lambdad.assignment.pools import Pools
from lambdad.counting.ledger import Ledger
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.scope import Scope
from lambdad.frontend.invoke import Frontend
from lambdad.frontend.splitting import Weighted
from lambdad.placement.capacity import Placement
from tests.fakes.environments import FakeEnvironment, FakeWorker
from tests.fakes.worker import FakeClock, version_of

KEY = (Scope(), "hello", None)


class Stage:
    """A frontend over fake environments."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.worker = FakeWorker(self.clock)
        self.pools = Pools(Placement(self.worker, 10), self.clock, 100)
        self.frontend = Frontend(self.resolve, self.pools, Ledger(10), self.clock)
        self.version = version_of(tenant_isolation="PER_TENANT")
        self.resolved: Weighted | None = None
        self.done: list[Invocation] = []

    async def resolve(
        self, _scope: Scope, _function: str, _qualifier: str | None
    ) -> FunctionVersion | Weighted:
        return self.resolved or self.version

    async def call(self, tenant: str) -> FakeEnvironment:
        """The environment that takes the event; it ends the event."""
        route = self.frontend.cached(KEY, tenant) or await self.frontend.route(KEY, tenant)
        self.frontend.start(route, "id", b"{}", self.done.append)
        for one in self.worker.made:
            if not one.gone and one.idle_since == 0.0:
                one.ready()
        (taken,) = [one for one in self.worker.made if one.current is not None]
        taken.finish()
        return taken


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def test_a_tenant_has_its_environments_to_itself_and_finds_them_again(stage: Stage) -> None:
    blue = await stage.call("blue")
    red = await stage.call("red")
    assert blue is not red
    assert await stage.call("blue") is blue
    assert await stage.call("red") is red
    assert len(stage.worker.made) == 2


async def test_tenants_are_told_apart_by_every_letter(stage: Stage) -> None:
    names = ["a", "A", "a ", "a/", "a:b", "a@b"]
    assert len({id(await stage.call(name)) for name in names}) == len(names)


async def test_a_call_without_a_tenant_is_refused_in_aws_words(stage: Stage) -> None:
    text = (
        "The invoked function is enabled with tenancy configuration. "
        "Add a valid tenant ID in your request and try again."
    )
    with pytest.raises(InvalidParameter, match=f"^{re.escape(text)}$"):
        await stage.frontend.route(KEY)
    await stage.call("blue")
    assert stage.frontend.cached(KEY) is None
    assert len(stage.worker.made) == 1


async def test_a_tenant_where_none_are_kept_apart_is_refused(stage: Stage) -> None:
    stage.version = version_of()
    with pytest.raises(InvalidParameter, match="is not enabled with tenancy configuration"):
        await stage.frontend.route(KEY, "blue")
    assert await stage.frontend.route(KEY) is stage.frontend.cached(KEY)


async def test_a_change_ends_the_environments_of_every_tenant(stage: Stage) -> None:
    old = [await stage.call(name) for name in ("blue", "red")]
    stage.version = replace(stage.version, revision_id="r2", timeout_s=9)
    stage.frontend.forget(Scope(), "hello")
    assert all(one.gone for one in old)
    assert await stage.call("blue") not in old
    stage.frontend.forget(Scope(), "hello")
    assert all(one.gone for one in stage.worker.made)


async def test_pools_of_tenants_that_do_not_come_back_are_given_up(stage: Stage) -> None:
    blue = await stage.call("blue")
    route = stage.frontend.cached(KEY, "blue")
    assert route is not None
    stage.clock.time += 1_000
    stage.pools.reclaim()
    assert blue.gone
    assert route.pool.retired
    assert stage.frontend.cached(KEY, "blue") is None
    assert await stage.call("blue") is not blue


async def test_the_function_is_told_its_tenant_and_others_see_no_such_header(stage: Stage) -> None:
    told = await stage.frontend.route(KEY, "blue @1")
    head = told.head % (b"id", 1, b"trace", 2)
    assert b"\r\nLambda-Runtime-Aws-Tenant-Id: blue @1\r\n" in head
    stage.version = version_of("other")
    silent: Any = await stage.frontend.route((Scope(), "other", None))
    assert b"Tenant" not in silent.head % (b"id", 1, b"trace", 2)


async def test_a_weighted_alias_splits_the_calls_of_each_tenant_among_its_own(stage: Stage) -> None:
    drawn = iter([0.9, 0.1] * 20)
    stage.frontend = Frontend(stage.resolve, stage.pools, Ledger(10), stage.clock, lambda: next(drawn))
    other = replace(stage.version, version="2", revision_id="r2")
    stage.resolved = Weighted(replace(stage.version, version="1"), other, 0.5)
    taken: dict[str, set[FakeEnvironment]] = {"blue": set(), "red": set()}
    for _ in range(4):
        for tenant, environments in taken.items():
            environments.add(await stage.call(tenant))
    assert not taken["blue"] & taken["red"]
    with pytest.raises(InvalidParameter, match="Add a valid tenant ID"):
        await stage.frontend.route(KEY)
