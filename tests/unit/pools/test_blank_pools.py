"""Pools of blanks: takes, filling, death, failure, memory, and the end."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.pools.blank_pools import MADE_AT_ONCE
from lambdad.worker.pools.pace import LAST_PAUSE_S
from lambdad.worker.pools.sizing import FLOOR, FORKED_BYTES, HALF_LIFE_S, UNUSED_S
from lambdad.worker.sandbox.blank import BARE_KIND, StartPath
from tests.fakes.blanks import NODE, PYTHON, FakeBlank, PoolStage, settle

HOST_FULL = EnvironmentUnavailable("The sandbox could not be made: no pids are free\nat all")


@pytest.fixture
async def stage() -> AsyncIterator[PoolStage]:
    made = PoolStage()
    yield made
    made.factory.held.set()
    await made.pools.close()
    assert not [one for one in made.factory.made if one.destroyed > 1], "destroyed twice"


async def filled(stage: PoolStage, waiting: int) -> None:
    """So many of Python wait after as many were taken; what was taken is no part of `made`."""
    for _ in range(waiting):
        await stage.pools.take(PYTHON)
    stage.factory.made.clear()
    stage.factory.asked.clear()
    await stage.advance(waiting * 0.025)
    assert stage.of(PYTHON) == (waiting, waiting)


def messages(caplog: pytest.LogCaptureFixture, event: str) -> list[str]:
    return [one.getMessage() for one in caplog.records if getattr(one, "event", None) == event]


async def test_nothing_is_made_before_anybody_is_expected(stage: PoolStage) -> None:
    stage.pools.look()
    await stage.advance(60)
    assert stage.factory.asked == []
    assert stage.pending == 0


async def test_an_expected_kind_has_a_few_waiting_soon_and_then_nothing_runs(stage: PoolStage) -> None:
    stage.pools.expect(PYTHON)
    await stage.advance(1)
    assert stage.of(PYTHON) == (FLOOR, FLOOR)
    assert stage.pending == 0


async def test_a_take_gets_the_oldest_that_waits_and_another_takes_its_place(stage: PoolStage) -> None:
    await filled(stage, 3)
    sandbox, path = await stage.pools.take(PYTHON)
    assert (sandbox, path) == (stage.factory.made[0], StartPath.POOL)
    assert stage.of(PYTHON)[0] == 2
    await stage.advance(0.1)
    assert stage.of(PYTHON)[0] >= 3


@pytest.mark.parametrize(
    ("kind", "path"), [(PYTHON, StartPath.FORK), (NODE, StartPath.SPAWN), (BARE_KIND, StartPath.SPAWN)]
)
async def test_with_none_waiting_one_is_made_now_and_says_how(stage: PoolStage, kind, path) -> None:  # type: ignore[no-untyped-def]
    assert await stage.pools.take(kind) == (stage.factory.made[0], path)


async def test_one_that_died_while_waiting_is_never_handed_out(
    stage: PoolStage, caplog: pytest.LogCaptureFixture
) -> None:
    await filled(stage, 3)
    first, second, third = stage.factory.made
    first.is_alive = second.is_alive = False
    assert await stage.pools.take(PYTHON) == (third, StartPath.POOL)
    await settle()
    assert (first.destroyed, second.destroyed) == (1, 1)
    assert messages(caplog, "pool.died") == ["2 blank sandbox(es) of python3.13 died while waiting"]
    assert stage.pools.status().kinds[0].died == 2


async def test_the_dead_are_found_and_replaced_without_any_take(stage: PoolStage) -> None:
    await filled(stage, 3)
    for blank in stage.factory.made:
        blank.is_alive = False
    stage.pools.look()
    await stage.advance(1)
    assert stage.of(PYTHON) == (3, 3)
    assert [one.destroyed for one in stage.factory.made] == [1, 1, 1, 0, 0, 0]


async def test_a_burst_gets_what_waits_and_then_is_served_in_order_a_few_at_a_time(stage: PoolStage) -> None:
    await filled(stage, 4)
    stage.factory.most_at_once = 0
    order: list[int] = []
    paths: Counter[StartPath] = Counter()

    async def take(number: int) -> None:
        _, path = await stage.pools.take(PYTHON)
        order.append(number)
        paths[path] += 1

    async with asyncio.TaskGroup() as burst:
        for number in range(200):
            burst.create_task(take(number))
    assert order == list(range(200))
    assert paths == {StartPath.POOL: 4, StartPath.FORK: 196}
    assert stage.factory.most_at_once == MADE_AT_ONCE
    taken = stage.pools.status().kinds[0].taken
    assert (taken[StartPath.POOL], taken[StartPath.FORK]) == (4, 4 + 196)


async def test_nothing_is_filled_while_takes_are_queued(stage: PoolStage) -> None:
    stage.factory.held.clear()
    takes = [asyncio.ensure_future(stage.pools.take(PYTHON)) for _ in range(10)]
    await stage.advance(5)
    assert len(stage.factory.asked) == MADE_AT_ONCE
    assert stage.pools.status().queued == 6
    stage.factory.held.set()
    await asyncio.gather(*takes)
    assert len(stage.factory.asked) == 10
    await stage.advance(0.5)
    assert stage.of(PYTHON)[0] >= 9


async def test_filling_goes_on_under_takes_without_a_pause(stage: PoolStage) -> None:
    stage.pools.expect(NODE)
    for _ in range(60):
        await stage.pools.take(BARE_KIND)
        await stage.advance(0.01)
    assert stage.of(NODE)[0] > 0


async def test_a_failing_factory_is_asked_less_and_less_and_the_log_says_so_once(
    stage: PoolStage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lambdad.pool")
    stage.factory.fails = HOST_FULL
    stage.pools.expect(PYTHON)
    await stage.advance(10)
    assert 4 <= len(stage.factory.asked) <= 6  # after 0.5, 1, 2 and 4 s
    await stage.advance(600)
    asked = len(stage.factory.asked)
    assert asked < 6 + 600 / LAST_PAUSE_S + 2
    assert messages(caplog, "pool.failed") == [
        (
            "no blank sandbox of python3.13 can be made: The sandbox could not be made: no pids are free at all; "
            "it is tried again now and then"
        )
    ]
    kind = stage.pools.status().kinds[0]
    assert kind.failures == asked
    assert kind.failing
    assert kind.last_failure is not None
    assert kind.last_failure.reason == "The sandbox could not be made: no pids are free at all"
    stage.factory.fails = None
    await stage.advance(2 * LAST_PAUSE_S)
    assert stage.of(PYTHON) == (FLOOR, FLOOR)
    assert not stage.pools.status().kinds[0].failing
    assert messages(caplog, "pool.works") == ["blank sandboxes of python3.13 can be made again"]


async def test_one_kind_that_fails_keeps_no_other_from_being_filled(stage: PoolStage) -> None:
    stage.factory.fails = HOST_FULL
    stage.pools.expect(PYTHON)
    await stage.advance(5)
    stage.factory.fails = None
    stage.pools.expect(NODE)
    await stage.advance(0.5)
    assert stage.of(NODE)[0] == FLOOR
    assert stage.of(PYTHON)[0] == 0


async def test_a_take_that_fails_says_why_and_leaves_the_turn_to_the_next(stage: PoolStage) -> None:
    stage.factory.fails = HOST_FULL
    takes = [asyncio.ensure_future(stage.pools.take(PYTHON)) for _ in range(3 * MADE_AT_ONCE)]
    done = await asyncio.gather(*takes, return_exceptions=True)
    assert all(isinstance(one, EnvironmentUnavailable) for one in done)
    assert stage.pools.status().queued == 0


async def test_a_kind_that_fails_again_is_not_tried_for_takes_during_the_pause(stage: PoolStage) -> None:
    stage.factory.fails = HOST_FULL
    for _ in range(5):
        with pytest.raises(EnvironmentUnavailable, match="no pids are free"):
            await stage.pools.take(PYTHON)
    assert len(stage.factory.asked) == 2  # once more, for what died just then and works again
    stage.factory.fails = None
    await stage.advance(1)
    assert (await stage.pools.take(PYTHON))[1] in {StartPath.POOL, StartPath.FORK}


async def test_a_failure_nobody_foresaw_is_noted_and_filling_goes_on(
    stage: PoolStage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.factory.fails = RuntimeError("a fault of ours")
    stage.pools.expect(PYTHON)
    await stage.advance(0.1)
    assert messages(caplog, "pool.fault") == ["filling a pool failed"]
    stage.factory.fails = None
    await stage.advance(5)
    assert stage.of(PYTHON)[0] == FLOOR


async def test_an_error_of_the_operating_system_is_told_as_unavailable(stage: PoolStage) -> None:
    stage.factory.fails = OSError(24, "Too many open files")
    with pytest.raises(EnvironmentUnavailable, match="Too many open files"):
        await stage.pools.take(PYTHON)


async def test_one_that_is_not_there_in_time_is_given_up() -> None:
    stage = PoolStage(making_s=0.01)
    stage.factory.held.clear()
    with pytest.raises(EnvironmentUnavailable, match=r"not within 0\.01 s"):
        await stage.pools.take(PYTHON)
    assert stage.factory.given_up == 1
    await stage.pools.close()


async def test_no_more_wait_than_the_ceiling_has_room_for() -> None:
    stage = PoolStage(ceiling_bytes=5 * FORKED_BYTES)
    for _ in range(20):
        await stage.pools.take(PYTHON)
    await stage.advance(5)
    assert stage.of(PYTHON) == (5, 5)
    status = stage.pools.status()
    assert (status.waiting_bytes, status.ceiling_bytes) == (5 * FORKED_BYTES, 5 * FORKED_BYTES)
    await stage.pools.close()


async def test_with_a_ceiling_of_nothing_none_waits_and_takes_are_served() -> None:
    stage = PoolStage(ceiling_bytes=0)
    stage.pools.expect(PYTHON)
    assert (await stage.pools.take(PYTHON))[1] is StartPath.FORK
    await stage.advance(60)
    assert len(stage.factory.asked) == 1
    assert stage.pending == 0
    await stage.pools.close()


async def test_kinds_share_the_ceiling_and_a_new_one_is_given_room() -> None:
    other = replace(PYTHON, name="python3.12")
    stage = PoolStage(ceiling_bytes=8 * FORKED_BYTES)
    for _ in range(8):
        await stage.pools.take(PYTHON)
    await stage.advance(5)
    assert stage.of(PYTHON) == (8, 8)
    for _ in range(8):
        await stage.pools.take(other)
    for _ in range(3):
        stage.pools.look()
        await stage.advance(2)
    assert stage.of(PYTHON) == (4, 4)
    assert stage.of(other) == (4, 4)
    assert stage.pools.status().waiting_bytes <= 8 * FORKED_BYTES
    await stage.pools.close()


async def test_demand_that_fades_lets_them_go_in_steps_not_one_by_one(stage: PoolStage) -> None:
    await filled(stage, 16)
    sizes = []
    for _ in range(120):
        await stage.advance(HALF_LIFE_S / 60)
        stage.pools.look()
        sizes.append(stage.of(PYTHON)[0])
    steps = [size for size, before in zip(sizes, [16, *sizes], strict=False) if size != before]
    assert sizes[-1] <= 6
    assert len(steps) <= 8, steps  # twelve or more if each had gone alone
    assert len(stage.factory.made) == 16, "nothing is made while demand only falls"


async def test_a_kind_nobody_uses_any_more_keeps_none(stage: PoolStage) -> None:
    await filled(stage, 3)
    await stage.advance(UNUSED_S)
    stage.pools.look()
    await settle()
    assert stage.of(PYTHON) == (0, 0)
    assert stage.factory.living == []


async def test_a_tight_host_lets_all_that_wait_go_and_they_come_back(stage: PoolStage) -> None:
    await filled(stage, 4)
    stage.pools.is_tight = True
    stage.pools.look()
    await stage.advance(1)
    assert stage.factory.living == []
    assert (await stage.pools.take(PYTHON))[1] is StartPath.FORK
    await stage.advance(5)
    assert stage.of(PYTHON)[0] == 0
    stage.pools.is_tight = False
    assert not stage.pools.is_tight
    stage.pools.look()
    await stage.advance(5)
    assert stage.of(PYTHON)[0] >= FLOOR


async def test_pools_that_may_keep_nothing_stay_tight_whatever_is_said() -> None:
    stage = PoolStage(ceiling_bytes=0)
    stage.pools.is_tight = False
    stage.pools.expect(PYTHON)
    await stage.advance(5)
    assert stage.factory.asked == []
    await stage.pools.close()


async def test_a_take_that_is_given_up_in_the_queue_leaves_nothing(stage: PoolStage) -> None:
    stage.factory.held.clear()
    takes = [asyncio.ensure_future(stage.pools.take(PYTHON)) for _ in range(MADE_AT_ONCE + 1)]
    await settle()
    takes[-1].cancel()
    takes[0].cancel()
    await settle()
    assert stage.pools.status().queued == 0
    stage.factory.held.set()
    done = await asyncio.gather(*takes, return_exceptions=True)
    handed = [one[0] for one in done if isinstance(one, tuple)]
    assert len(handed) == MADE_AT_ONCE - 1
    assert stage.factory.made == handed, "one was made for nobody"


async def test_filling_starts_again_after_every_queued_take_was_given_up(stage: PoolStage) -> None:
    stage.factory.held.clear()
    takes = [asyncio.ensure_future(stage.pools.take(PYTHON)) for _ in range(2 * MADE_AT_ONCE)]
    await settle()
    for take in takes:
        take.cancel()
    await asyncio.gather(*takes, return_exceptions=True)
    stage.factory.held.set()
    await stage.advance(5)
    assert stage.of(PYTHON)[0] >= FLOOR


async def test_one_that_was_being_filled_serves_whoever_queued_meanwhile(stage: PoolStage) -> None:
    stage.factory.held.clear()
    stage.pools.expect(PYTHON)
    await stage.advance(0.1)
    assert len(stage.factory.asked) == 1  # being filled
    takes = [asyncio.ensure_future(stage.pools.take(PYTHON)) for _ in range(MADE_AT_ONCE + 1)]
    await settle()
    stage.factory.held.set()
    paths = Counter(path for _, path in await asyncio.gather(*takes))
    assert paths == {StartPath.POOL: 1, StartPath.FORK: MADE_AT_ONCE}


async def test_after_the_interpreter_changed_neither_waiting_nor_half_made_ones_are_used(
    stage: PoolStage,
) -> None:
    await filled(stage, 2)
    old = list(stage.factory.made)
    stage.factory.held.clear()
    old.append((await stage.pools.take(PYTHON))[0])  # type: ignore[arg-type]
    await stage.advance(0.5)  # another is half made
    stage.pools.invalidate(PYTHON)
    stage.factory.held.set()
    await stage.advance(3)
    sandbox, path = await stage.pools.take(PYTHON)
    assert path is StartPath.POOL
    assert sandbox not in stage.factory.made[:3]
    assert stage.factory.made[2].destroyed == 1


async def test_a_kind_made_otherwise_takes_the_place_of_the_one_of_its_name(stage: PoolStage) -> None:
    await filled(stage, 2)
    changed = replace(PYTHON, stands_for=("python", "-X", "new"))
    _, path = await stage.pools.take(changed)
    assert path is StartPath.FORK
    await settle()
    assert [one.destroyed for one in stage.factory.made[:2]] == [1, 1]
    assert [one.name for one in stage.pools.status().kinds] == [PYTHON.name]


async def test_invalidating_what_nobody_has_asked_for_does_nothing(stage: PoolStage) -> None:
    stage.pools.invalidate(PYTHON)
    await stage.advance(1)
    assert stage.factory.asked == []


async def test_closing_destroys_all_that_wait_and_refuses_takes() -> None:
    stage = PoolStage()
    await filled(stage, 3)
    await stage.pools.close()
    assert stage.factory.living == []
    with pytest.raises(EnvironmentUnavailable, match="the server is ending"):
        await stage.pools.take(PYTHON)
    stage.pools.expect(NODE)
    stage.pools.look()
    await stage.advance(60)
    assert len(stage.factory.asked) == 3
    await stage.pools.close()


async def test_closing_gives_up_what_is_being_filled() -> None:
    stage = PoolStage()
    stage.factory.held.clear()
    stage.pools.expect(PYTHON)
    await stage.advance(0.1)
    assert stage.factory.asked == [PYTHON.name]
    await stage.pools.close()
    assert stage.factory.given_up == 1
    assert stage.factory.made == []


async def test_takes_that_are_under_way_at_the_end_get_nothing_and_leave_nothing() -> None:
    stage = PoolStage()
    stage.factory.held.clear()
    takes = [asyncio.ensure_future(stage.pools.take(PYTHON)) for _ in range(MADE_AT_ONCE + 2)]
    await settle()
    await stage.pools.close()
    stage.factory.held.set()
    done = await asyncio.gather(*takes, return_exceptions=True)
    assert all(isinstance(one, EnvironmentUnavailable) for one in done)
    assert len(stage.factory.made) == MADE_AT_ONCE
    assert stage.factory.living == []


async def test_one_that_cannot_be_destroyed_keeps_no_other_from_it(
    stage: PoolStage, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(blank: FakeBlank) -> None:
        blank.destroy_fails = RuntimeError("held") if blank.number == 0 else None

    stage.factory.prepare = broken
    await filled(stage, 3)
    await stage.pools.close()
    assert [one.destroyed for one in stage.factory.made] == [1, 1, 1]
    assert messages(caplog, "pool.left") == ["a blank sandbox could not be removed"]
