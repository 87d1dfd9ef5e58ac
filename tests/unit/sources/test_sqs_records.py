"""Messages as functions see them, and the trace that a call carries."""

from __future__ import annotations

from lambdad.domain import lineage
from lambdad.domain.queue_message import AttributeValue, Message
from lambdad.sources.sqs.records import is_loop, record, trace_of
from tests.fakes.queue_stage import FUNCTION, QUEUE

SYSTEM = {
    "ApproximateReceiveCount": "1",
    "SentTimestamp": "1545082649183",
    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
    "ApproximateFirstReceiveTimestamp": "1545082649185",
}


def message(**changes: object) -> Message:
    made: dict[str, object] = {
        "id": "059f36b4",
        "receipt": "AQEB",
        "body": "text",
        "body_md5": "e4e6",
        "attributes": SYSTEM,
    }
    return Message(**(made | changes))  # type: ignore[arg-type]


def traced(count: int) -> Message:
    key = lineage.key_of(FUNCTION)
    return message(attributes={"AWSTraceHeader": f"Root=1-0-{count};Lineage=1:{key}:{count}"})


def test_a_record_is_awss():
    assert record(message(), QUEUE, "us-east-1") == {
        "messageId": "059f36b4",
        "receiptHandle": "AQEB",
        "body": "text",
        "attributes": SYSTEM,
        "messageAttributes": {},
        "md5OfBody": "e4e6",
        "md5OfMessageAttributes": None,
        "eventSource": "aws:sqs",
        "eventSourceARN": QUEUE,
        "awsRegion": "us-east-1",
    }


def test_message_attributes_have_one_value_and_empty_lists():
    given = {
        "n": AttributeValue("Number", text="12.34"),
        "b": AttributeValue("Binary", binary="AAF/gP8="),
    }
    found = record(message(message_attributes=given, attributes_md5="d25a"), QUEUE, "us-east-1")
    empty = {"stringListValues": [], "binaryListValues": []}
    assert found["messageAttributes"] == {
        "n": {"stringValue": "12.34", "dataType": "Number", **empty},
        "b": {"binaryValue": "AAF/gP8=", "dataType": "Binary", **empty},
    }
    assert found["md5OfMessageAttributes"] == "d25a"


def test_only_attributes_of_aws_are_passed_on():
    fifo = {"SequenceNumber": "1", "MessageGroupId": "g", "MessageDeduplicationId": "d"}
    more = {"AWSTraceHeader": "Root=1", "DeadLetterQueueSourceArn": QUEUE}
    found = record(message(attributes={**SYSTEM, **fifo, **more, "Inner": "x"}), QUEUE, "us-east-1")
    assert found["attributes"] == {**SYSTEM, **fifo, **more}


def test_a_call_carries_the_trace_that_came_round_most_often():
    assert trace_of([message()], FUNCTION) is None
    messages = [message(), traced(3), traced(7), traced(1)]
    assert trace_of(messages, f"{FUNCTION}:live") == messages[2].trace


def test_the_seventeenth_time_is_a_loop():
    assert [is_loop(traced(count), FUNCTION) for count in (13, 14, 15, 20)] == [False, False, True, True]
    assert not is_loop(message(), FUNCTION)
