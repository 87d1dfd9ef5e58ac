"""Freezing: only when everybody waits, never under load, and thawed before the event is written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from lambdad.worker.environment.states import EnvironmentState
from tests.fakes.stage import NEXT, Stage
from tests.unit.worker.test_environment_extensions import LAYERS


async def frozen(stage: Stage) -> None:
    await stage.until(EnvironmentState.IDLE)
    stage.clock.time += 1
    await stage.until(EnvironmentState.FROZEN)


async def test_an_idle_environment_is_frozen_and_thawed_before_the_event_is_written(stage: Stage) -> None:
    await stage.ready()
    await frozen(stage)
    assert stage.sandbox.frozen
    stage.environment.run(stage.invocation())
    assert not stage.sandbox.frozen
    assert b"id-1" in await stage.receive()
    await stage.answer(b"1")
    await stage.send(NEXT)
    await frozen(stage)
    assert (stage.sandbox.freezes, stage.sandbox.thaws) == (2, 1)


async def test_an_environment_is_not_frozen_while_its_runtime_has_not_asked_for_the_next_event(
    stage: Stage,
) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.answer(b"1")
    await stage.settle()
    await asyncio.sleep(0.05)
    assert stage.environment.state is EnvironmentState.ANSWERED
    assert not stage.sandbox.frozen


async def test_an_environment_is_not_frozen_while_an_extension_works(stages: Callable[..., Stage]) -> None:
    stage = stages(layers=LAYERS)
    extension = await stage.ready_with("INVOKE")
    stage.environment.run(stage.invocation())
    await stage.receive()
    await extension.event()
    freezes = stage.sandbox.freezes
    await stage.answer(b"1")
    await stage.send(NEXT)
    await asyncio.sleep(0.05)
    assert stage.sandbox.freezes == freezes
    await extension.ask()
    await frozen(stage)


async def test_back_to_back_events_are_never_slowed_by_freezing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdad.worker.freezer.FREEZE_AFTER_S", 0.5)
    await stage.ready()
    for _ in range(20):
        stage.settled.clear()
        stage.environment.run(stage.invocation())
        await stage.receive()
        await stage.answer(b"1")
        await stage.send(NEXT)
        await stage.until(EnvironmentState.IDLE)
    assert stage.sandbox.freezes == 0


async def test_one_that_ran_since_it_was_looked_at_is_frozen_later(stage: Stage) -> None:
    await stage.ready()
    for _ in range(3):
        stage.settled.clear()
        stage.environment.run(stage.invocation())
        await stage.receive()
        stage.clock.time += 1
        await stage.answer(b"1")
        await stage.send(NEXT)
        await stage.until(EnvironmentState.IDLE)
    await frozen(stage)


async def test_a_host_that_cannot_freeze_leaves_it_idle(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.worker.FakeSandbox.freeze", lambda _: False)
    await stage.ready()
    await asyncio.sleep(0.05)
    assert stage.environment.state is EnvironmentState.IDLE
    stage.environment.run(stage.invocation())
    await stage.receive()


async def test_a_frozen_environment_is_thawed_to_hear_of_its_end(stages: Callable[..., Stage]) -> None:
    stage = stages(layers=LAYERS)
    extension = await stage.ready_with("SHUTDOWN")
    await frozen(stage)
    stage.environment.retire()
    assert not stage.sandbox.frozen
    assert (await extension.event())["shutdownReason"] == "SPINDOWN"
