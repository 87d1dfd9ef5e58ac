"""Takes dead letters back out of SQS: implements `ports.dead_letters.DeadLetters`.

Source: the model of SQS (ReceiveMessage, DeleteMessageBatch; json 1.0).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from lambdad.domain.arn import region_of
from lambdad.domain.limits import MIB
from lambdad.domain.scope import Scope
from lambdad.neighbours.courier_requests import Outgoing, queue_url, sqs_request
from lambdad.neighbours.service_calls import NotDone, ServiceCalls
from lambdad.ports.dead_letters import DeadLetter, QueueUnavailable

MOST_AT_ONCE: Final = 10
"""Messages of one ReceiveMessage, at most. Source: its model."""

_HIDDEN_S: Final = 30
"""How long nobody else receives what was received; storing it takes milliseconds."""

_ANSWER_BYTES: Final = 16 * MIB  # ten messages of 1 MiB, escaped
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_MOST_DIGITS: Final = 15


class SqsDeadLetters:
    """Dead-letter queues in SQS."""

    def __init__(self, calls: ServiceCalls) -> None:
        self._calls = calls

    async def receive(self, scope: Scope, queue: str) -> list[DeadLetter]:
        """A few messages."""
        members = {
            "MaxNumberOfMessages": MOST_AT_ONCE,
            "VisibilityTimeout": _HIDDEN_S,
            "WaitTimeSeconds": 0,
            "MessageAttributeNames": ["All"],
            "AttributeNames": ["All"],  # the older name, which every endpoint knows
        }
        answer = await self._ask(scope, queue, "ReceiveMessage", members)
        messages = answer.get("Messages")
        return [_letter(one) for one in messages] if isinstance(messages, list) else []

    async def remove(self, scope: Scope, queue: str, letters: Sequence[DeadLetter]) -> None:
        """Delete messages."""
        for at in range(0, len(letters), MOST_AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": one.receipt}
                for number, one in enumerate(letters[at : at + MOST_AT_ONCE])
            ]
            answer = await self._ask(scope, queue, "DeleteMessageBatch", {"Entries": entries})
            if answer.get("Failed"):
                raise QueueUnavailable(f"{queue} did not delete every message that is queued again")

    async def _ask(
        self, scope: Scope, queue: str, operation: str, members: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        try:
            made = self._request(queue, operation, members)
            answer = json.loads(await self._calls.send(made, scope, region_of(queue), _ANSWER_BYTES) or b"{}")
        except NotDone as error:
            raise QueueUnavailable(str(error)) from error
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise QueueUnavailable(f"{queue} did not answer {operation} with a JSON object")
        return answer

    def _request(self, queue: str, operation: str, members: Mapping[str, Any]) -> Outgoing:
        url = queue_url(queue, self._calls.endpoint("sqs"))
        return sqs_request(operation, {"QueueUrl": url, **members})


def _letter(message: Any) -> DeadLetter:
    """A message as a dead letter.

    Raises:
        QueueUnavailable: it is no message.
    """
    try:
        receipt, body = message["ReceiptHandle"], message["Body"].encode()
        sent = str((message.get("Attributes") or {}).get("SentTimestamp", ""))
        request_id = (message.get("MessageAttributes") or {}).get("RequestID", {}).get("StringValue")
    except (TypeError, KeyError, AttributeError, UnicodeEncodeError):
        raise QueueUnavailable("SQS answered ReceiveMessage with what is no message") from None
    is_id = isinstance(request_id, str) and _REQUEST_ID.fullmatch(request_id) is not None
    is_time = sent.isascii() and sent.isdigit() and len(sent) <= _MOST_DIGITS
    return DeadLetter(str(receipt), body, request_id if is_id else None, int(sent) if is_time else 0)
