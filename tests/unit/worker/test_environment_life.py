"""An environment's life with a runtime played by the test: every invocation is settled exactly once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.outcome import Status
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.stage import NEXT, Stage


async def test_an_event_reaches_the_runtime_with_its_headers_and_its_bytes_untouched(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation(b'{ "a" :1}'))
    head, _, body = (await stage.receive()).partition(b"\r\n\r\n")
    assert body == b'{ "a" :1}'
    assert b"Lambda-Runtime-Aws-Request-Id: id-1\r\n" in head
    assert b"Lambda-Runtime-Deadline-Ms: 1000003000" in head
    assert (
        b"Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:hello" in head
    )
    assert b"Lambda-Runtime-Trace-Id: Root=1-0-0;Sampled=0" in head


async def test_an_answer_settles_the_invocation_and_next_makes_it_idle_again(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    assert b"202 Accepted" in await stage.answer(b'"done"')
    invocation = await stage.settle()
    assert (invocation.status, invocation.result) == (Status.SUCCESS, b'"done"')
    assert stage.environment.state is EnvironmentState.ANSWERED
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    assert len(stage.owner.idle) == 2


async def test_a_second_answer_is_refused_and_changes_nothing(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.answer(b"1")
    assert b"from RuntimeResponseSentState to InvocationResponse failed" in await stage.answer(b"2")
    assert b"to InvocationErrorResponse failed" in await stage.answer(b"2", "error")
    assert (await stage.settle()).result == b"1"


async def test_an_answer_for_another_id_is_refused_and_the_right_one_still_counts(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    assert b"InvalidRequestID" in await stage.answer(b"1", request_id="other")
    await stage.answer(b"2")
    assert (await stage.settle()).result == b"2"


async def test_a_handler_error_goes_to_the_caller_untouched(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.answer(b'{"errorType":"Boom"}', "error")
    invocation = await stage.settle()
    assert (invocation.status, invocation.result) == (Status.ERROR, b'{"errorType":"Boom"}')


async def test_an_answer_over_6_mb_becomes_aws_error_and_the_runtime_hears_413(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    assert b"413" in await stage.answer(b"x" * (6 * 1024 * 1024 + 101))
    invocation = await stage.settle()
    assert json.loads(invocation.result)["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize(
    ("status", "error_type", "words"),
    [
        (ExitStatus(0, None), "Runtime.ExitError", "Runtime exited without providing a reason"),
        (ExitStatus(1, None), "Runtime.ExitError", "Runtime exited with error: exit status 1"),
        (ExitStatus(None, 9), "Runtime.ExitError", "Runtime exited with error: signal: killed"),
        (ExitStatus(None, 11), "Runtime.ExitError", "signal: segmentation fault"),
        (ExitStatus(None, 9, oom_killed=True), "Runtime.OutOfMemory", "signal: killed"),
    ],
)
async def test_a_runtime_that_ends_during_an_event_settles_it_in_aws_words(
    stage: Stage, status: ExitStatus, error_type: str, words: str
) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    stage.exit(status)
    payload = json.loads((await stage.settle()).result)
    assert payload["errorType"] == error_type
    assert payload["errorMessage"].startswith("RequestId: id-1 Error: ")
    assert words in payload["errorMessage"]
    assert f"Status: error\tError Type: {error_type}" in stage.sink.text
    await stage.until(EnvironmentState.BARE)
    assert stage.owner.gone == []


async def test_a_timeout_kills_the_tree_and_says_so_to_caller_and_log(stages: Callable[..., Stage]) -> None:
    stage = stages(timeout_s=1)
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    invocation = await stage.settle()
    assert json.loads(invocation.result) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": "RequestId: id-1 Error: Task timed out after 1.00 seconds",
    }
    assert stage.sandbox.kills >= 1
    assert "Status: timeout" in stage.sink.text
    await stage.until(EnvironmentState.BARE)
    assert stage.sandbox.processes[0].on_exit is None


async def test_lines_stand_between_start_and_end_in_the_order_they_were_printed(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    stage.print(b"one\ntwo\nno newline")
    await stage.answer(b"1")
    await stage.settle()
    at = stage.sink.text.index("START RequestId: id-1 Version: $LATEST\n")
    assert stage.sink.text[at:].startswith(
        "START RequestId: id-1 Version: $LATEST\none\ntwo\nno newline"
        "END RequestId: id-1\nREPORT RequestId: id-1\t"
    )
    assert "Max Memory Used: 10 MB\tInit Duration: " in stage.sink.text


async def test_lines_of_a_long_event_are_written_while_it_runs_and_only_once(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation(want_tail=True))
    await stage.receive()
    stage.print(b"early\n")
    async with asyncio.timeout(5):
        while "early" not in stage.sink.text:
            await asyncio.sleep(0.01)
    assert not stage.settled
    await stage.answer(b"1")
    invocation = await stage.settle()
    assert stage.sink.text.count("START RequestId") == 1
    assert stage.sink.text.count("early") == 1
    assert invocation.log_tail is not None
    tail = invocation.log_tail.decode()
    assert tail.startswith("START RequestId: id-1")
    assert tail.count("early") == 1
    assert "REPORT" in tail


async def test_what_init_prints_comes_before_the_first_start(stage: Stage) -> None:
    stage.start()
    await stage.until(EnvironmentState.INIT)
    await stage.wait_process()
    stage.print(b"loading\n")
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    assert stage.sink.lines[0].startswith(
        "INIT_START Runtime Version: python3.11.v1\tRuntime Version ARN: arn:"
    )
    assert stage.sink.lines[1] == "loading\n"


async def fail_init(stage: Stage, status: ExitStatus, report: bytes = b"") -> None:
    """The runtime comes up and fails, twice: in Init, and in the event that Init is repeated in."""
    stage.owner.waiting.append(stage.invocation())
    stage.start()
    for number in (1, 2):
        async with asyncio.timeout(5):
            while len(stage.sandbox.processes if stage.factory.made else ()) < number:
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        if report:
            await stage.send(report)
            assert b"202" in await stage.receive()
        stage.exit(status)


async def test_what_outlives_a_failed_runtime_is_not_taken_for_the_next_one(stage: Stage) -> None:
    stage.owner.waiting.append(stage.invocation())
    stage.start()
    await stage.wait_for_runtime()
    stage.sandbox.answers.clear()  # the kill is on its way
    stage.exit(ExitStatus(None, 9))
    await stage.until(EnvironmentState.RESETTING)
    await asyncio.sleep(0.02)
    child = await stage.caller().open()
    await child.send("GET", "/2018-06-01/runtime/invocation/next")
    assert (await child.receive()).status == 404
    assert len(stage.sandbox.processes) == 1
    stage.sandbox.answers.set()
    await stage.until(EnvironmentState.REPEATED_INIT)


async def test_a_sandbox_that_answers_nothing_any_more_is_given_up(stage: Stage) -> None:
    stage.start()
    await stage.wait_for_runtime()
    stage.sandbox.refuses = True
    stage.exit(ExitStatus(None, 9))
    await stage.until(EnvironmentState.GONE)


async def test_an_init_error_is_logged_twice_and_answers_the_event_that_waits(stage: Stage) -> None:
    body = b'{"errorMessage":"Unable to import module","errorType":"Runtime.ImportModuleError"}'
    head = b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    await fail_init(stage, ExitStatus(1, None), head + body)
    assert (await stage.settle()).result == body
    kinds = [line.split(" ")[0] for line in stage.sink.lines]
    assert kinds == ["INIT_START", "INIT_REPORT", "START", "INIT_REPORT", "END", "REPORT"]
    assert "Phase: init\tStatus: error\tError Type: Runtime.ImportModuleError" in stage.sink.lines[1]
    assert "Phase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError" in stage.sink.lines[3]
    await stage.until(EnvironmentState.BARE)


async def test_an_error_type_without_end_is_not_kept(stage: Stage) -> None:
    body = b'{"errorType":"Function.' + b"a" * 100_000 + b'"}'
    head = b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    await fail_init(stage, ExitStatus(1, None), head + body)
    await stage.settle()
    assert [record.error_type for record in stage.sink.records] == ["Runtime.Unknown"]


async def test_a_program_that_does_not_exist_is_named(stage: Stage) -> None:
    await fail_init(stage, ExitStatus(None, None, error="no such file or directory"))
    payload = json.loads((await stage.settle()).result)
    assert payload == {
        "errorType": "Runtime.InvalidEntrypoint",
        "errorMessage": "RequestId: id-1 Error: fork/exec /bin/true: no such file or directory",
    }


async def test_a_sandbox_that_cannot_be_made_is_told_to_the_owner(stage: Stage) -> None:
    stage.factory.fail_with = EnvironmentUnavailable("no room")
    stage.start()
    await stage.until(EnvironmentState.GONE)
    assert [str(reason) for _, reason in stage.owner.gone] == ["no room"]


async def test_the_cpu_quota_holds_from_the_first_next_on(stage: Stage) -> None:
    stage.start()
    await stage.until(EnvironmentState.INIT)
    await stage.wait_process()
    assert not stage.sandbox.quota_applied
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    assert stage.sandbox.quota_applied


async def test_closing_the_host_settles_running_events_and_destroys_every_sandbox(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.host.close()
    assert (await stage.settle()).status is Status.ERROR
    assert stage.sandbox.destroyed


async def test_a_runtime_that_breaks_the_protocol_loses_its_connection_and_the_event_is_settled(
    stages: Callable[..., Stage],
) -> None:
    stage = stages(timeout_s=1)
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()
    await stage.send(b"\x00\x01\x02 this is not http\r\n\r\n")
    assert b"400 Bad Request" in await stage.receive()
    assert (await stage.settle()).status is Status.TIMEOUT


async def test_an_idle_runtime_that_ends_is_started_again_inside_the_next_event(stage: Stage) -> None:
    await stage.ready()
    stage.exit(ExitStatus(1, None))
    await stage.until(EnvironmentState.BARE)
    assert stage.owner.idle == [stage.environment]
    assert not stage.sandbox.destroyed
    stage.environment.run(stage.invocation())
    await stage.until(EnvironmentState.REPEATED_INIT)
    await asyncio.sleep(0.02)
    await stage.send(NEXT)
    assert b"Lambda-Runtime-Aws-Request-Id: id-1\r\n" in await stage.receive()


async def test_an_event_that_comes_while_processes_are_ended_waits_for_the_new_ones(
    stages: Callable[..., Stage],
) -> None:
    stage = stages(timeout_s=1)
    await stage.ready()
    stage.sandbox.immortal = True
    stage.environment.run(stage.invocation())
    await stage.receive()
    assert (await stage.settle()).status is Status.TIMEOUT
    assert stage.environment.state is EnvironmentState.RESETTING
    stage.settled.clear()
    stage.environment.run(stage.invocation())
    await asyncio.sleep(0.02)
    assert len(stage.sandbox.processes) == 1
    stage.exit(ExitStatus(None, 9))
    stage.sandbox.immortal = False
    await stage.until(EnvironmentState.REPEATED_INIT)
    await asyncio.sleep(0.02)
    await stage.send(NEXT)
    await stage.receive()
    await stage.answer(b"1")
    assert (await stage.settle()).result == b"1"


async def test_processes_that_are_started_again_get_new_credentials(stage: Stage) -> None:
    await stage.ready()
    before = dict(stage.sandbox.started.env)
    stage.exit(ExitStatus(1, None))
    await stage.until(EnvironmentState.BARE)
    stage.environment.run(stage.invocation())
    await stage.until(EnvironmentState.REPEATED_INIT)
    await asyncio.sleep(0.02)
    after = stage.sandbox.started.env
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}


async def test_the_environment_variables_are_merged_as_aws_does(stages: Callable[..., Stage]) -> None:
    stage = stages(environment={"MINE": "1", "AWS_REGION": "elsewhere", "PATH": "/mine"})
    await stage.ready()
    env = stage.sandbox.started.env
    assert env["MINE"] == "1"
    assert env["PATH"] == "/mine"
    assert env["AWS_REGION"] == "us-east-1"
    assert env["_HANDLER"] == "app.handler"
    assert env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert env["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.11"
    assert env["AWS_LAMBDA_RUNTIME_API"] == stage.sandbox.addresses[0]
    assert env["AWS_ENDPOINT_URL"] == f"http://{stage.sandbox.addresses[-1]}"
    assert env["FROM_RUNTIME"] == "1"
    assert env["AWS_XRAY_DAEMON_ADDRESS"] == "127.0.0.1:2000"
    assert (env["_AWS_XRAY_DAEMON_ADDRESS"], env["_AWS_XRAY_DAEMON_PORT"]) == ("127.0.0.1", "2000")
