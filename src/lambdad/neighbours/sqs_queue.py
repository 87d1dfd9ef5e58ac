"""Queues of SQS over its plain protocol: implements `ports.message_queue.MessageQueue`.

Source: the model of SQS (ReceiveMessage, DeleteMessageBatch, GetQueueAttributes; json 1.0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from lambdad.domain.arn import region_of
from lambdad.domain.limits import LONG_POLL_S, MIB, NEAR_POLL_S
from lambdad.domain.queue_message import AttributeValue, Message, QueueFacts
from lambdad.domain.scope import Scope
from lambdad.neighbours.courier_requests import queue_url, sqs_request
from lambdad.neighbours.http_client import Patience
from lambdad.neighbours.service_calls import NotDone, ServiceCalls
from lambdad.ports.message_queue import QueueTrouble

POLL_PATIENCE: Final = Patience(connect=5.0, answer=LONG_POLL_S + 10.0, next_piece=10.0)
"""Of the client for queues: a long poll is answered when its time is over."""

_ANSWER_BYTES: Final = 32 * MIB  # ten messages of 1 MiB, every character escaped
_SMALL_BYTES: Final = MIB
_MOST_DIGITS: Final = 9
T = TypeVar("T")


class _Attribute(msgspec.Struct, rename="pascal"):
    data_type: str = ""
    string_value: str | None = None
    binary_value: str | None = None


class _Message(msgspec.Struct):
    id: str = msgspec.field(name="MessageId")
    receipt: str = msgspec.field(name="ReceiptHandle")
    body: str = msgspec.field(name="Body", default="")
    body_md5: str = msgspec.field(name="MD5OfBody", default="")
    attributes: dict[str, str] | None = msgspec.field(name="Attributes", default=None)
    message_attributes: dict[str, _Attribute] | None = msgspec.field(name="MessageAttributes", default=None)
    attributes_md5: str | None = msgspec.field(name="MD5OfMessageAttributes", default=None)


class _Received(msgspec.Struct, rename="pascal"):
    messages: list[_Message] | None = None


class _Failed(msgspec.Struct, rename="pascal"):
    id: str


class _Deleted(msgspec.Struct, rename="pascal"):
    failed: list[_Failed] | None = None


class _Attributes(msgspec.Struct, rename="pascal"):
    attributes: dict[str, str] | None = None


class SqsQueue:
    """Queues at the configured endpoint of SQS.

    Args:
        calls: with `POLL_PATIENCE`.
    """

    def __init__(self, calls: ServiceCalls) -> None:
        self._calls = calls
        self._received = msgspec.json.Decoder(_Received)
        self._deleted = msgspec.json.Decoder(_Deleted)
        self._attributes = msgspec.json.Decoder(_Attributes)

    async def receive(self, scope: Scope, queue: str, *, most: int, wait_s: int) -> list[Message]:
        """Up to ten messages."""
        is_near = self._calls.is_near("sqs")
        members = {
            "MaxNumberOfMessages": most,
            "WaitTimeSeconds": min(wait_s, NEAR_POLL_S) if is_near else wait_s,
            "MessageAttributeNames": ["All"],
            "AttributeNames": ["All"],  # the older name, which every endpoint knows
        }
        found = await self._ask(scope, queue, "ReceiveMessage", members, self._received, _ANSWER_BYTES)
        return [_message(one) for one in found.messages or ()]

    async def delete(self, scope: Scope, queue: str, receipts: Sequence[str]) -> list[str]:
        """Delete up to ten messages; the receipts of those that are not deleted."""
        entries = [{"Id": str(at), "ReceiptHandle": one} for at, one in enumerate(receipts)]
        members = {"Entries": entries}
        found = await self._ask(scope, queue, "DeleteMessageBatch", members, self._deleted, _SMALL_BYTES)
        left = {one.id for one in found.failed or ()}
        return [one for at, one in enumerate(receipts) if str(at) in left]

    async def facts(self, scope: Scope, queue: str) -> QueueFacts:
        """What a queue says of itself now."""
        members = {"AttributeNames": ["All"]}
        found = await self._ask(scope, queue, "GetQueueAttributes", members, self._attributes, _SMALL_BYTES)
        said = found.attributes or {}
        return QueueFacts(
            _number(said, "VisibilityTimeout", 30),
            _number(said, "ApproximateNumberOfMessages"),
            _number(said, "ApproximateNumberOfMessagesNotVisible"),
        )

    async def _ask(
        self,
        scope: Scope,
        queue: str,
        operation: str,
        members: Mapping[str, Any],
        decoder: msgspec.json.Decoder[T],
        most_bytes: int,
    ) -> T:
        try:
            url = queue_url(queue, self._calls.endpoint("sqs"))
            made = sqs_request(operation, {"QueueUrl": url, **members})
            said = await self._calls.send(made, scope, region_of(queue), most_bytes)
            return decoder.decode(said or b"{}")
        except NotDone as error:
            raise QueueTrouble(str(error), error.code) from error
        except (ValueError, RecursionError):
            raise QueueTrouble(f"sqs answered {operation} with what cannot be read") from None


def _message(found: _Message) -> Message:
    attributes = {
        name: AttributeValue(one.data_type, one.string_value, one.binary_value)
        for name, one in (found.message_attributes or {}).items()
    }
    return Message(
        found.id,
        found.receipt,
        found.body,
        found.body_md5,
        found.attributes or {},
        attributes,
        found.attributes_md5,
    )


def _number(said: Mapping[str, str], name: str, default: int = 0) -> int:
    text = said.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else default
