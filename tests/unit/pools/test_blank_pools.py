"""Pools of blanks: who gets which, what is made when, and that nothing is ever lost."""

import asyncio
import logging

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.limits import MIB
from lambdad.worker.pools.blank_pools import MADE_AT_ONCE, BlankPools
from lambdad.worker.pools.pace import PATIENCE_S, QUIET_S
from lambdad.worker.pools.sizing import EXECUTED_BYTES, FLOOR, FORKED_BYTES, HALF_LIFE_S, MOST, UNUSED_S
from lambdad.worker.sandbox.blank import BlankKind, StartPath
from tests.fakes.blanks import BARE, NODE, PYTHON, FakeBlankFactory, VirtualTime, settled

POOL, FORK, SPAWN = StartPath.POOL, StartPath.FORK, StartPath.SPAWN


class PoolStage:
    """Pools, who makes blanks, and the hands on time."""

    def __init__(self, ceiling_bytes=1_024 * MIB, **more):
        self.factory = FakeBlankFactory()
        self.time = VirtualTime()
        self.pools = BlankPools(
            self.factory,
            self.time,
            ceiling_bytes=ceiling_bytes,
            outbound=True,
            later=self.time.later,
            **more,
        )
        self.takers = []

    async def take(self, kind=PYTHON):
        return await self.pools.take(kind)

    async def begin(self, count, kind=PYTHON):
        """Take so many at once; the tasks."""
        takers = [asyncio.create_task(self.pools.take(kind)) for _ in range(count)]
        self.takers += takers
        await settled()
        return takers

    async def filled(self, *kinds, seconds=5.0):
        """Expect these kinds and let them be filled."""
        for kind in kinds:
            self.pools.expect(kind)
        await self.time.passes(seconds)

    def of(self, kind=PYTHON):
        return next(one for one in self.pools.status().kinds if one.name == kind.name)

    async def end(self):
        for taker in self.takers:
            taker.cancel()
        await asyncio.gather(*self.takers, return_exceptions=True)
        await self.pools.close()


@pytest.fixture
async def stage():
    made = PoolStage()
    yield made
    await made.end()


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.INFO, "lambdad.pool")
    logging.getLogger("lambdad").propagate = True

    def events():
        return [record.event for record in caplog.records]

    return events


# --- taking --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "path"), [(PYTHON, FORK), (NODE, SPAWN), (BARE, SPAWN)])
async def test_when_none_waits_one_is_made_now_and_the_path_says_how(stage, kind, path):
    sandbox, how = await stage.take(kind)
    assert (sandbox.kind, how) == (kind, path)
    assert stage.of(kind).taken == {POOL: 0, FORK: 0, SPAWN: 0} | {path: 1}


async def test_the_one_that_waited_longest_is_taken_first(stage):
    await stage.filled(PYTHON)
    oldest, next_one = stage.factory.made
    assert await stage.take() == (oldest, POOL)
    assert await stage.take() == (next_one, POOL)


async def test_what_was_taken_is_made_again(stage):
    await stage.filled(PYTHON)
    await stage.take()
    assert stage.of().waiting == FLOOR - 1
    await stage.time.passes(1)
    assert stage.of().waiting == FLOOR


async def test_a_blank_that_died_while_waiting_is_dropped_counted_and_destroyed(stage, said):
    await stage.filled(PYTHON)
    dead, living = stage.factory.made
    dead.alive = False
    assert await stage.take() == (living, POOL)
    await settled()
    assert (dead.destroyed, living.destroyed, stage.of().died) == (True, False, 1)
    assert said() == ["pool.died"]


async def test_when_all_that_waited_have_died_one_is_made_now(stage):
    await stage.filled(PYTHON)
    for one in stage.factory.made:
        one.alive = False
    assert (await stage.take())[1] is FORK
    assert stage.of().died == FLOOR


async def test_kinds_do_not_get_one_anothers_blanks(stage):
    await stage.filled(PYTHON, NODE, BARE)
    for kind in (BARE, NODE, PYTHON):
        sandbox, path = await stage.take(kind)
        assert (sandbox.kind, path) == (kind, POOL)


async def test_a_failure_to_make_one_is_told_to_who_takes(stage):
    stage.factory.fails[NODE.name] = EnvironmentUnavailable("no pids left")
    with pytest.raises(EnvironmentUnavailable, match="no pids left"):
        await stage.take(NODE)
    assert (stage.of(NODE).failures, stage.of(NODE).last_failure.reason) == (1, "no pids left")


async def test_what_the_system_refuses_is_an_environment_that_is_not_available(stage):
    stage.factory.fails[NODE.name] = OSError(24, "Too many open files")
    with pytest.raises(EnvironmentUnavailable, match="Too many open files"):
        await stage.take(NODE)


async def test_a_blank_that_is_never_done_is_given_up():
    stage = PoolStage(making_s=0.01)
    stage.factory.held = True
    with pytest.raises(EnvironmentUnavailable, match=r"not within 0\.01 s"):
        await stage.take()
    assert stage.factory.making == 0
    stage.factory.held = False
    assert (await stage.take())[1] is FORK
    await stage.end()


# --- bursts --------------------------------------------------------------------------------------


async def test_a_burst_gets_what_waits_and_the_others_are_made_few_at_a_time_in_order_of_arrival(stage):
    for _ in range(4):
        await stage.take()
    await stage.time.passes(5)
    assert stage.of().waiting == 4
    stage.factory.held = True
    before = len(stage.factory.made)
    takers = await stage.begin(200)
    assert [taker.done() for taker in takers] == [True] * 4 + [False] * 196
    assert {taker.result()[1] for taker in takers[:4]} == {POOL}
    for turn in range(196):
        assert stage.factory.making == min(MADE_AT_ONCE, 196 - turn)
        await stage.factory.release()
        assert takers[4 + turn].done()
    assert [taker.result()[1] for taker in takers[4:]] == [FORK] * 196
    assert [taker.result()[0] for taker in takers[4:]] == stage.factory.made[before:]
    assert stage.factory.most_at_once == MADE_AT_ONCE


async def test_nothing_is_filled_while_takes_wait_for_their_turn(stage):
    stage.factory.held = True
    await stage.begin(MADE_AT_ONCE + 1)
    await stage.time.passes(60)
    assert stage.factory.making == MADE_AT_ONCE
    await stage.factory.release(MADE_AT_ONCE)
    await stage.factory.release()
    await stage.time.passes(QUIET_S)
    assert (stage.factory.making, stage.of().filling) == (1, 1)


async def test_who_waits_for_his_turn_takes_one_that_came_to_wait_meanwhile(stage):
    stage.factory.held = True
    stage.pools.expect(PYTHON)
    await stage.time.passes(QUIET_S)
    assert stage.of().filling == 1
    takers = await stage.begin(MADE_AT_ONCE + 1)
    await stage.factory.release(2)  # what was filled, and the first that was made for a take
    assert takers[-1].result()[1] is POOL


async def test_a_failure_in_a_burst_is_told_to_its_taker_alone(stage):
    stage.factory.held = True
    takers = await stage.begin(6)
    stage.factory.fails[PYTHON.name] = EnvironmentUnavailable("not this time")
    await stage.factory.release()
    del stage.factory.fails[PYTHON.name]
    await stage.factory.release(4)
    await stage.factory.release()
    ended = await asyncio.gather(*takers, return_exceptions=True)
    assert [isinstance(one, EnvironmentUnavailable) for one in ended] == [True] + [False] * 5


# --- cancellation --------------------------------------------------------------------------------


async def test_a_take_cancelled_in_the_queue_leaves_its_turn_to_the_next(stage):
    stage.factory.held = True
    takers = await stage.begin(MADE_AT_ONCE + 2)
    takers[MADE_AT_ONCE].cancel()
    await stage.factory.release()
    await stage.factory.release(MADE_AT_ONCE)
    assert takers[-1].result()[1] is FORK
    assert stage.pools.status().queued == 0


async def test_a_take_cancelled_while_one_is_made_gives_its_turn_back(stage):
    stage.factory.held = True
    takers = await stage.begin(MADE_AT_ONCE)
    for taker in takers:
        taker.cancel()
    await settled()
    assert stage.factory.making == 0
    stage.factory.held = False
    results = await asyncio.gather(*(stage.take() for _ in range(MADE_AT_ONCE)))
    assert [path for _, path in results] == [FORK] * MADE_AT_ONCE


async def test_after_cancelled_takes_filling_goes_on(stage):
    stage.factory.held = True
    for taker in await stage.begin(10):
        taker.cancel()
    await settled()
    stage.factory.held = False
    await stage.time.passes(1)
    assert (stage.of().waiting, stage.of().wanted) == (10, 10)


# --- filling -------------------------------------------------------------------------------------


async def test_nothing_is_made_before_anybody_asks(stage):
    await stage.time.passes(100)
    stage.pools.look()
    await stage.time.passes(100)
    assert stage.factory.begun == []
    assert stage.time.timers == []


async def test_one_at_a_time_is_filled(stage):
    await stage.filled(PYTHON, NODE, BARE)
    assert stage.factory.most_at_once == 1
    assert {name: stage.factory.begun.count(name) for name in set(stage.factory.begun)} == dict.fromkeys(
        (PYTHON.name, NODE.name, BARE.name), FLOOR
    )


async def test_filling_begins_only_when_the_takes_have_paused(stage):
    await stage.filled(PYTHON)
    for _ in range(3):
        await stage.take()
        await stage.time.passes(QUIET_S * 0.9)
    assert len(stage.factory.made) == FLOOR + 1
    await stage.time.passes(QUIET_S)
    assert len(stage.factory.made) > FLOOR + 1


async def test_a_stream_without_a_pause_does_not_starve_filling(stage):
    await stage.filled(PYTHON)
    paths = []
    for _ in range(100):
        paths.append((await stage.take())[1])
        await stage.time.passes(QUIET_S / 2)
    assert paths.count(POOL) > FLOOR + 100 * QUIET_S / 2 / PATIENCE_S / 2


async def test_filling_stops_when_enough_wait(stage):
    await stage.filled(PYTHON, seconds=600)
    assert len(stage.factory.made) == FLOOR
    assert stage.time.timers == []


async def test_after_a_burst_as_many_wait_as_it_took(stage):
    await asyncio.gather(*(stage.take() for _ in range(12)))
    await stage.time.passes(1)
    assert (stage.of().waiting, stage.of().wanted) == (12, 12)


async def test_never_more_than_the_most_wait(stage):
    await asyncio.gather(*(stage.take() for _ in range(200)))
    await stage.time.passes(10)
    assert stage.of().waiting == MOST


# --- shrinking -----------------------------------------------------------------------------------


async def test_demand_that_is_gone_lets_the_pool_shrink_step_by_step_to_nothing(stage):
    await asyncio.gather(*(stage.take() for _ in range(16)))
    await stage.time.passes(5)
    counts = []
    for _ in range(6):
        await stage.time.passes(HALF_LIFE_S)
        stage.pools.look()
        counts.append(stage.of().waiting)
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == FLOOR
    await stage.time.passes(UNUSED_S)
    stage.pools.look()
    await stage.time.passes(1)
    assert (stage.of().waiting, stage.of().wanted) == (0, 0)
    assert len(stage.factory.living) == 16  # those that were taken
    assert stage.time.timers == []


async def test_a_kind_that_shrank_to_nothing_comes_back_with_the_next_take(stage):
    await stage.filled(PYTHON)
    await stage.time.passes(UNUSED_S)
    stage.pools.look()
    assert (await stage.take())[1] is FORK
    await stage.time.passes(1)
    assert stage.of().waiting == FLOOR


async def test_a_steady_demand_has_nothing_made_and_destroyed_for_nothing(stage):
    for turn in range(600):
        await asyncio.gather(*(stage.take() for _ in range(3 + turn % 2)))
        await stage.time.passes(1)
        stage.pools.look()
    await settled()
    taken = sum(stage.of().taken.values())
    assert len(stage.factory.made) - taken == stage.of().waiting
    assert stage.of().taken[POOL] > 0.9 * taken


async def test_the_dead_are_found_and_replaced_without_a_take(stage):
    await stage.filled(PYTHON)
    stage.factory.made[0].alive = False
    stage.pools.look()
    await stage.time.passes(1)
    assert (stage.of().waiting, stage.of().died, len(stage.factory.made)) == (FLOOR, 1, FLOOR + 1)
    assert stage.factory.made[0].destroyed


# --- the ceiling ---------------------------------------------------------------------------------


async def test_all_that_wait_stay_below_the_ceiling_and_share_it_by_demand():
    stage = PoolStage(ceiling_bytes=8 * FORKED_BYTES)
    other = BlankKind("python3.12", (), ("p",), forks=True)
    await asyncio.gather(*(stage.take() for _ in range(24)), *(stage.take(other) for _ in range(8)))
    await stage.time.passes(10)
    assert (stage.of().waiting, stage.of(other).waiting) == (6, 2)
    assert stage.pools.status().waiting_bytes == 8 * FORKED_BYTES
    await stage.end()


async def test_a_new_kind_gets_its_share_from_one_that_has_more_than_its_own():
    stage = PoolStage(ceiling_bytes=8 * FORKED_BYTES)
    await asyncio.gather(*(stage.take() for _ in range(8)))
    await stage.time.passes(5)
    assert stage.of().waiting == 8
    await stage.filled(NODE)
    stage.pools.look()
    await stage.time.passes(5)
    assert stage.of(NODE).waiting == stage.of(NODE).wanted == 1
    assert stage.pools.status().waiting_bytes <= 8 * FORKED_BYTES
    await stage.end()


async def test_a_ceiling_below_one_blank_keeps_none_and_takes_still_work():
    stage = PoolStage(ceiling_bytes=EXECUTED_BYTES - 1)
    assert (await stage.take(NODE))[1] is SPAWN
    await stage.time.passes(60)
    assert (stage.of(NODE).waiting, len(stage.factory.made)) == (0, 1)
    assert stage.time.timers == []
    await stage.end()


# --- failures ------------------------------------------------------------------------------------


async def test_filling_that_fails_is_tried_again_ever_later_and_said_once(stage, said):
    stage.factory.fails[PYTHON.name] = EnvironmentUnavailable("the fork server\nis gone")
    stage.pools.expect(PYTHON)
    await stage.time.passes(120)
    assert len(stage.factory.begun) == 9  # after 0.5, 1, 2, 4, 8, 16, 30, 30 s
    assert said() == ["pool.failed"]
    status = stage.of()
    assert (status.failures, status.last_failure.reason) == (9, "the fork server is gone")


async def test_filling_that_works_again_is_said_and_fills(stage, said):
    stage.factory.fails[PYTHON.name] = EnvironmentUnavailable("no")
    await stage.filled(PYTHON)
    assert stage.of().failing
    stage.factory.fails.clear()
    await stage.time.passes(60)
    assert stage.of().waiting == FLOOR
    assert not stage.of().failing
    assert said() == ["pool.failed", "pool.works"]


async def test_a_kind_that_cannot_be_made_does_not_keep_others_from_being_filled(stage):
    stage.factory.fails[PYTHON.name] = EnvironmentUnavailable("no")
    await stage.filled(PYTHON, seconds=40)
    await stage.filled(NODE, seconds=1)
    assert stage.of(NODE).waiting == FLOOR


async def test_takes_do_not_wait_for_the_pause_after_a_failure(stage):
    stage.factory.fails[PYTHON.name] = EnvironmentUnavailable("no")
    await stage.filled(PYTHON, seconds=40)
    stage.factory.fails.clear()
    assert (await stage.take())[1] is FORK
    await stage.time.passes(1)
    assert stage.of().waiting == FLOOR


async def test_a_fault_of_ours_while_filling_is_logged_and_does_not_end_filling(stage, said):
    stage.factory.fails[PYTHON.name] = RuntimeError("a bug")
    await stage.filled(PYTHON, seconds=1)
    stage.factory.fails.clear()
    await stage.time.passes(60)
    assert stage.of().waiting == FLOOR
    assert "pool.fault" in said()


async def test_one_that_cannot_be_destroyed_does_not_keep_the_others(stage, said):
    await stage.filled(PYTHON)
    stage.factory.made[0].stays = OSError("busy")
    stage.pools.invalidate(PYTHON)
    await settled()
    assert stage.factory.living == []
    assert said() == ["pool.left"]


# --- the interpreter changes ---------------------------------------------------------------------


async def test_invalidated_blanks_are_destroyed_and_new_ones_come(stage):
    await stage.filled(PYTHON, NODE)
    old = [one for one in stage.factory.made if one.kind == PYTHON]
    stage.pools.invalidate(PYTHON)
    await stage.time.passes(1)
    assert all(one.destroyed for one in old)
    assert (stage.of().waiting, stage.of(NODE).waiting) == (FLOOR, FLOOR)


async def test_one_being_filled_when_its_kind_is_invalidated_is_not_kept(stage):
    stage.factory.held = True
    stage.pools.expect(PYTHON)
    await stage.time.passes(QUIET_S)
    stage.pools.invalidate(PYTHON)
    stage.factory.held = False
    await stage.factory.release()
    await stage.time.passes(5)
    assert stage.factory.made[0].destroyed
    assert stage.of().waiting == FLOOR


async def test_a_kind_made_otherwise_takes_the_place_of_the_one_of_its_name(stage):
    await stage.filled(PYTHON)
    changed = BlankKind(PYTHON.name, (), ("/elsewhere/python3.13",), forks=True)
    sandbox, path = await stage.take(changed)
    await settled()
    assert (sandbox.kind, path) == (changed, FORK)
    assert stage.factory.living == [sandbox]


# --- the end -------------------------------------------------------------------------------------


async def test_closing_destroys_all_that_wait_and_nothing_that_was_taken(stage):
    await stage.filled(PYTHON, NODE)
    sandbox, _ = await stage.take()
    await stage.pools.close()
    assert stage.factory.living == [sandbox]
    assert stage.time.timers == []


async def test_closing_while_one_is_filled_leaves_nothing(stage):
    stage.factory.held = True
    stage.pools.expect(PYTHON)
    await stage.time.passes(QUIET_S)
    assert stage.factory.making == 1
    await stage.pools.close()
    assert (stage.factory.making, stage.factory.living, stage.time.timers) == (0, [], [])


async def test_closing_while_one_is_made_for_a_take_refuses_it_and_leaves_nothing(stage):
    stage.factory.held = True
    takers = await stage.begin(MADE_AT_ONCE + 1)
    await stage.pools.close()
    await stage.factory.release(MADE_AT_ONCE)
    ended = await asyncio.gather(*takers, return_exceptions=True)
    assert {type(one) for one in ended} == {EnvironmentUnavailable}
    assert stage.factory.living == []


async def test_after_the_end_nothing_is_made(stage):
    await stage.pools.close()
    with pytest.raises(EnvironmentUnavailable, match="the server is ending"):
        await stage.take()
    stage.pools.expect(PYTHON)
    stage.pools.look()
    await stage.time.passes(5)
    assert stage.factory.begun == []


async def test_without_a_timer_of_a_test_the_loops_own_is_used():
    factory = FakeBlankFactory()
    pools = BlankPools(factory, VirtualTime(), ceiling_bytes=MIB * 100, outbound=False)
    pools.expect(PYTHON)
    async with asyncio.timeout(10):
        while not factory.begun:
            await asyncio.sleep(0.005)
    await pools.close()
    assert factory.living == []
