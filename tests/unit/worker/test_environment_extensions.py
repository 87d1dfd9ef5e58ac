"""Extensions around an environment: registering, events, shutdown, and what their failures do."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable

import pytest

from lambdad.domain.function import AttachedLayer, CodeKey
from lambdad.domain.outcome import Status
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.stage import NEXT, Stage

LAYERS = (AttachedLayer("arn:aws:lambda:us-east-1:000000000000:layer:l:1", 1, 1, CodeKey("11")),)
BASE = "/2020-01-01/extension"


@pytest.fixture
def stage(stages: Callable[..., Stage]) -> Stage:
    return stages(layers=LAYERS)


async def test_the_runtime_is_started_once_every_extension_has_registered(stage: Stage) -> None:
    stage.factory.programs = ("one", "two")
    stage.start()
    await stage.launched("extension:one", "extension:two")
    assert (await stage.extension("one").register("INVOKE")).status == 200
    await asyncio.sleep(0.02)
    assert "runtime" not in stage.sandbox.by_name
    await stage.extension("two").register()
    await stage.launched("runtime")


async def test_an_extension_is_told_of_function_and_account(stage: Stage) -> None:
    stage.factory.programs = ("one",)
    stage.start()
    await stage.launched("extension:one")
    answer = await stage.extension("one").register(
        "INVOKE", **{"Lambda-Extension-Accept-Feature": "accountId"}
    )
    assert json.loads(answer.body) == {
        "functionName": "hello",
        "functionVersion": "$LATEST",
        "handler": "app.handler",
        "accountId": "000000000000",
    }
    plan = stage.sandbox.by_name["extension:one"].plan
    assert plan.argv == ("/opt/extensions/one",)
    assert plan.cwd == "/"
    assert not plan.has_channel
    assert "AWS_LAMBDA_RUNTIME_API" in plan.env
    assert not {"LAMBDA_TASK_ROOT", "AWS_EXECUTION_ENV", "_HANDLER"} & set(plan.env)


async def test_init_ends_when_runtime_and_extensions_wait(stage: Stage) -> None:
    stage.factory.programs = ("one",)
    stage.start()
    await stage.launched("extension:one")
    extension = stage.extension("one")
    await extension.register("INVOKE", "SHUTDOWN")
    await stage.launched("runtime")
    await stage.wait_process()
    await stage.send(NEXT)
    await asyncio.sleep(0.02)
    assert stage.environment.state is EnvironmentState.INIT
    await extension.ask()
    await stage.until(EnvironmentState.IDLE)


async def test_an_event_goes_to_runtime_and_extension_and_is_over_when_both_are_back(stage: Stage) -> None:
    extension = await stage.ready_with("INVOKE")
    stage.environment.run(stage.invocation())
    await stage.receive()
    assert await extension.event() == {
        "eventType": "INVOKE",
        "deadlineMs": 1_000_003_000,
        "requestId": "id-1",
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:hello",
        "tracing": {"type": "X-Amzn-Trace-Id", "value": "Root=1-0-0;Sampled=0"},
    }
    await stage.answer(b"1")
    assert (await stage.settle()).result == b"1"
    await stage.send(NEXT)
    await asyncio.sleep(0.02)
    assert stage.environment.state is EnvironmentState.ANSWERED
    assert "REPORT" not in stage.sink.text
    await extension.ask()
    await stage.until(EnvironmentState.IDLE)
    assert "REPORT RequestId: id-1" in stage.sink.text


async def test_who_wants_the_tail_of_the_log_waits_for_the_extensions(stage: Stage) -> None:
    extension = await stage.ready_with("INVOKE")
    stage.environment.run(stage.invocation(want_tail=True))
    await stage.receive()
    await extension.event()
    await stage.answer(b"1")
    await stage.send(NEXT)
    await asyncio.sleep(0.02)
    assert not stage.settled
    await extension.ask()
    invocation = await stage.settle()
    assert invocation.log_tail is not None
    assert b"REPORT RequestId: id-1" in invocation.log_tail


async def test_an_extension_that_takes_no_events_is_not_waited_for(stage: Stage) -> None:
    await stage.ready_with("SHUTDOWN")
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.answer(b"1")
    await stage.settle()
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)


async def test_an_extension_that_does_not_come_back_times_out_the_answered_event(
    stages: Callable[..., Stage],
) -> None:
    stage = stages(layers=LAYERS, timeout_s=1)
    extension = await stage.ready_with("INVOKE", "SHUTDOWN")
    stage.environment.run(stage.invocation())
    await stage.receive()
    await extension.event()
    await stage.answer(b"1")
    assert (await stage.settle()).status is Status.SUCCESS
    await stage.send(NEXT)
    await stage.until(EnvironmentState.RESETTING)
    assert "Status: timeout" in stage.sink.text
    await extension.ask()
    assert (await extension.event())["shutdownReason"] == "TIMEOUT"
    stage.sandbox.by_name["extension:watcher"].exit(ExitStatus(0, None))
    await stage.until(EnvironmentState.BARE)


async def test_shutdown_tells_the_runtime_by_signal_and_the_extension_by_event(stage: Stage) -> None:
    extension = await stage.ready_with("INVOKE", "SHUTDOWN")
    stage.environment.retire()
    assert stage.owner.gone == [(stage.environment, None)]
    event = await extension.event()
    assert event["eventType"] == "SHUTDOWN"
    assert event["shutdownReason"] == "SPINDOWN"
    assert event["deadlineMs"] == 1_000_002_000
    assert stage.sandbox.by_name["runtime"].signals == [signal.SIGTERM]
    assert stage.environment.state is EnvironmentState.SHUTDOWN
    stage.sandbox.by_name["extension:watcher"].exit(ExitStatus(0, None))
    await stage.environment.removed()
    assert stage.sandbox.destroyed


async def test_a_runtime_that_ignores_sigterm_and_an_extension_that_hangs_are_killed_in_their_time(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdad.worker.environment.shutdown_budget.SHUTDOWN_EXTERNAL_S", 0.1)
    await stage.ready_with("SHUTDOWN")
    stage.sandbox.obeys = False
    stage.environment.retire()
    await stage.environment.removed()
    assert stage.sandbox.by_name["runtime"].signals == [signal.SIGTERM, signal.SIGKILL]
    assert stage.sandbox.destroyed


async def test_an_extension_without_shutdown_is_killed_and_not_told(stage: Stage) -> None:
    await stage.ready_with("INVOKE")
    stage.environment.retire()
    await stage.environment.removed()
    assert stage.sandbox.by_name["extension:watcher"].signals == [signal.SIGKILL]


async def test_a_crash_of_the_runtime_tells_extensions_failure_and_starts_all_again(stage: Stage) -> None:
    extension = await stage.ready_with("INVOKE", "SHUTDOWN")
    stage.environment.run(stage.invocation())
    await stage.receive()
    await extension.event()
    stage.exit(ExitStatus(1, None))
    assert json.loads((await stage.settle()).result)["errorType"] == "Runtime.ExitError"
    await extension.ask()
    assert (await extension.event())["shutdownReason"] == "FAILURE"
    stage.sandbox.by_name["extension:watcher"].exit(ExitStatus(0, None))
    await stage.until(EnvironmentState.BARE)
    stage.settled.clear()
    stage.sandbox.by_name.clear()
    stage.environment.run(stage.invocation())
    await stage.launched("extension:watcher")
    again = stage.extension("watcher")
    await again.register("INVOKE")
    await stage.launched("runtime")
    await again.ask()
    await asyncio.sleep(0.02)
    await stage.send(NEXT)
    assert (await again.event())["requestId"] == "id-1"
    assert b"id-1" in await stage.receive()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (ExitStatus(0, None), "exit code 0"),
        (ExitStatus(1, None), "exit status 1"),
        (ExitStatus(None, 9), "signal: killed"),
    ],
)
async def test_an_extension_that_crashes_fails_the_event(
    stage: Stage, status: ExitStatus, words: str
) -> None:
    extension = await stage.ready_with("INVOKE")
    stage.environment.run(stage.invocation())
    await stage.receive()
    await extension.event()
    stage.sandbox.by_name["extension:watcher"].exit(status)
    invocation = await stage.settle()
    assert json.loads(invocation.result) == {
        "errorType": "Extension.Crash",
        "errorMessage": f"RequestId: id-1 Error: {words}",
    }
    assert "Status: error\tError Type: Extension.Crash" in stage.sink.text
    await stage.until(EnvironmentState.BARE)


async def test_an_extension_that_crashes_in_init_fails_init_and_then_the_event(stage: Stage) -> None:
    stage.factory.programs = ("one",)
    stage.owner.waiting.append(stage.invocation())
    stage.start()
    for number in (1, 2):
        async with asyncio.timeout(5):
            while len(stage.sandbox.processes if stage.factory.made else ()) < number:
                await asyncio.sleep(0.001)
        stage.sandbox.processes[-1].exit(ExitStatus(1, None))
    assert json.loads((await stage.settle()).result)["errorType"] == "Extension.Crash"
    assert "Phase: init\tStatus: error\tError Type: Extension.Crash" in stage.sink.text
    assert "Phase: invoke\tStatus: error\tError Type: Extension.Crash" in stage.sink.text


async def test_a_program_that_cannot_be_executed_is_a_launch_error(stage: Stage) -> None:
    stage.factory.programs = ("one",)
    stage.start()
    await stage.launched("extension:one")
    stage.sandbox.by_name["extension:one"].exit(ExitStatus(None, None, error="exec format error"))
    await stage.until(EnvironmentState.BARE)
    assert "Status: error\tError Type: Extension.LaunchError" in stage.sink.text


async def test_an_extension_may_report_that_it_cannot_come_up(stage: Stage) -> None:
    stage.factory.programs = ("one",)
    stage.start()
    await stage.launched("extension:one")
    extension = stage.extension("one")
    await extension.register()
    assert (await extension.report("init", None)).error_type == "Extension.MissingHeader"
    assert (await extension.report("init", "Extension.NoLicence")).status == 202
    stage.sandbox.by_name["extension:one"].exit(ExitStatus(1, None))
    await stage.until(EnvironmentState.BARE)
    assert (
        "EXTENSION\tName: one\tState: Exited\tEvents: []\tError Type: Extension.NoLicence" in stage.sink.text
    )
    assert "Status: error\tError Type: Extension.InitError" in stage.sink.text


async def test_an_extension_may_report_that_it_must_end_during_an_event(stage: Stage) -> None:
    extension = await stage.ready_with("INVOKE")
    stage.environment.run(stage.invocation())
    await stage.receive()
    await extension.event()
    assert (await extension.report("exit", "Extension.Full")).status == 202
    stage.sandbox.by_name["extension:watcher"].exit(ExitStatus(1, None))
    assert json.loads((await stage.settle()).result) == {
        "errorType": "Extension.ExitError",
        "errorMessage": "RequestId: id-1 Error: exit status 1",
    }


async def test_eleven_programs_are_too_many(stage: Stage) -> None:
    stage.factory.programs = tuple(f"e{number}" for number in range(11))
    stage.start()
    await stage.until(EnvironmentState.BARE)
    assert "Error Type: TooManyExtensions" in stage.sink.text
    assert not stage.sandbox.processes


async def test_an_internal_extension_may_take_invoke_only_and_registers_before_next(stage: Stage) -> None:
    stage.start()
    await stage.wait_for_runtime()
    assert (await stage.extension("inside").register("INVOKE", "SHUTDOWN")).error_type == (
        "Extension.InvalidEventType"
    )
    inside = stage.extension("inside")
    assert (await inside.register("INVOKE")).status == 200
    await inside.ask()
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    assert (await stage.extension("late").register("INVOKE")).error_type == "Extension.RegistrationClosed"
    stage.environment.run(stage.invocation())
    assert (await inside.event())["eventType"] == "INVOKE"


async def test_there_are_ten_at_most(stage: Stage) -> None:
    stage.start()
    await stage.wait_for_runtime()
    for number in range(10):
        assert (await stage.extension(f"i{number}").register("INVOKE")).status == 200
    answer = await stage.extension("eleventh").register("INVOKE")
    assert answer.error_type == "Extension.TooManyExtensions"
    assert b"Extension limit (10) reached" in answer.body


@pytest.mark.parametrize(
    ("headers", "error_type"),
    [
        ({}, "Extension.MissingExtensionIdentifier"),
        ({"Lambda-Extension-Identifier": "no-uuid"}, "Extension.InvalidExtensionIdentifier"),
        (
            {"Lambda-Extension-Identifier": "0ac5e1a3-6a1f-4a0a-9a0b-7a5b4d9a7a55"},
            "Extension.UnknownExtensionIdentifier",
        ),
    ],
)
@pytest.mark.parametrize("known", [True, False])
async def test_who_does_not_say_who_it_is_is_refused(
    stage: Stage, headers: dict[str, str], error_type: str, known: bool
) -> None:
    stage.start()
    await stage.wait_for_runtime()
    if known:
        await stage.extension("other").register("INVOKE")
    caller = await stage.caller().open()
    answer = await caller.call("GET", f"{BASE}/event/next", headers)
    assert (answer.status, answer.error_type) == (403, error_type)


async def test_an_event_that_finds_no_connection_is_given_to_the_next_next(stage: Stage) -> None:
    extension = await stage.ready_with("INVOKE")
    extension.caller.close()
    await asyncio.sleep(0.02)
    stage.environment.run(stage.invocation())
    await stage.receive()
    extension.caller = await stage.caller().open()
    await extension.ask()
    assert (await extension.event())["requestId"] == "id-1"
