"""What a runtime may not do in which state, as AWS's emulator answers it."""

from __future__ import annotations

import asyncio

import pytest

from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.stage import NEXT, Stage

INIT_ERROR = b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"


def refusal(source: str, target: str) -> bytes:
    return f"State transition from {source} to {target} failed for runtime. ".encode()


async def running(stage: Stage) -> None:
    await stage.ready()
    stage.environment.run(stage.invocation())
    await stage.receive()


async def ask(stage: Stage, request: bytes) -> bytes:
    await stage.send(request)
    return await stage.receive()


async def test_an_answer_before_the_first_next_is_for_no_event(stage: Stage) -> None:
    stage.start()
    await stage.wait_for_runtime()
    assert b"InvalidRequestID" in await stage.answer(b"1")
    assert b"InvalidRequestID" in await stage.answer(b"1", "error")


async def test_after_an_init_error_nothing_else_is_allowed(stage: Stage) -> None:
    stage.start()
    await stage.wait_for_runtime()
    assert b"202 Accepted" in await ask(stage, INIT_ERROR)
    assert refusal("InitError", "Ready") in await ask(stage, NEXT)
    assert refusal("InitError", "InitError") in await ask(stage, INIT_ERROR)
    assert b"InvalidRequestID" in await stage.answer(b"1")


async def test_what_a_process_before_has_reported_does_not_bind_the_next_one(stage: Stage) -> None:
    stage.start()
    await stage.wait_for_runtime()
    await ask(stage, INIT_ERROR)
    stage.exit(ExitStatus(1, None))
    await stage.until(EnvironmentState.BARE)
    stage.environment.run(stage.invocation())
    await stage.until(EnvironmentState.REPEATED_INIT)
    await asyncio.sleep(0.02)
    assert b"Lambda-Runtime-Aws-Request-Id: id-1\r\n" in await ask(stage, NEXT)


async def test_an_init_error_after_init_is_refused(stage: Stage) -> None:
    await running(stage)
    assert refusal("Running", "InitError") in await ask(stage, INIT_ERROR)
    await stage.answer(b"1")
    assert refusal("RuntimeResponseSentState", "InitError") in await ask(stage, INIT_ERROR)


async def test_a_next_during_an_event_is_given_the_event_again(stage: Stage) -> None:
    await running(stage)
    assert b"Lambda-Runtime-Aws-Request-Id: id-1\r\n" in await ask(stage, NEXT)
    await stage.answer(b"1")
    assert (await stage.settle()).result == b"1"


async def test_a_second_answer_while_idle_is_refused_by_the_state_and_an_error_by_the_id(
    stage: Stage,
) -> None:
    await running(stage)
    await stage.answer(b"1")
    other = await stage.caller().open()
    await stage.send(NEXT)
    await stage.until(EnvironmentState.IDLE)
    path = "/2018-06-01/runtime/invocation/id-1/"
    answer = await other.call("POST", path + "response", {}, b"2")
    assert refusal("RuntimeResponseSentState", "InvocationResponse") in answer.body
    assert (await other.call("POST", path + "error", {}, b"2")).error_type == "InvalidRequestID"


@pytest.mark.parametrize(
    "begun",
    [
        b"Content-Length: 100\r\n\r\nhalf",
        b"Transfer-Encoding: chunked\r\n\r\n64\r\nhalf",
    ],
)
async def test_a_runtime_that_broke_off_its_answer_can_neither_answer_nor_ask(
    stage: Stage, begun: bytes
) -> None:
    await running(stage)
    other = await stage.caller().open()
    await other.send_raw(b"POST /2018-06-01/runtime/invocation/id-1/response HTTP/1.1\r\nHost: x\r\n" + begun)
    await asyncio.sleep(0.02)
    other.close()
    await asyncio.sleep(0.02)
    assert refusal("InvocationResponse", "InvocationResponse") in await stage.answer(b"1")
    assert refusal("InvocationResponse", "Ready") in await ask(stage, NEXT)
    stage.exit(ExitStatus(0, None))
    assert b"Runtime.ExitError" in (await stage.settle()).result


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/2018-06-01/ping", "GET"),
        ("POST", "/2018-06-01/runtime/invocation/next", "GET"),
        ("GET", "/2018-06-01/runtime/invocation/x/response", "POST"),
        ("PUT", "/2018-06-01/runtime/invocation/x/error", "POST"),
        ("GET", "/2018-06-01/runtime/init/error", "POST"),
        ("GET", "/2020-01-01/extension/register", "POST"),
        ("POST", "/2020-01-01/extension/event/next", "GET"),
        ("GET", "/2020-01-01/extension/exit/error", "POST"),
        ("POST", "/2022-07-01/telemetry", "PUT"),
        ("GET", "/2020-08-15/logs", "PUT"),
    ],
)
async def test_a_wrong_method_is_told_the_right_one(
    stage: Stage, method: str, path: str, allowed: str
) -> None:
    stage.start()
    await stage.wait_for_runtime()
    answer = await (await stage.caller().open()).call(method, path)
    assert (answer.status, answer.headers["allow"], answer.body) == (405, allowed, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/2018-06-01/runtime/restore/next",
        "/2018-06-01/runtime/invocation/next/",
        "/2020-01-01/extension/x",
    ],
)
async def test_an_unknown_path_is_not_found(stage: Stage, path: str) -> None:
    stage.start()
    await stage.wait_for_runtime()
    answer = await (await stage.caller().open()).call("GET", path)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            b'{"errorMessage":"m","errorType":"T","errorCause":{"working_directory":"/"}}',
            b'{"errorMessage":"m","errorType":"T"}',
        ),
        (b"not json", b'"Invalid error body"'),
        (b"[1]", b'"Invalid error body"'),
    ],
)
async def test_an_error_with_a_cause_shows_the_caller_all_but_the_cause(
    stage: Stage, body: bytes, shown: bytes
) -> None:
    await running(stage)
    other = await stage.caller().open()
    headers = {"Content-Type": "application/vnd.aws.lambda.error.cause+json"}
    answer = await other.call("POST", "/2018-06-01/runtime/invocation/id-1/error", headers, body)
    assert answer.status == 202
    assert (await stage.settle()).result == shown
