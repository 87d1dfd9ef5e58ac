"""Where a function's sandbox comes from, way after way, and what is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.pools.housing import Housing, kind_for
from lambdad.worker.runtimes.launch import RuntimeLaunch
from lambdad.worker.sandbox.blank import BARE_KIND, DEFAULTS, BlankKind, StartPath
from lambdad.worker.sandbox.plan import Limits, ProcessPlan, SandboxPlan
from tests.fakes.blanks import PYTHON, FakeBlank, FakeBlanks, PoolStage, settle

PLAN = SandboxPlan("e-1", (), Limits(1, 1.0, 1, 1, 1))
LAUNCH = RuntimeLaunch(PYTHON.stands_for, (), {}, "python:3.13.v1", own_client=True, blank=PYTHON)
BROKEN = EnvironmentUnavailable("no pids are free")


@pytest.fixture
async def stage() -> AsyncIterator[PoolStage]:
    made = PoolStage()
    yield made
    await made.pools.close()


def housing(stage: PoolStage) -> Housing:
    return Housing(stage.factory, stage.pools)  # type: ignore[arg-type]


def failing_assignments(factory: FakeBlanks, count: int) -> None:
    def prepare(blank: FakeBlank) -> None:
        blank.assign_fails = BROKEN if blank.number < count else None

    factory.prepare = prepare


async def test_a_function_gets_a_blank_that_is_assigned_to_it(stage: PoolStage) -> None:
    home = housing(stage)
    sandbox, path = await home.house(PLAN, LAUNCH, {})
    assert path is StartPath.FORK
    assert sandbox is stage.factory.made[0]
    assert stage.factory.made[0].assigned == PLAN
    await stage.advance(1)
    assert (await home.house(PLAN, LAUNCH, {}))[1] is StartPath.POOL
    assert home.starts == {StartPath.FORK: 1, StartPath.POOL: 1}


async def test_without_pools_every_sandbox_is_made_for_its_function() -> None:
    factory = FakeBlanks()
    home = Housing(factory)  # type: ignore[arg-type]
    home.expect(PYTHON)
    _, path = await home.house(PLAN, LAUNCH, {})
    assert path is StartPath.SPAWN
    assert (factory.created, factory.asked) == ([PLAN], [])
    assert home.starts == {StartPath.SPAWN: 1}


async def test_when_no_blank_can_be_made_the_sandbox_is_made_for_the_function(stage: PoolStage) -> None:
    home = housing(stage)
    stage.factory.fails = BROKEN
    _, path = await home.house(PLAN, LAUNCH, {})
    assert path is StartPath.SPAWN
    assert stage.factory.created == [PLAN]
    assert home.starts == {StartPath.SPAWN: 1}


async def test_a_blank_that_cannot_be_assigned_is_destroyed_and_another_is_tried(stage: PoolStage) -> None:
    home = housing(stage)
    failing_assignments(stage.factory, 1)
    sandbox, path = await home.house(PLAN, LAUNCH, {})
    assert path is StartPath.FORK
    assert sandbox is stage.factory.made[1]
    assert [one.destroyed for one in stage.factory.made] == [1, 0]
    assert home.starts == {StartPath.FORK: 1}


async def test_when_none_can_be_assigned_the_sandbox_is_made_for_the_function(stage: PoolStage) -> None:
    home = housing(stage)
    failing_assignments(stage.factory, 100)
    _, path = await home.house(PLAN, LAUNCH, {})
    assert path is StartPath.SPAWN
    assert [one.destroyed for one in stage.factory.made] == [1, 1]
    assert home.starts == {StartPath.SPAWN: 1}


async def test_what_the_last_way_says_is_what_the_caller_hears(stage: PoolStage) -> None:
    home = housing(stage)
    stage.factory.fails = BROKEN
    stage.factory.create_fails = EnvironmentUnavailable("The sandbox could not be made: no room")
    with pytest.raises(EnvironmentUnavailable, match="no room"):
        await home.house(PLAN, LAUNCH, {})
    assert home.starts == {}


async def test_an_assignment_that_is_given_up_destroys_the_blank(stage: PoolStage) -> None:
    def prepare(blank: FakeBlank) -> None:
        blank.assign_fails = asyncio.CancelledError()  # type: ignore[assignment]

    stage.factory.prepare = prepare
    with pytest.raises(asyncio.CancelledError):
        await housing(stage).house(PLAN, LAUNCH, {})
    await settle()
    assert stage.factory.living == []


async def test_what_goes_on_from_an_image_is_counted_as_restored_only(stage: PoolStage) -> None:
    home = housing(stage)
    _, path = await home.house(PLAN, LAUNCH, {})
    home.restored(path)
    assert +home.starts == {StartPath.RESTORE: 1}


async def test_an_expected_runtime_waits_before_the_first_call(stage: PoolStage) -> None:
    housing(stage).expect(PYTHON)
    await stage.advance(1)
    assert stage.of(PYTHON)[0] > 0


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"TZ": "Europe/Zurich"},
        {"LANG": DEFAULTS["LANG"]},
        {"PATH": "/opt/other:/bin"},
        {"PYTHONPATH": "/opt/mine"},
        {"NODE_PATH": "/opt/mine", "NODE_ENV": "production"},
        {"MY_LD_PRELOAD": "x", "TABLE": "t"},
    ],
)
def test_what_is_read_later_leaves_the_waiting_program_usable(variables: dict[str, str]) -> None:
    assert kind_for(LAUNCH, variables) == PYTHON


@pytest.mark.parametrize(
    "variables",
    [
        {"LD_PRELOAD": "/opt/lib/jemalloc.so"},
        {"LD_LIBRARY_PATH": "/opt/lib"},
        {"PYTHONHASHSEED": "0"},
        {"PYTHONMALLOC": "debug"},
        {"NODE_OPTIONS": "--max-old-space-size=100"},
        {"NODE_EXTRA_CA_CERTS": "/var/task/ca.pem"},
        {"LANG": "C"},
        {"LC_ALL": "C.UTF-8"},
        {"LOCPATH": "/opt/locale"},
        {"MALLOC_ARENA_MAX": "2"},
        {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"},
        {"OPENSSL_CONF": "/var/task/openssl.cnf"},
        {"UV_THREADPOOL_SIZE": "16"},
        {"UV_USE_IO_URING": "0"},
    ],
)
def test_what_is_read_at_the_start_has_the_program_executed(variables: dict[str, str]) -> None:
    assert kind_for(LAUNCH, variables) == BARE_KIND
    assert not PYTHON.suits(ProcessPlan(PYTHON.stands_for, variables))


def test_a_wrapper_has_the_program_executed() -> None:
    wrapped = replace(LAUNCH, argv=("/bin/sh", "-c", "…", "bootstrap", "/opt/wrapper", *LAUNCH.argv))
    assert kind_for(wrapped, {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}) == BARE_KIND


def test_a_custom_runtime_takes_a_sandbox_in_which_nothing_waits() -> None:
    custom = RuntimeLaunch(("/var/runtime/bootstrap",), (), {}, "provided:al2023.v1", own_client=False)
    assert kind_for(custom, {}) == BARE_KIND


def test_only_the_runtime_itself_can_be_what_waits() -> None:
    kind: BlankKind = PYTHON
    assert kind.suits(ProcessPlan(kind.stands_for, {"A": "1"}))
    assert not kind.suits(ProcessPlan(kind.stands_for, {}, name="extension:a"))
    assert not kind.suits(ProcessPlan(kind.stands_for, {}, has_channel=False))
    assert not kind.suits(ProcessPlan(("python", "other"), {}))
