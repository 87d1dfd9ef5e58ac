"""An environment whose runtime streams: parts pass at once, and the event is settled exactly once."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable

import pytest

from lambdad.domain.invocation import Invocation
from lambdad.domain.outcome import Status
from lambdad.domain.streaming import StreamSource
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.stage import NEXT, Stage

MIB = 1024 * 1024
END = b"0\r\n\r\n"


class FakeCaller:
    """The caller's end of a stream, as slow as the test wants."""

    def __init__(self) -> None:
        self.source: StreamSource | None = None
        self.error_code: str | None = None
        self.passed_bytes = 0
        self.limit_bytes = 200 * MIB
        self.content_type: str | None = None
        self.pieces: list[bytes] = []
        self.is_full = False
        self.waiting: list[Callable[[], None]] = []

    def begin(self, content_type: str) -> None:
        assert self.content_type is None
        self.content_type = content_type

    def write(self, data: bytes) -> None:
        self.pieces.append(data)

    def on_room(self, call: Callable[[], None]) -> None:
        self.waiting.append(call)

    @property
    def data(self) -> bytes:
        return b"".join(self.pieces)

    async def heard(self, data: bytes) -> None:
        async with asyncio.timeout(5):
            while self.data != data:
                await asyncio.sleep(0.001)


class Play:
    """A stage, an event that is being answered, and a connection of the runtime's own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.caller = FakeCaller()
        self.writers: list[asyncio.StreamWriter] = []

    async def run(self, *, streamed: bool = True) -> Invocation:
        await self.stage.ready()
        invocation = self.stage.invocation()
        invocation.stream = self.caller if streamed else None
        self.stage.environment.run(invocation)
        await self.stage.receive()
        return invocation

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.stage.sandbox.addresses[0].split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        self.writers.append(writer)
        return reader, writer

    async def close(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        if self.stage.factory.made:
            self.stage.environment.stop()
            await self.stage.environment.removed()
        await asyncio.sleep(0.02)


@pytest.fixture
async def play(stage: Stage) -> AsyncIterator[Play]:
    one = Play(stage)
    yield one
    await one.close()


def head(request_id: str = "id-1", mode: str = "streaming", more: str = "") -> bytes:
    return (
        f"POST /2018-06-01/runtime/invocation/{request_id}/response HTTP/1.1\r\nHost: x\r\n{more}"
        f"lambda-runtime-FUNCTION-response-mode: {mode}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def trailers(kind: str, body: bytes) -> bytes:
    return (
        f"0\r\nLambda-Runtime-Function-Error-Type: {kind}\r\nLambda-Runtime-Function-Error-Body: ".encode()
        + body
        + b"\r\n\r\n"
    )


async def test_parts_are_with_the_caller_while_the_function_still_runs(play: Play) -> None:
    await play.run()
    await play.stage.send(head(more="Content-Type: text/x\r\n") + chunk(b"one"))
    await play.caller.heard(b"one")
    assert play.caller.content_type == "text/x"
    assert play.stage.environment.state is EnvironmentState.BUSY
    assert play.stage.settled == []
    await play.stage.send(chunk(b"two") + END)
    assert b"202 Accepted" in await play.stage.receive()
    invocation = await play.stage.settle()
    assert (invocation.status, invocation.result, play.caller.data) == (Status.SUCCESS, b"", b"onetwo")
    await play.stage.send(NEXT)
    await play.stage.until(EnvironmentState.IDLE)


async def test_the_head_alone_tells_the_caller_that_it_begins(play: Play) -> None:
    await play.run()
    await play.stage.send(head())
    async with asyncio.timeout(5):
        while play.caller.content_type is None:
            await asyncio.sleep(0.001)
    assert (play.caller.content_type, play.caller.pieces) == ("application/octet-stream", [])


async def test_a_content_type_that_no_client_would_take_is_not_shown(play: Play) -> None:
    await play.run()
    await play.stage.send(head(more="Content-Type: " + "x" * 10_000 + "\r\n") + END)
    assert (await play.stage.settle()).status is Status.SUCCESS
    assert play.caller.content_type == "application/octet-stream"


async def test_what_comes_in_one_read_is_one_piece_and_next_may_be_pipelined_behind_it(play: Play) -> None:
    await play.run()
    await play.stage.send(head() + chunk(b"a") + chunk(b"b") + chunk(b"c") + END + NEXT)
    await play.stage.settle()
    await play.stage.until(EnvironmentState.IDLE)
    assert play.caller.pieces == [b"abc"]
    play.stage.environment.run(play.stage.invocation())
    answers = await play.stage.receive()
    assert answers.startswith(b"HTTP/1.1 202 Accepted\r\n")
    assert answers.count(b"HTTP/1.1 ") == 2


async def test_a_stream_for_another_id_is_heard_and_refused(play: Play) -> None:
    await play.run()
    await play.stage.send(head("other") + chunk(b"x" * 1000) + END)
    answer = await play.stage.receive()
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"InvalidRequestID" in answer
    assert play.caller.pieces == []
    await play.stage.answer(b"1")
    assert (await play.stage.settle()).result == b"1"


@pytest.mark.parametrize("mode", ["buffered", "Streaming", "streaming, streaming", "x" * 1000])
async def test_a_mode_that_does_not_exist_ends_the_event(play: Play, mode: str) -> None:
    await play.run()
    await play.stage.send(head(mode=mode) + chunk(b"x") + END)
    answer = await play.stage.receive()
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"InvalidFunctionResponseMode" in answer
    invocation = await play.stage.settle()
    assert (invocation.status, invocation.error_type) == (Status.ERROR, "Runtime.InvalidResponseModeHeader")
    assert json.loads(invocation.result)["errorType"] == "Runtime.InvalidResponseModeHeader"
    await play.stage.send(NEXT)
    assert b"from InvocationResponse to Ready failed" in await play.stage.receive()
    assert play.stage.environment.state is EnvironmentState.ANSWERED


async def test_a_mode_that_does_not_exist_for_another_id_ends_nothing(play: Play) -> None:
    await play.run()
    await play.stage.send(head("other", mode="no") + END)
    assert b"InvalidFunctionResponseMode" in await play.stage.receive()
    await play.stage.answer(b"1")
    assert (await play.stage.settle()).result == b"1"


@pytest.mark.parametrize("what", ["response", "error"])
async def test_an_event_that_is_being_streamed_cannot_be_answered_again(play: Play, what: str) -> None:
    await play.run()
    await play.stage.send(head() + chunk(b"x"))
    await play.caller.heard(b"x")
    reader, writer = await play.connect()
    line = f"POST /2018-06-01/runtime/invocation/id-1/{what} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
    writer.write(line.encode() + b"{}")
    assert b"403 Forbidden" in await reader.readline()
    writer.write(head() + chunk(b"y") + END)
    await reader.readuntil(b"\r\n\r\n")
    await play.stage.send(END)
    assert (await play.stage.settle()).status is Status.SUCCESS
    assert play.caller.data == b"x"


async def test_an_error_in_the_trailers_is_the_events_error(play: Play) -> None:
    await play.run()
    error = b'{"errorType":"Boom","errorMessage":"half way"}'
    await play.stage.send(head() + chunk(b"x") + trailers("My.Type", base64.b64encode(error)))
    assert b"202 Accepted" in await play.stage.receive()
    invocation = await play.stage.settle()
    assert (invocation.status, invocation.result, play.caller.error_code) == (Status.ERROR, error, "My.Type")
    assert play.caller.data == b"x"


@pytest.mark.parametrize(
    "body", [b"!!!", b"e30", base64.b64encode(b"no json"), base64.b64encode(b"[1]"), b""]
)
async def test_an_error_body_that_is_none_leaves_the_type(play: Play, body: bytes) -> None:
    await play.run()
    await play.stage.send(head() + trailers("Function.Bad", body))
    invocation = await play.stage.settle()
    assert invocation.status is Status.ERROR
    assert json.loads(invocation.result) == {"errorType": "Function.Bad", "errorMessage": ""}


async def test_an_error_without_a_type_has_the_one_of_its_body(play: Play) -> None:
    await play.run()
    await play.stage.send(head() + trailers("", base64.b64encode(b'{"errorType":"Own"}')))
    await play.stage.settle()
    assert play.caller.error_code == "Own"


@pytest.fixture
def _short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambdad.worker.environment.response_stream.TRUNCATION_GRACE_S", 0.02)


def truncated(invocation: Invocation) -> bool:
    assert json.loads(invocation.result) == {
        "errorType": "Runtime.TruncatedResponse",
        "errorMessage": "RequestId: id-1 Error: Response was truncated",
    }
    return (invocation.status, invocation.error_type) == (Status.ERROR, "Runtime.TruncatedResponse")


@pytest.mark.usefixtures("_short_grace")
async def test_half_a_body_is_a_truncated_response(play: Play) -> None:
    await play.run()
    _, writer = await play.connect()
    writer.write(head() + b"100\r\nhalf")
    await play.caller.heard(b"half")
    writer.close()
    assert truncated(await play.stage.settle())
    await play.stage.send(NEXT)
    await play.stage.until(EnvironmentState.IDLE)


@pytest.mark.usefixtures("_short_grace")
async def test_a_chunk_size_that_is_none_is_a_truncated_response(play: Play) -> None:
    await play.run()
    reader, writer = await play.connect()
    writer.write(head() + chunk(b"good") + b"bad size\r\n")
    assert b"400 Bad Request" in await reader.readline()
    assert truncated(await play.stage.settle())
    assert play.caller.data == b"good"


async def test_a_runtime_that_cut_its_body_off_may_ask_for_the_next_event_at_once(play: Play) -> None:
    await play.run()
    _, writer = await play.connect()
    writer.write(head() + b"100\r\nhalf")
    await play.caller.heard(b"half")
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.02)
    await play.stage.send(NEXT)
    assert truncated(await play.stage.settle())
    await play.stage.until(EnvironmentState.IDLE)


async def test_asking_for_the_next_event_in_the_middle_of_a_stream_is_forbidden(play: Play) -> None:
    await play.run()
    _, writer = await play.connect()
    writer.write(head() + chunk(b"x"))
    await play.caller.heard(b"x")
    await play.stage.send(NEXT)
    assert b"403 Forbidden" in await play.stage.receive()
    writer.write(END)
    assert (await play.stage.settle()).status is Status.SUCCESS


@pytest.mark.usefixtures("_short_grace")
async def test_a_process_that_ends_in_the_middle_is_an_exit_and_not_a_truncated_response(play: Play) -> None:
    await play.run()
    await play.stage.send(head() + chunk(b"last words"))
    await play.caller.heard(b"last words")
    assert play.stage.sandbox.process is not None
    play.stage.sandbox.process.inside.close()
    await asyncio.sleep(0)
    play.stage.exit(ExitStatus(3, None))
    invocation = await play.stage.settle()
    assert json.loads(invocation.result)["errorMessage"].endswith("exit status 3")
    await asyncio.sleep(0.05)
    assert len(play.stage.settled) == 1


async def test_time_that_runs_out_in_the_middle_ends_the_event_and_nothing_passes_any_more(
    stages: Callable[..., Stage],
) -> None:
    play = Play(stages(timeout_s=1))
    await play.run()
    reader, writer = await play.connect()
    writer.write(head() + chunk(b"x"))
    assert (await play.stage.settle()).status is Status.TIMEOUT
    assert play.caller.data == b"x"
    writer.write(chunk(b"too late") + END)
    assert b"400 Bad Request" in await reader.readline()
    assert play.caller.data == b"x"
    assert len(play.stage.settled) == 1
    await play.close()


async def test_more_than_a_stream_may_have_ends_it_behind_the_first_byte_over(play: Play) -> None:
    play.caller.limit_bytes = 10
    await play.run()
    await play.stage.send(head() + chunk(b"0123456789"))
    await play.caller.heard(b"0123456789")
    assert play.stage.settled == []
    await play.stage.send(chunk(b"abc"))
    invocation = await play.stage.settle()
    assert json.loads(invocation.result) == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (10 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    assert play.caller.data == b"0123456789a"
    await play.stage.send(chunk(b"more") + END)
    assert b"413 Request Entity Too Large" in await play.stage.receive()
    assert play.caller.data == b"0123456789a"
    await play.stage.send(NEXT)
    await play.stage.until(EnvironmentState.IDLE)


async def test_who_wants_it_in_one_piece_gets_it_in_one_piece(play: Play) -> None:
    await play.run(streamed=False)
    await play.stage.send(head() + chunk(b"one, "))
    await play.stage.send(chunk(b"two") + END)
    invocation = await play.stage.settle()
    assert (invocation.status, invocation.result) == (Status.SUCCESS, b"one, two")


async def test_over_6_mb_in_one_piece_is_too_much(play: Play) -> None:
    await play.run(streamed=False)
    await play.stage.send(head())
    for _ in range(7):
        await play.stage.send(chunk(b"x" * MIB))
    await play.stage.send(END)
    assert b"413" in await play.stage.receive()
    invocation = await play.stage.settle()
    assert invocation.error_type == "Function.ResponseSizeTooLarge"
    assert b"(6291556 bytes)" in invocation.result


async def test_a_caller_that_is_behind_stops_the_runtime_and_goes_on_when_it_has_caught_up(
    play: Play,
) -> None:
    await play.run()
    _, writer = await play.connect()
    play.caller.is_full = True
    writer.write(head() + chunk(b"x" * (32 * MIB)) + END)
    await asyncio.sleep(0.2)
    seen = len(play.caller.data)
    assert 0 < seen <= MIB
    await asyncio.sleep(0.1)
    assert len(play.caller.data) == seen
    assert play.stage.settled == []
    play.caller.limit_bytes = seen + 1  # so that the rest does not take its time
    play.caller.is_full = False
    for call in play.caller.waiting:
        call()
    assert (await play.stage.settle()).error_type == "Function.ResponseSizeTooLarge"


async def test_a_stream_over_its_burst_is_not_read_until_its_debt_is_paid(play: Play) -> None:
    await play.run()
    _, writer = await play.connect()
    writer.write(head() + chunk(b"x" * (16 * MIB)))
    async with asyncio.timeout(5):
        while len(play.caller.data) < 6 * MIB:
            await asyncio.sleep(0.001)
    assert len(play.caller.data) <= 6 * MIB + MIB
    assert play.stage.settled == []


async def test_a_runtime_that_is_held_back_is_still_bound_to_its_time(stages: Callable[..., Stage]) -> None:
    play = Play(stages(timeout_s=1))
    await play.run()
    play.caller.is_full = True
    _, writer = await play.connect()
    writer.write(head() + chunk(b"x" * MIB) + END)
    assert (await play.stage.settle()).status is Status.TIMEOUT
    await play.close()
