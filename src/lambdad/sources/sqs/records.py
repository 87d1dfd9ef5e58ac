"""Messages as functions see them; pure.

Source: spec async-esm.md §3; LocalStack's recordings test_sqs_event_filter (`md5OfMessageAttributes` is
null when there are none); radkawar/stackd's sqs_mapping_delivery, finding runtime_record_shape, for message
attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from lambdad.domain import lineage
from lambdad.domain.queue_message import AttributeValue, Message

DATA: Final = "body"
"""The member that filters compare with data."""

_ATTRIBUTES: Final = (
    *("ApproximateReceiveCount", "AWSTraceHeader", "SentTimestamp", "SequenceNumber", "MessageGroupId"),
    *("SenderId", "MessageDeduplicationId", "ApproximateFirstReceiveTimestamp", "DeadLetterQueueSourceArn"),
)
_encode: Final = msgspec.json.Encoder().encode


def record(message: Message, queue: str, region: str) -> dict[str, Any]:
    """A record of an event.

    Args:
        message: as it was received.
        queue: ARN.
        region: of the mapping.
    """
    given = message.attributes
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {name: given[name] for name in _ATTRIBUTES if name in given},
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "md5OfMessageAttributes": message.attributes_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue,
        "awsRegion": region,
    }


def encoded(found: Mapping[str, Any]) -> bytes:
    """A record as it is sent."""
    return _encode(found)


def _attribute(value: AttributeValue) -> dict[str, Any]:
    shown: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value.data_type}
    if value.text is not None:
        shown = {"stringValue": value.text, **shown}
    if value.binary is not None:
        shown = {"binaryValue": value.binary, **shown}
    return shown


def trace_of(messages: Sequence[Message], function_arn: str) -> str | None:
    """The trace header of a call: of its messages the one in whose chain the function came round most often.

    So no loop hides in a batch behind the message of another chain; None without any.
    """
    traces = [message.trace for message in messages if message.trace]
    if not traces:
        return None
    key = lineage.key_of(function_arn)
    return max(traces, key=lambda trace: lineage.passed_on(trace, key)[1])


def is_loop(message: Message, function_arn: str) -> bool:
    """Whether the function came round too often in the chain that a message belongs to."""
    trace = message.trace
    return bool(trace) and lineage.is_loop(lineage.passed_on(trace or "", lineage.key_of(function_arn))[1])
