"""Events run, are retried and end, lane by lane, in virtual time."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from lambdad.domain.errors import NotFound, ServiceFault, Stopped, Throttled
from lambdad.domain.event import Condition, Lane
from lambdad.domain.outcome import Outcome, Status
from lambdad.domain.scope import Scope
from lambdad.events.decisions import Over
from lambdad.events.policy import GONE, Policy
from tests.fakes.event_stage import HERE, LANE, Stage, failing, settle_down
from tests.fakes.events import FakeEvents

pytestmark = pytest.mark.asyncio
SLOW = Lane(HERE, "slow")
HOUR = 3600.0
DONE = Outcome(b'"done"')


def throttled(_: Any) -> Throttled:
    return Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")


def queued(stage: Stage) -> int:
    assert isinstance(stage.store, FakeEvents)
    return len(stage.store.events)


async def test_an_event_runs_with_what_it_was_accepted_with() -> None:
    stage = Stage()
    ids = await stage.accept(Lane(Scope("1" * 12, "eu-west-1"), "f", "live"), payload=b'{"n":1}')
    (_, request) = stage.functions.calls[0]
    assert (request.scope, request.function, request.qualifier) == (Scope("1" * 12, "eu-west-1"), "f", "live")
    assert (request.payload, request.request_id, request.trace_header) == (b'{"n":1}', ids[0], "Root=1")
    assert request.is_event
    assert stage.over == {ids[0]: Over(Condition.SUCCESS, 1)}
    assert queued(stage) == 0


async def test_a_failing_event_runs_three_times_with_the_same_id() -> None:
    stage = Stage()
    stage.functions.answers["f"] = failing
    ids = await stage.accept()
    await stage.time.pass_by(HOUR)
    assert stage.times() == [0.0, 60.0, 180.0]
    assert {request.request_id for _, request in stage.functions.calls} == set(ids)
    assert stage.over == {ids[0]: Over(Condition.RETRIES_EXHAUSTED, 3)}
    assert queued(stage) == 0


async def test_an_event_of_sixty_seconds_ends_after_one_attempt_that_took_a_moment() -> None:
    stage = Stage()
    stage.policies["f"] = Policy(max_age_s=60)
    stage.functions.answers["f"] = lambda _: None
    ids = await stage.accept()
    await stage.time.pass_by(1)
    stage.functions.end(ids[0], Outcome(b"{}", Status.ERROR))
    assert stage.over == {ids[0]: Over(Condition.EVENT_AGE_EXCEEDED, 1)}


async def test_a_throttled_event_backs_off_and_runs_once_it_may() -> None:
    stage = Stage()
    stage.functions.answers["f"] = throttled
    ids = await stage.accept()
    await stage.time.pass_by(100)
    assert stage.times() == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0]
    del stage.functions.answers["f"]
    await stage.time.pass_by(100)
    assert stage.over == {ids[0]: Over(Condition.SUCCESS, 1)}


async def test_events_that_wait_end_when_their_function_is_stopped() -> None:
    stage = Stage()
    stage.functions.answers["f"] = throttled
    ids = await stage.accept(count=200)
    await stage.time.pass_by(100)
    stage.functions.answers["f"] = lambda _: Stopped("x")
    stage.poller.changed(HERE, "f")
    await stage.time.pass_by(400)
    over = Over(Condition.ZERO_RESERVED_CONCURRENCY, 0)
    assert stage.over == dict.fromkeys(ids, over)
    assert queued(stage) == 0


async def test_a_backlog_that_is_refused_while_it_is_started_takes_no_stack() -> None:
    stage, depths = Stage(), list[int]()

    def at_once(_: Any, reply: Any) -> None:
        depths.append(len(inspect.stack(0)))
        reply(Stopped("x"))

    stage.functions.invoke = at_once  # type: ignore[method-assign]
    await stage.accept(count=64)
    assert len(stage.over) == 64
    assert max(depths) - min(depths) < 8


async def test_a_backlog_of_a_throttled_function_asks_as_seldom_as_one_event() -> None:
    stage = Stage()
    stage.functions.answers["f"] = throttled
    await stage.accept(count=300)
    await stage.time.pass_by(HOUR)
    assert len(stage.functions.calls) < 60
    assert queued(stage) == 300


async def test_a_change_of_the_function_ends_the_wait() -> None:
    stage = Stage()
    stage.functions.answers["f"] = throttled
    await stage.accept(count=50)
    await stage.time.pass_by(1000)
    del stage.functions.answers["f"]
    stage.poller.changed(HERE, "f")
    await stage.time.pass_by(400)
    assert len(stage.over) == 50
    assert queued(stage) == 0


async def test_events_that_wait_too_long_end_although_nobody_tried_them() -> None:
    stage = Stage()
    stage.policies["f"] = Policy(max_age_s=300, on_failure="arn:aws:sqs:us-east-1:000000000000:q")
    stage.functions.answers["f"] = throttled
    ids = await stage.accept(count=200)
    for _ in range(60):
        await stage.time.pass_by(10)
        stage.poller.look()
    await settle_down()
    assert set(stage.over) == set(ids)
    assert {over.condition for over in stage.over.values()} == {Condition.EVENT_AGE_EXCEEDED}
    assert isinstance(stage.store, FakeEvents)
    assert len(stage.store.owed) == 200


async def test_faults_of_ours_take_no_retries() -> None:
    stage = Stage()
    faults = iter([ServiceFault("no"), ServiceFault("no")])
    stage.functions.answers["f"] = lambda request: next(faults, failing(request))
    ids = await stage.accept()
    await stage.time.pass_by(HOUR)
    assert stage.times() == [0.0, 1.0, 3.0, 63.0, 183.0]
    assert stage.over == {ids[0]: Over(Condition.RETRIES_EXHAUSTED, 3)}


async def test_a_slow_function_delays_nobody_else() -> None:
    stage = Stage()
    stage.functions.answers["slow"] = lambda _: None
    await stage.accept(SLOW, count=500)
    started = len(stage.functions.held)
    assert 0 < started <= 8
    ids = await stage.accept(count=100)
    assert set(ids) <= set(stage.over)
    assert len(stage.functions.held) == started


@pytest.mark.parametrize("slow", range(1, 10))
async def test_slow_functions_leave_room_for_others_however_many_they_are(slow: int) -> None:
    stage = Stage(most=10)
    for number in range(slow):
        name = f"slow-{number}"
        stage.functions.answers[name] = lambda _: throttled(_) if len(stage.functions.held) >= 10 else None
        await stage.accept(Lane(HERE, name), count=50)
    await run_slowly(stage)
    stage.functions.answers["f"] = lambda _: throttled(_) if len(stage.functions.held) >= 10 else DONE
    ids = await stage.accept(count=5)
    await stage.time.pass_by(1)
    assert set(ids) <= set(stage.over)


async def test_a_slow_function_has_what_others_left_a_moment_later() -> None:
    stage = Stage(most=10)
    for name in ("slow", "slower"):
        stage.functions.answers[name] = lambda _: None
        await stage.accept(Lane(HERE, name), count=50)
    await run_slowly(stage)
    assert len(stage.functions.held) == 6
    stage.functions.answers["slower"] = lambda _: DONE
    for request_id in [one for one in stage.functions.held if one.startswith("slower-")]:
        stage.functions.end(request_id, DONE)
    await stage.time.pass_by(1)
    stage.poller.look()
    await settle_down()
    assert len(stage.functions.held) == 5


async def run_slowly(stage: Stage) -> None:
    """Have what is under way end, and what follows it begin, long enough for each to have its share."""
    for _ in range(10):
        await stage.time.pass_by(20)
        for request_id in list(stage.functions.held):
            stage.functions.end(request_id, DONE)
            await settle_down()


async def test_a_failing_function_delays_nobody_else() -> None:
    stage = Stage()
    stage.functions.answers["slow"] = failing
    await stage.accept(SLOW, count=500)
    ids = await stage.accept(count=100)
    assert set(ids) <= set(stage.over)


async def test_a_lane_starts_more_at_once_while_it_goes_well_and_few_when_refused() -> None:
    stage = Stage(ceiling=20)
    stage.functions.answers["f"] = lambda _: None
    await stage.accept(count=400)
    assert len(stage.functions.held) == 4
    while len(stage.functions.held) < 20:
        stage.time.clock.now_s += 0.2
        stage.functions.end(next(iter(stage.functions.held)), Outcome(b"1"))
        await settle_down()
    assert len(stage.over) < 400
    for request_id in list(stage.functions.held):
        stage.functions.end(request_id, throttled(None))
    await stage.time.pass_by(301)
    assert len(stage.functions.held) <= 2


async def test_events_that_take_no_time_need_few_at_once() -> None:
    stage = Stage(ceiling=20)
    stage.functions.answers["f"] = lambda _: None
    await stage.accept(count=400)
    for _ in range(200):
        stage.time.clock.now_s += 0.001
        stage.functions.end(next(iter(stage.functions.held)), Outcome(b"1"))
        await settle_down()
    assert len(stage.functions.held) == 8


async def test_every_event_of_a_backlog_larger_than_memory_runs_once() -> None:
    stage = Stage()
    ids = await stage.accept(count=1000)
    await settle_down()
    for _ in range(50):
        await settle_down()
    assert sorted(request.request_id for _, request in stage.functions.calls) == sorted(ids)
    assert set(stage.over) == set(ids)


async def test_what_waits_in_memory_is_bounded_by_bytes() -> None:
    stage = Stage()
    stage.functions.answers["f"] = lambda _: None
    megabyte = b'"' + b"x" * 1_000_000 + b'"'
    for number in range(40):
        await stage.accept(Lane(HERE, f"f{number}"), count=20, payload=megabyte)
        stage.functions.answers[f"f{number}"] = lambda _: None
    held = sum(len(event.payload) for queue in stage.poller._lanes.values() for event in queue.ready)
    assert held <= 170_000_000, "64 MiB, and a few events of every lane to go on with"
    for _ in range(900):
        for request_id in list(stage.functions.held):
            stage.functions.end(request_id, Outcome(b"1"))
        await settle_down()
        if len(stage.over) == 800:
            break
    assert len(stage.over) == 800, "and everything runs"


async def test_a_restart_goes_on_with_everything() -> None:
    stage = Stage()
    stage.functions.answers["f"] = lambda _: None
    ids = await stage.accept(count=200)
    running = set(stage.functions.held)
    assert isinstance(stage.store, FakeEvents)
    stage.store.release(stage.store.events)  # what a claim is worth once its process is gone
    stage.functions.answers.clear()
    stage.functions.calls.clear()
    stage.poller = stage.new_poller()
    assert await stage.poller.start() == 200
    await stage.time.pass_by(1)
    assert {request.request_id for _, request in stage.functions.calls} == set(ids) >= running
    assert set(stage.over) == set(ids)


@pytest.mark.parametrize("jump_s", [-6 * HOUR, 6 * HOUR])
async def test_a_clock_that_jumps_changes_no_age_and_no_delay(jump_s: float) -> None:
    stage = Stage()
    stage.functions.answers["f"] = failing
    wall = stage.time.clock.now
    await stage.accept()
    stage.time.clock.now = lambda: wall() + jump_s  # type: ignore[method-assign]
    await stage.time.pass_by(HOUR)
    assert stage.times() == [0.0, 60.0, 180.0]


async def test_after_a_restart_with_a_clock_that_went_back_nothing_waits_longer_than_it_ever_would() -> None:
    stage = Stage()
    stage.functions.answers["f"] = failing
    await stage.accept()
    assert isinstance(stage.store, FakeEvents)
    stage.poller.stop()
    stage.time.clock.now_s -= 5 * HOUR
    stage.functions.answers.clear()
    stage.poller = stage.new_poller()
    await stage.poller.start()
    await stage.time.pass_by(301)
    assert queued(stage) == 0


async def test_events_of_a_function_that_is_gone_are_dropped() -> None:
    stage = Stage()
    stage.functions.answers["f"] = lambda _: NotFound("Function not found")
    stage.policies["f"] = Policy(on_failure="arn:aws:sqs:us-east-1:000000000000:q")
    first = await stage.accept()
    stage.policies["f"] = GONE
    stage.poller.changed(HERE, "f")
    second = await stage.accept(count=2)
    assert {request: over.condition for request, over in stage.over.items()} == dict.fromkeys(
        [*first, *second], None
    )
    assert queued(stage) == 0
    assert isinstance(stage.store, FakeEvents)
    assert stage.store.owed == {}


async def test_a_paused_lane_waits_and_goes_on() -> None:
    stage = Stage()
    await stage.poller.pause(LANE, paused=True)
    ids = await stage.accept(count=100)
    await stage.time.pass_by(HOUR)
    assert stage.functions.calls == []
    await stage.poller.pause(LANE, paused=False)
    await stage.time.pass_by(1)
    assert set(stage.over) == set(ids)


async def test_a_lane_paused_in_the_last_life_stays_paused() -> None:
    stage = Stage()
    await stage.poller.pause(LANE, paused=True)
    await stage.accept(count=3)
    stage.poller = stage.new_poller()
    await stage.poller.start()
    await stage.time.pass_by(HOUR)
    assert stage.functions.calls == []


async def test_purging_removes_what_is_not_under_way() -> None:
    stage = Stage()
    stage.functions.answers["f"] = lambda _: None
    await stage.accept(count=100)
    assert await stage.poller.purge(LANE) == 96
    for request_id in list(stage.functions.held):
        stage.functions.end(request_id, Outcome(b"1"))
    await stage.time.pass_by(1)
    assert len(stage.over) == 4
    assert queued(stage) == 0


async def test_after_it_stopped_nothing_is_started_and_what_runs_is_settled() -> None:
    stage = Stage()
    stage.functions.answers["f"] = lambda _: None
    await stage.accept(count=100)
    stage.poller.stop()
    held = list(stage.functions.held)
    for request_id in held:
        stage.functions.end(request_id, Outcome(b"1"))
    await stage.accept(count=1)
    await stage.time.pass_by(HOUR)
    assert len(stage.functions.calls) == len(held) == len(stage.over)
    assert queued(stage) == 101 - len(held)
    await stage.poller.close()


async def test_events_that_come_while_a_policy_is_read_wait_for_it() -> None:
    stage, there = Stage(), asyncio.Event()

    async def slow(_: Lane) -> Policy:
        await there.wait()
        return Policy()

    stage.poller._policies = slow
    ids = [*await stage.accept(), *await stage.accept(count=3)]
    assert stage.functions.calls == []
    assert stage.over == {}
    there.set()
    await stage.time.pass_by(1)
    assert stage.over == dict.fromkeys(ids, Over(Condition.SUCCESS, 1))


async def test_a_change_while_a_policy_is_read_has_it_read_again() -> None:
    stage, reads = Stage(), []
    gates = [asyncio.Event(), asyncio.Event()]

    async def slow(_: Lane) -> Policy:
        reads.append(stage.time.clock.now_s)
        await gates[len(reads) - 1].wait()
        return Policy(max_retries=len(reads))

    stage.poller._policies = slow
    await stage.accept()
    stage.poller.changed(HERE, "f")
    gates[0].set()
    await settle_down()
    assert len(reads) == 2
    assert stage.functions.calls == []
    gates[1].set()
    await stage.time.pass_by(1)
    assert len(stage.functions.calls) == 1


async def test_a_policy_that_cannot_be_read_is_asked_for_again_later() -> None:
    stage = Stage()
    real, failures = stage._policy, iter([OSError("disk"), OSError("disk")])

    async def broken(lane: Lane) -> Any:
        if (error := next(failures, None)) is not None:
            raise error
        return await real(lane)

    stage.poller._policies = broken
    ids = await stage.accept()
    assert stage.functions.calls == []
    await stage.time.pass_by(10)
    assert set(stage.over) == set(ids)
