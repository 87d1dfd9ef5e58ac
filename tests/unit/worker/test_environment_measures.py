"""What an environment tells of each invocation that is over, once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lambdad.domain.function import AttachedLayer, CodeKey
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import ON_DEMAND
from lambdad.domain.platform_log import Birth
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.stage import NEXT, Stage

LAYERS = (AttachedLayer("arn:aws:lambda:us-east-1:000000000000:layer:l:1", 1, 1, CodeKey("11")),)


@pytest.fixture
def stage(stages: Callable[..., Stage]) -> Stage:
    return stages()


async def test_a_success_is_told_with_its_time_and_what_is_billed(stage: Stage) -> None:
    await stage.ready()
    invocation = stage.invocation()
    stage.environment.run(invocation)
    await stage.receive()
    stage.clock.time += 0.25
    await stage.answer(b'"done"')
    await stage.settle()
    (told,) = stage.ran
    target, began_ms, took_ms, billed_ms, status, kind, overhead_ms, restore, streamed = told
    assert target is invocation.target
    assert (began_ms, status, kind) == (1_000_000_000, Status.SUCCESS, ON_DEMAND)
    assert took_ms == pytest.approx(250.0)
    assert billed_ms >= 250
    assert (overhead_ms, restore, streamed) == (0.0, None, 0)


async def test_a_failure_is_told_as_one(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    stage.exit(ExitStatus(code=3, signal=None))
    await stage.settle()
    assert [status for _, _, _, _, status, *_ in stage.ran] == [Status.ERROR]


async def test_what_extensions_take_after_the_answer_is_told_and_part_of_the_duration(
    stages: Callable[..., Stage],
) -> None:
    stage = stages(layers=LAYERS)
    extension = await stage.ready_with("INVOKE")
    stage.environment.run(stage.invocation())
    await stage.receive()
    await extension.event()
    await stage.answer(b'"done"')
    await stage.settle()
    assert stage.ran == []
    stage.clock.time += 0.5
    await stage.send(NEXT)
    await extension.ask()
    await stage.settle()
    ((_, _, took_ms, _, _, _, overhead_ms, *_),) = stage.ran
    assert took_ms == pytest.approx(500.0)
    assert overhead_ms == pytest.approx(500.0)


async def test_the_first_event_alone_is_reported_with_how_the_environment_came_to_be(stage: Stage) -> None:
    await stage.ready()
    for number in range(2):
        stage.environment.run(stage.invocation())
        await stage.receive()
        await stage.answer(b'"done"')
        await stage.send(NEXT)
        await stage.until(EnvironmentState.IDLE)
        assert stage.environment.served == number + 1
    births = [record.birth for record in stage.sink.records]
    assert births == [Birth("spawn", 0.0), None]
