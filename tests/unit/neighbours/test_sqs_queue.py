"""Queues over the protocol of SQS: what is asked, what is read, and what is garbage."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdad.domain.queue_message import AttributeValue, QueueFacts
from lambdad.domain.scope import Scope
from lambdad.neighbours.courier_requests import Outgoing
from lambdad.neighbours.service_calls import NotDone, is_here, refused
from lambdad.neighbours.sqs_queue import SqsQueue
from lambdad.ports.message_queue import QueueTrouble

HERE = Scope("111111111111", "eu-central-1")
QUEUE = "arn:aws:sqs:us-east-1:222222222222:q.fifo"


class Calls:
    """Answers every request the same, and keeps it."""

    def __init__(self, said: bytes | Exception, url: str = "https://sqs.us-east-1.amazonaws.com") -> None:
        self.said, self.url = said, url
        self.sent: list[tuple[Outgoing, Scope, str]] = []

    def endpoint(self, service: str) -> str:
        assert service == "sqs"
        return self.url

    def is_near(self, service: str) -> bool:
        return is_here(self.endpoint(service))

    async def send(self, made: Outgoing, scope: Scope, region: str, most_bytes: int) -> bytes:
        self.sent.append((made, scope, region))
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


def queue_of(said: object, **more: str) -> tuple[SqsQueue, Calls]:
    calls = Calls(said if isinstance(said, bytes | Exception) else json.dumps(said).encode(), **more)
    return SqsQueue(calls), calls  # type: ignore[arg-type]


def asked(calls: Calls) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(calls.sent[-1][0].body)
    return found


async def test_messages_are_asked_for_and_read_as_sqs_has_them():
    message = {
        "MessageId": "m",
        "ReceiptHandle": "r",
        "Body": "text",
        "MD5OfBody": "5",
        "Attributes": {"AWSTraceHeader": "Root=1"},
        "MessageAttributes": {"b": {"DataType": "Binary", "BinaryValue": "AA=="}},
        "MD5OfMessageAttributes": "6",
        "Unknown": 1,
    }
    queue, calls = queue_of({"Messages": [message]})
    [found] = await queue.receive(HERE, QUEUE, most=10, wait_s=20)
    assert (found.id, found.receipt, found.body, found.body_md5) == ("m", "r", "text", "5")
    assert (found.trace, found.attributes_md5) == ("Root=1", "6")
    assert found.message_attributes == {"b": AttributeValue("Binary", None, "AA==")}
    made, scope, region = calls.sent[0]
    assert (made.headers["x-amz-target"], scope, region) == ("AmazonSQS.ReceiveMessage", HERE, "us-east-1")
    members = asked(calls)
    assert members["QueueUrl"].endswith("amazonaws.com/222222222222/q.fifo")
    assert (members["MaxNumberOfMessages"], members["WaitTimeSeconds"]) == (10, 20)
    assert members["MessageAttributeNames"] == members["AttributeNames"] == ["All"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:4100", "http://localhost:1", "http://[::1]:1"])
async def test_polls_of_a_queue_on_this_host_are_short(url: str):
    queue, calls = queue_of({}, url=url)
    assert await queue.receive(HERE, QUEUE, most=1, wait_s=20) == []
    assert asked(calls)["WaitTimeSeconds"] == 2


async def test_what_is_not_deleted_is_told():
    queue, calls = queue_of({"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", "Code": "x"}]})
    assert await queue.delete(HERE, QUEUE, ["a", "b"]) == ["b"]
    entries = [{"Id": "0", "ReceiptHandle": "a"}, {"Id": "1", "ReceiptHandle": "b"}]
    assert asked(calls)["Entries"] == entries


async def test_a_queue_tells_of_itself():
    said = {"VisibilityTimeout": "45", "ApproximateNumberOfMessages": "7"}
    queue, _ = queue_of({"Attributes": said | {"ApproximateNumberOfMessagesNotVisible": "no number"}})
    assert await queue.facts(HERE, QUEUE) == QueueFacts(45, 7, 0)


@pytest.mark.parametrize(
    "said",
    [b"<html>", b"[]", b'{"Messages": 7}', b'{"Messages": [{"MessageId": 1}]}', b"\xff", b"[" * 50_000],
)
async def test_garbage_is_trouble(said: bytes):
    queue, _ = queue_of(said)
    with pytest.raises(QueueTrouble, match="cannot be read"):
        await queue.receive(HERE, QUEUE, most=1, wait_s=0)


async def test_a_refusal_is_trouble_with_its_name():
    said = b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}'
    queue, _ = queue_of(refused("sqs", 400, said))
    with pytest.raises(QueueTrouble, match="sqs answered 400") as raised:
        await queue.receive(HERE, QUEUE, most=1, wait_s=0)
    assert raised.value.code == "QueueDoesNotExist"
    queue, _ = queue_of(NotDone("sqs at x did not answer"))
    with pytest.raises(QueueTrouble) as raised:
        await queue.facts(HERE, QUEUE)
    assert raised.value.code == ""
