"""Messages reach SQS, SNS, EventBridge, S3 and functions as those services expect them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

import pytest

from lambdad.domain.event import Delivery
from lambdad.domain.scope import Scope
from lambdad.neighbours.couriers import Couriers
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.ports.courier import NotDelivered, Undeliverable
from lambdad.settings import AwsKeys, ServiceEndpoint
from tests.fakes.moments import FakeClock

pytestmark = pytest.mark.asyncio
SCOPE = Scope("123456789012", "eu-west-1")
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f:live"
BODY = b'{"requestContext":{"condition":"RetriesExhausted"},"requestPayload":{"a":1.50}}'


@dataclass
class Seen:
    head: str
    body: bytes


@asynccontextmanager
async def endpoint(status: int = 200, said: bytes = b"{}") -> AsyncIterator[tuple[str, list[Seen]]]:
    """A server that answers everything the same and keeps what it was sent."""
    seen: list[Seen] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line.split(":")[1])
            for line in head.split("\r\n")
            if line.lower().startswith("content-length")
        )
        seen.append(Seen(head, await reader.readexactly(length)))
        writer.write(
            b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status, len(said)) + said
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen


def owed(target: str, **changes: object) -> Delivery:
    made = Delivery(SCOPE, target, BODY, FUNCTION, "request-1", "Root=1-a", due_ms=1_795_400_000_123)
    return replace(made, **changes)  # type: ignore[arg-type]


async def bring(delivery: Delivery, said: bytes = b"{}", status: int = 200) -> tuple[str, Seen]:
    service = delivery.target.split(":")[2]
    async with endpoint(status, said) as (url, seen):
        calls = ServiceCalls({service: ServiceEndpoint(url)}, FakeClock())
        couriers = Couriers(calls, _nowhere)
        try:
            await couriers.bring(delivery)
        finally:
            await calls.close()
        return url, seen[0]


async def _nowhere(_: Delivery) -> None:
    raise AssertionError("not a function")


async def test_sqs_takes_the_record_and_the_trace() -> None:
    url, seen = await bring(owed("arn:aws:sqs:us-west-2:222222222222:q"))
    assert "x-amz-target: AmazonSQS.SendMessage" in seen.head
    assert "content-type: application/x-amz-json-1.0" in seen.head
    assert "Credential=123456789012/20261123/us-west-2/sqs/aws4_request" in seen.head
    assert json.loads(seen.body) == {
        "QueueUrl": f"{url}/222222222222/q",
        "MessageBody": BODY.decode(),
        "MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-a"}},
    }


async def test_a_dead_letter_carries_its_attributes_to_sqs_and_sns() -> None:
    attributes = (("RequestID", "String", "r"), ("ErrorCode", "Number", "200"))
    _, seen = await bring(owed("arn:aws:sqs:eu-west-1:123456789012:q", attributes=attributes))
    assert json.loads(seen.body)["MessageAttributes"] == {
        "RequestID": {"DataType": "String", "StringValue": "r"},
        "ErrorCode": {"DataType": "Number", "StringValue": "200"},
    }
    topic = "arn:aws:sns:eu-west-1:123456789012:t"
    _, seen = await bring(owed(topic, attributes=attributes), said=b"<PublishResponse/>")
    assert {key: values[0] for key, values in parse_qs(seen.body.decode()).items()} == {
        "Action": "Publish",
        "Version": "2010-03-31",
        "TopicArn": topic,
        "Message": BODY.decode(),
        "MessageAttributes.entry.1.Name": "RequestID",
        "MessageAttributes.entry.1.Value.DataType": "String",
        "MessageAttributes.entry.1.Value.StringValue": "r",
        "MessageAttributes.entry.2.Name": "ErrorCode",
        "MessageAttributes.entry.2.Value.DataType": "Number",
        "MessageAttributes.entry.2.Value.StringValue": "200",
    }


async def test_an_event_bus_gets_the_record_as_detail() -> None:
    bus = "arn:aws:events:eu-west-1:123456789012:event-bus/b"
    _, seen = await bring(owed(bus), said=b'{"FailedEntryCount":0}')
    assert "x-amz-target: AWSEvents.PutEvents" in seen.head
    assert json.loads(seen.body)["Entries"] == [
        {
            "Source": "lambda",
            "DetailType": "Lambda Function Invocation Result - Failure",
            "Detail": BODY.decode(),
            "EventBusName": bus,
            "Resources": [bus, FUNCTION],
            "TraceHeader": "Root=1-a",
        }
    ]


async def test_a_bus_that_took_nothing_has_not_got_it() -> None:
    bus = "arn:aws:events:eu-west-1:123456789012:event-bus/b"
    with pytest.raises(NotDelivered, match="events answered 200"):
        await bring(owed(bus), said=b'{"FailedEntryCount":1}')


async def test_a_bucket_gets_an_object_under_the_functions_name() -> None:
    _, seen = await bring(owed("arn:aws:s3:::bucket"), said=b"")
    assert seen.head.startswith("PUT /bucket/aws/lambda/async/f/2026/11/23/2026-11-23T02.13.20-")
    assert seen.body == BODY


async def test_a_function_is_handed_its_message_here() -> None:
    handed = []

    async def take(delivery: Delivery) -> None:
        handed.append(delivery.target)

    await Couriers(ServiceCalls({}, FakeClock()), take).bring(owed(FUNCTION))
    assert handed == [FUNCTION]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("arn:aws:sqs:eu-west-1:123456789012:q", r"add \[services.sqs\] endpoint to lambdad.toml"),
        ("arn:aws:dynamodb:eu-west-1:123456789012:table/t", "of no kind that takes messages"),
        ("nothing", "of no kind that takes messages"),
    ],
)
async def test_a_target_without_an_endpoint_says_what_to_do(target: str, said: str) -> None:
    with pytest.raises(NotDelivered, match=said):
        await Couriers(ServiceCalls({}, FakeClock()), _nowhere).bring(owed(target))


async def test_a_refusal_is_told_and_credentials_are_used() -> None:
    async with endpoint(403, b'{"__type":"AccessDenied"}') as (url, seen):
        configured = ServiceEndpoint(url, AwsKeys("AKIA", "s", "token"), "us-east-2")
        with pytest.raises(NotDelivered, match=r"sqs answered 403: .*AccessDenied"):
            await Couriers(ServiceCalls({"sqs": configured}, FakeClock()), _nowhere).bring(
                owed("arn:aws:sqs:eu-west-1:123456789012:q")
            )
    assert "Credential=AKIA/20261123/us-east-2/sqs" in seen[0].head
    assert "x-amz-security-token: token" in seen[0].head


async def test_an_endpoint_that_is_not_there_is_told() -> None:
    configured = ServiceEndpoint("http://127.0.0.1:1")
    with pytest.raises(NotDelivered, match=r"sqs at http://127.0.0.1:1 did not answer"):
        await Couriers(ServiceCalls({"sqs": configured}, FakeClock()), _nowhere).bring(
            owed("arn:aws:sqs:eu-west-1:123456789012:q")
        )


@pytest.mark.parametrize(
    ("target", "status", "said"),
    [
        ("sqs", 400, b'{"__type":"com.amazonaws.sqs#InvalidMessageContents","message":"x"}'),
        (
            "sqs",
            400,
            b'{"__type":"com.amazon.coral.service#InvalidParameterValueException","message":"too long"}',
        ),
        (
            "sns",
            400,
            b"<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code></Error></ErrorResponse>",
        ),
        (
            "events",
            400,
            b'{"__type":"ValidationException","message":"Total size of the entries is over the limit"}',
        ),
        ("events", 413, b""),
        (
            "sqs",  # what a FIFO queue says, which lambdad like AWS never sends to
            400,
            b'{"__type":"com.amazonaws.sqs#MissingParameter"}',
        ),
    ],
)
async def test_a_message_that_no_service_would_ever_take_is_not_brought_again(
    target: str, status: int, said: bytes
) -> None:
    with pytest.raises(Undeliverable):
        await bring(owed(f"arn:aws:{target}:eu-west-1:123456789012:x"), said, status)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}'),
        (400, b'{"__type":"com.amazonaws.sqs#RequestThrottled"}'),
        (400, b"InvalidParameter, says something that is no service"),
        (400, b'["InvalidParameterValue"]'),
        (403, b'{"__type":"InvalidParameterValue"}'),
        (503, b"<Error><Code>InvalidParameter</Code></Error>"),
    ],
)
async def test_a_refusal_that_may_pass_is_no_end(status: int, said: bytes) -> None:
    with pytest.raises(NotDelivered) as error:
        await bring(owed("arn:aws:sqs:eu-west-1:123456789012:q"), said, status)
    assert not isinstance(error.value, Undeliverable)


async def test_characters_that_queues_and_topics_refuse_are_escaped() -> None:
    """They stand only in strings of the JSON, which means the same with an escape."""
    body = '{"a":"\uffff\ufffe\u00e9"}'.encode()
    _, seen = await bring(owed("arn:aws:sqs:eu-west-1:123456789012:q", body=body))
    assert json.loads(seen.body)["MessageBody"] == '{"a":"\\uffff\\ufffe\u00e9"}'
    _, seen = await bring(owed("arn:aws:sns:eu-west-1:123456789012:t", body=body))
    assert parse_qs(seen.body.decode())["Message"] == ['{"a":"\\uffff\\ufffe\u00e9"}']
