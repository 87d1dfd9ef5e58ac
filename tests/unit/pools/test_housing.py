"""How a function comes to its sandbox: a blank, or the next way, and what is counted of it."""

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.limits import MIB
from lambdad.worker.pools.blank_pools import BlankPools
from lambdad.worker.pools.housing import Housing, kind_for
from lambdad.worker.runtimes.launch import RuntimeLaunch
from lambdad.worker.sandbox.blank import BARE_KIND, BlankKind, StartPath
from lambdad.worker.sandbox.plan import SandboxPlan
from tests.fakes.blanks import FakeBlankFactory, VirtualTime
from tests.fakes.worker import LIMITS, FakeFactory

ARGV = ("/var/lang/bin/python3.13", "client.py")
PYTHON = BlankKind("python3.13", argv=("fork_server",), stands_for=ARGV, forks=True)
LAUNCH = RuntimeLaunch(ARGV, (), {}, "python:3.13.v1", own_client=True, blank=PYTHON)
PLAN = SandboxPlan("e-1", (), LIMITS, listen=())


class House:
    def __init__(self):
        self.blanks = FakeBlankFactory()
        self.time = VirtualTime()
        self.factory = FakeFactory()
        pools = BlankPools(
            self.blanks, self.time, ceiling_bytes=100 * MIB, outbound=True, later=self.time.later
        )
        self.housing = Housing(self.factory, pools)

    async def house(self, launch=LAUNCH, **variables):
        return await self.housing.house(PLAN, launch, variables)

    async def filled(self):
        self.housing.expect(PYTHON)
        await self.time.passes(1)


@pytest.fixture
async def house():
    made = House()
    yield made
    await made.housing.pools.close()


async def test_a_function_gets_a_blank_that_waits_and_is_assigned(house):
    await house.filled()
    sandbox, path = await house.house()
    assert (sandbox, path) == (house.blanks.made[0], StartPath.POOL)
    assert sandbox.assigned == PLAN
    assert house.housing.starts == {StartPath.POOL: 1}


async def test_without_one_it_is_forked_now(house):
    sandbox, path = await house.house()
    assert (sandbox.assigned, path) == (PLAN, StartPath.FORK)


async def test_a_blank_that_dies_while_it_is_assigned_is_destroyed_and_the_next_one_taken(house):
    await house.filled()
    house.blanks.made[0].refuses_assignment = True
    sandbox, path = await house.house()
    assert (sandbox, path) == (house.blanks.made[1], StartPath.POOL)
    assert house.blanks.made[0].destroyed
    assert house.housing.starts == {StartPath.POOL: 1}


async def test_when_no_blank_can_be_made_the_sandbox_is_made_for_its_function(house):
    house.blanks.fails[PYTHON.name] = EnvironmentUnavailable("the fork server was killed")
    sandbox, path = await house.house()
    assert (sandbox, path) == (house.factory.made[0], StartPath.SPAWN)
    assert sandbox.plan == PLAN


async def test_only_the_failure_of_the_last_way_is_the_callers(house):
    house.blanks.fails[PYTHON.name] = EnvironmentUnavailable("the fork server was killed")
    house.factory.fail_with = EnvironmentUnavailable("no pids left")
    with pytest.raises(EnvironmentUnavailable, match="no pids left"):
        await house.house()
    assert house.housing.starts == {}


async def test_a_fault_while_one_is_assigned_leaves_nothing(house):
    await house.filled()

    async def broken(plan):
        raise RuntimeError("a bug")

    house.blanks.made[0].assign = broken
    with pytest.raises(RuntimeError):
        await house.house()
    assert house.blanks.made[0].destroyed


async def test_without_pools_every_sandbox_is_made_for_its_function():
    factory = FakeFactory()
    housing = Housing(factory)
    housing.expect(PYTHON)
    assert await housing.house(PLAN, LAUNCH, {}) == (factory.made[0], StartPath.SPAWN)
    await factory.made[0].destroy()


async def test_what_is_restored_is_counted_as_that_and_no_more_as_its_blank(house):
    _, path = await house.house()
    house.housing.restored(path)
    assert +house.housing.starts == {StartPath.RESTORE: 1}


def test_a_function_whose_program_or_variables_nothing_can_be_that_waits_gets_a_bare_one():
    wrapped = RuntimeLaunch(("/bin/sh", "wrapper"), (), {}, "v", own_client=True, blank=PYTHON)
    assert kind_for(LAUNCH, {"MY": "own"}) == PYTHON
    assert kind_for(wrapped, {}) == BARE_KIND
    assert kind_for(LAUNCH, {"LD_PRELOAD": "/opt/lib.so"}) == BARE_KIND


async def test_while_memory_lacks_nothing_waits_and_takes_still_work(house):
    await house.filled()
    pools = house.housing.pools
    pools.tell_memory(lacks=True)
    pools.look()
    await house.time.passes(1)
    assert house.blanks.living == []
    assert (await house.house())[1] is StartPath.FORK
    await house.time.passes(60)
    assert len(house.blanks.living) == 1
    pools.tell_memory(lacks=False)
    pools.look()
    await house.time.passes(1)
    assert pools.status().kinds[0].waiting == 2
