"""Dead letters are received from SQS and deleted there; what it answers is checked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lambdad.domain.scope import Scope
from lambdad.neighbours.dead_letter_queues import SqsDeadLetters
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.ports.dead_letters import DeadLetter, QueueUnavailable
from lambdad.settings import ServiceEndpoint
from tests.fakes.moments import FakeClock

pytestmark = pytest.mark.asyncio
SCOPE = Scope("123456789012", "eu-west-1")
QUEUE = "arn:aws:sqs:us-west-2:222222222222:dead"


@asynccontextmanager
async def sqs(
    answer: bytes, status: int = 200
) -> AsyncIterator[tuple[SqsDeadLetters, list[tuple[str, Any]]]]:
    """SQS that answers everything the same; what it was asked."""
    seen: list[tuple[str, Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.partition("content-length:")[2].split("\r\n")[0])
        seen.append((head, json.loads(await reader.readexactly(length))))
        writer.write(
            b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(answer))
        )
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        calls = ServiceCalls({"sqs": ServiceEndpoint(url)}, FakeClock())
        yield SqsDeadLetters(calls), seen
        await calls.close()


def answer(**changes: Any) -> bytes:
    message = {
        "ReceiptHandle": "h",
        "Body": '{"n":1.50}',
        "Attributes": {"SentTimestamp": "1795400000123"},
        "MessageAttributes": {"RequestID": {"DataType": "String", "StringValue": "a-1"}},
    }
    return json.dumps({"Messages": [message | changes]}).encode()


async def test_a_message_is_a_dead_letter_by_its_request_id() -> None:
    async with sqs(answer()) as (letters, seen):
        assert await letters.receive(SCOPE, QUEUE) == [
            DeadLetter("h", b'{"n":1.50}', "a-1", 1_795_400_000_123)
        ]
    head, members = seen[0]
    assert "x-amz-target: amazonsqs.receivemessage" in head
    assert "/us-west-2/sqs/aws4_request" in head
    assert members["QueueUrl"].endswith("/222222222222/dead")
    assert (members["MaxNumberOfMessages"], members["WaitTimeSeconds"]) == (10, 0)


@pytest.mark.parametrize("request_id", [None, "", "x" * 65, "a b", "a\r\nb", "é", 7])
async def test_what_is_no_request_id_counts_as_none(request_id: Any) -> None:
    attributes = {"RequestID": {"DataType": "String", "StringValue": request_id}}
    async with sqs(answer(MessageAttributes=attributes, Attributes={"SentTimestamp": "²"})) as (letters, _):
        found = await letters.receive(SCOPE, QUEUE)
    assert (found[0].request_id, found[0].sent_ms) == (None, 0)


@pytest.mark.parametrize("said", [b"{}", b"", b'{"Messages":[]}'])
async def test_an_empty_queue_gives_nothing(said: bytes) -> None:
    async with sqs(said) as (letters, _):
        assert await letters.receive(SCOPE, QUEUE) == []


@pytest.mark.parametrize("said", [b"no json", b"[]", b'{"Messages":[7]}', b'{"Messages":[{"Body":"b"}]}'])
async def test_nonsense_is_told_as_such(said: bytes) -> None:
    async with sqs(said) as (letters, _):
        with pytest.raises(QueueUnavailable):
            await letters.receive(SCOPE, QUEUE)


async def test_messages_are_deleted_ten_at_a_time() -> None:
    async with sqs(b'{"Successful":[],"Failed":[]}') as (letters, seen):
        await letters.remove(SCOPE, QUEUE, [DeadLetter(f"h{number}", b"", None, 0) for number in range(12)])
    entries = [members["Entries"] for _, members in seen]
    assert [len(some) for some in entries] == [10, 2]
    assert entries[1][1] == {"Id": "1", "ReceiptHandle": "h11"}


async def test_what_is_not_deleted_is_told() -> None:
    async with sqs(b'{"Successful":[],"Failed":[{"Id":"0"}]}') as (letters, _):
        with pytest.raises(QueueUnavailable, match="did not delete"):
            await letters.remove(SCOPE, QUEUE, [DeadLetter("h", b"", None, 0)])


async def test_refusals_and_missing_endpoints_say_what_is_wrong() -> None:
    async with sqs(b'{"__type":"QueueDoesNotExist"}', 400) as (letters, _):
        with pytest.raises(QueueUnavailable, match="sqs answered 400: .*QueueDoesNotExist"):
            await letters.receive(SCOPE, QUEUE)
    with pytest.raises(QueueUnavailable, match=r"sqs is not configured: add \[services.sqs\] endpoint"):
        await SqsDeadLetters(ServiceCalls({}, FakeClock())).receive(SCOPE, QUEUE)
