"""What goes wrong around an environment: it ends, its event is settled once, and nothing leaks."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.outcome import Status
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.stage import NEXT, Stage


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def test_an_unforeseen_failure_while_starting_is_told_to_the_owner_at_once(stage: Stage) -> None:
    async def fail() -> None:
        raise OSError("no more descriptors")

    stage.start()
    await stage.made()
    stage.sandbox.start_gate = fail
    await stage.until(EnvironmentState.GONE)
    assert [type(reason) for _, reason in stage.owner.gone] == [EnvironmentUnavailable]
    await stage.environment.removed()
    assert stage.sandbox.destroyed


async def test_one_that_is_ended_while_its_process_starts_leaks_neither_output_nor_channel(
    stage: Stage,
) -> None:
    before = descriptors()
    gate = asyncio.Event()
    stage.start()
    await stage.made()

    async def wait() -> None:
        await gate.wait()

    stage.sandbox.start_gate = wait
    await stage.until(EnvironmentState.INIT)
    stage.environment.stop()
    await asyncio.sleep(0.01)
    gate.set()
    await stage.environment.removed()
    for process in stage.sandbox.processes:
        process.end()
    await asyncio.sleep(0.02)
    assert descriptors() == before


async def test_an_answered_runtime_that_never_asks_again_is_reset_when_its_time_is_over(
    stages: Callable[..., Stage],
) -> None:
    stage = stages(timeout_s=1)
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.answer(b"1")
    assert (await stage.settle()).status is Status.SUCCESS
    await stage.until(EnvironmentState.BARE)
    assert stage.sandbox.kills >= 1
    assert stage.owner.gone == []
    assert stage.owner.idle == [stage.environment] * 2


async def test_output_of_others_is_never_read_after_a_function_closed_its_own(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    process = stage.sandbox.process
    assert process is not None
    os.close(process.printing)
    await asyncio.sleep(0.02)
    reading, printing = os.pipe()  # takes the number that the journal has closed
    os.set_blocking(reading, False)
    if reading != process.output:
        os.dup2(reading, process.output)
    process.printing = printing
    os.write(printing, b"a secret of somebody else\n")
    await stage.answer(b"1")
    await stage.settle()
    assert "secret" not in stage.sink.text
    assert os.read(process.output, 100) == b"a secret of somebody else\n"
    os.close(process.output)
    if reading != process.output:
        os.close(reading)


async def test_the_last_words_before_a_crash_stand_before_end(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    stage.print(b"dying\nbecause")
    stage.exit(ExitStatus(None, 6))
    await stage.settle()
    assert "dying\nbecauseEND RequestId: id-1" in stage.sink.text


async def test_a_control_group_that_is_just_going_does_not_keep_the_caller_waiting(stage: Stage) -> None:
    await stage.ready()

    def fail() -> int:
        raise OSError(19, "No such device")

    stage.sandbox.peak_memory_bytes = fail  # type: ignore[method-assign]
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.answer(b"1")
    assert (await stage.settle()).result == b"1"


async def test_the_host_tells_which_environment_is_gone(stage: Stage) -> None:
    await stage.ready()
    stage.environment.retire()
    assert stage.gone == [stage.environment.environment_id]


# --- an Init that takes too long -----------------------------------------------------------------


async def slow(stage: Stage, *, waiting: bool = True) -> None:
    if waiting:
        stage.owner.waiting.append(stage.invocation())
    stage.start()
    await stage.until(EnvironmentState.INIT)
    await stage.wait_process()


async def restarted(stage: Stage) -> None:
    await stage.until(EnvironmentState.REPEATED_INIT)
    async with asyncio.timeout(5):
        while len(stage.sandbox.processes) < 2:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambdad.worker.environment.init_limit.INIT_TIMEOUT_S", 0.05)


@pytest.mark.usefixtures("_impatient")
async def test_an_init_that_takes_too_long_is_repeated_inside_the_event_that_waits(stage: Stage) -> None:
    await slow(stage)
    await restarted(stage)
    assert stage.sandbox.processes[0].on_exit is None
    await stage.send(NEXT)
    assert b"Lambda-Runtime-Aws-Request-Id: id-1\r\n" in await stage.receive()
    assert stage.environment.state is EnvironmentState.BUSY
    await stage.answer(b"1")
    assert (await stage.settle()).result == b"1"
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    kinds = [line.split(" ")[0] for line in stage.sink.lines]
    assert kinds == ["INIT_START", "INIT_REPORT", "START", "INIT_REPORT", "END", "REPORT"]
    assert "Phase: init\tStatus: timeout\n" in stage.sink.lines[1]
    assert stage.sink.lines[3].endswith("Phase: invoke\n")
    assert "Init Duration" not in stage.sink.lines[5]


@pytest.mark.usefixtures("_impatient")
async def test_nobody_waits_so_an_init_that_takes_too_long_is_repeated_in_the_next_event(
    stage: Stage,
) -> None:
    await slow(stage, waiting=False)
    await stage.until(EnvironmentState.BARE)
    assert "Phase: init\tStatus: timeout" in stage.sink.text
    stage.environment.run(stage.invocation())
    await restarted(stage)
    await stage.send(NEXT)
    assert b"Lambda-Runtime-Aws-Request-Id: id-1\r\n" in await stage.receive()
    await stage.answer(b"1")
    assert (await stage.settle()).result == b"1"


@pytest.mark.usefixtures("_impatient")
async def test_a_repeated_init_counts_against_the_functions_timeout(stages: Callable[..., Stage]) -> None:
    stage = stages(timeout_s=1)
    await slow(stage)
    await restarted(stage)
    invocation = await stage.settle()
    assert json.loads(invocation.result)["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "Phase: invoke\tStatus: timeout\n" in stage.sink.text
    await stage.until(EnvironmentState.BARE)


async def test_a_process_that_does_not_die_is_bounded_by_the_functions_timeout(
    stages: Callable[..., Stage],
) -> None:
    stage = stages(timeout_s=1)
    await stage.ready()
    stage.sandbox.immortal = True
    stage.environment.run(stage.invocation())
    await stage.receive()
    stage.sandbox.by_name["runtime"].inside.close()
    assert (await stage.settle()).status is Status.TIMEOUT
    assert stage.environment.state is EnvironmentState.RESETTING
    stage.settled.clear()
    stage.environment.run(stage.invocation())
    assert (await stage.settle()).status is Status.TIMEOUT
    assert len(stage.sandbox.processes) == 1


async def test_a_sandbox_whose_processes_do_not_die_is_given_up(
    stages: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdad.worker.environment.endings.END_WITHIN_S", 0.05)
    stage = stages(timeout_s=1)
    await stage.ready()
    stage.sandbox.immortal = True
    stage.environment.run(stage.invocation())
    await stage.receive()
    assert (await stage.settle()).status is Status.TIMEOUT
    await stage.until(EnvironmentState.GONE)
    assert stage.owner.gone == [(stage.environment, None)]
    await stage.environment.removed()
    assert stage.sandbox.destroyed


@pytest.mark.usefixtures("_impatient")
async def test_a_next_of_the_killed_process_is_not_given_the_event(stage: Stage) -> None:
    stage.factory.immortal = True
    await slow(stage)
    await stage.until(EnvironmentState.RESETTING)
    await stage.send(NEXT)
    assert b"404 Not Found" in await stage.receive()
    assert stage.environment.state is EnvironmentState.RESETTING
    assert not stage.settled


@pytest.mark.usefixtures("_impatient")
async def test_a_repeated_init_that_fails_answers_the_event(stage: Stage) -> None:
    await slow(stage)
    await restarted(stage)
    stage.print(b"why\n")
    stage.exit(ExitStatus(3, None))
    invocation = await stage.settle()
    assert json.loads(invocation.result) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": "RequestId: id-1 Error: Runtime exited with error: exit status 3",
    }
    assert "why\nINIT_REPORT Init Duration: " in stage.sink.text
    assert "Phase: invoke\tStatus: error\tError Type: Runtime.ExitError\n" in stage.sink.text


@pytest.mark.usefixtures("_impatient")
async def test_a_restart_that_fails_settles_the_event(stage: Stage) -> None:
    async def fail() -> None:
        raise EnvironmentUnavailable("gone")

    await slow(stage)
    stage.sandbox.start_gate = fail
    assert (await stage.settle()).status is Status.ERROR
    await stage.environment.removed()
    assert stage.sandbox.destroyed
