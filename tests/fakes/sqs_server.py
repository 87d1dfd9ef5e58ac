"""SQS on loopback for tests and the bench: one process, answers at once, loses nothing while it lives.

``python -m tests.fakes.sqs_server`` prints its port and serves until its input ends. Beside SQS it takes
``POST /fault`` with ``{"mode": "down" | "garbage" | "throttled" | "expired" | "denied" | "slow" | ""}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

from lambdad.domain.queue_message import AttributeValue
from tests.fakes.json_server import running, serve, steer
from tests.fakes.sqs_core import FakeSqs

ACCOUNT, REGION = "000000000000", "us-east-1"
ERRORS = {
    "throttled": ("RequestThrottled", "Rate exceeded", 400),
    "expired": ("ExpiredToken", "The security token included in the request is expired", 403),
    "denied": ("AccessDeniedException", "User is not authorized to perform: sqs:receivemessage", 403),
    "down": ("ServiceUnavailable", "not now", 503),
}


class Served:
    """The queues, and who waits for their messages."""

    def __init__(self) -> None:
        self.sqs = FakeSqs(time.time)
        self.mode = ""
        self._sent: dict[str, asyncio.Event] = {}

    async def answer(self, path: str, target: str, body: bytes) -> tuple[int, bytes]:
        """The answer to one request."""
        members: dict[str, Any] = json.loads(body or b"{}")
        if path == "/fault":
            self.mode = members["mode"]
            for name in list(self._sent):
                self._wake(name)
            return 200, b"{}"
        if path == "/lifetimes":
            queue = self.sqs.queues[members["queue"]]
            told, queue.lifetimes = queue.lifetimes, []
            return 200, json.dumps(told).encode()
        operation = target.rpartition(".")[2]
        is_poll = operation in ("ReceiveMessage", "DeleteMessageBatch", "GetQueueAttributes")
        if self.mode == "garbage" and is_poll:
            return 200, b'{"Messages": [{"ReceiptHandle": 7'
        if self.mode in ERRORS and is_poll:
            return _error(*ERRORS[self.mode])
        if operation == "CreateQueue":
            return 200, json.dumps(self._create(members)).encode()
        name = urlsplit(members.get("QueueUrl", "")).path.rpartition("/")[2]
        if name not in self.sqs.queues:
            return _error("QueueDoesNotExist", "The specified queue does not exist.", 400)
        return 200, json.dumps(await getattr(self, f"_{operation.lower()}")(name, members)).encode()

    def _create(self, members: dict[str, Any]) -> dict[str, Any]:
        name, given = members["QueueName"], members.get("Attributes") or {}
        redrive = json.loads(given.get("RedrivePolicy", "{}"))
        dead = redrive.get("deadLetterTargetArn", "").rpartition(":")[2] or None
        most = int(redrive.get("maxReceiveCount", 0))
        self.sqs.make(name, float(given.get("VisibilityTimeout", 30)), dead, most)
        return {"QueueUrl": f"http://127.0.0.1/{ACCOUNT}/{name}"}

    async def _deletequeue(self, name: str, members: dict[str, Any]) -> dict[str, Any]:
        del self.sqs.queues[name]
        return {}

    async def _sendmessage(self, name: str, members: dict[str, Any]) -> dict[str, Any]:
        sent = self._send(name, members)
        return {"MessageId": sent, "MD5OfMessageBody": ""}

    async def _sendmessagebatch(self, name: str, members: dict[str, Any]) -> dict[str, Any]:
        sent = [{"Id": one["Id"], "MessageId": self._send(name, one)} for one in members["Entries"]]
        return {"Successful": sent, "Failed": []}

    def _send(self, name: str, members: dict[str, Any]) -> str:
        trace = (members.get("MessageSystemAttributes") or {}).get("AWSTraceHeader", {}).get("StringValue")
        attributes = {
            key: AttributeValue(one["DataType"], one.get("StringValue"), one.get("BinaryValue"))
            for key, one in (members.get("MessageAttributes") or {}).items()
        }
        sent = self.sqs.send(name, members["MessageBody"], members.get("MessageGroupId"), trace, attributes)
        self._wake(name)
        return sent

    def _wake(self, name: str) -> None:
        self._sent.pop(name, asyncio.Event()).set()

    async def _receivemessage(self, name: str, members: dict[str, Any]) -> dict[str, Any]:
        deadline, mode = time.monotonic() + members.get("WaitTimeSeconds", 0), self.mode
        while True:
            if self.mode != mode:
                return {}  # who polls asks again, and hears of it
            found = self.sqs.take(name, members.get("MaxNumberOfMessages", 1))
            left_s = deadline - time.monotonic()
            if found or left_s <= 0 or name not in self.sqs.queues:
                return {"Messages": [_shown(one) for one in found]} if found else {}
            event = self._sent.setdefault(name, asyncio.Event())
            with contextlib.suppress(TimeoutError):
                # What becomes visible again tells nobody.
                await asyncio.wait_for(event.wait(), min(left_s, 0.05))

    async def _deletemessagebatch(self, name: str, members: dict[str, Any]) -> dict[str, Any]:
        ids = {one["ReceiptHandle"]: one["Id"] for one in members["Entries"]}
        left = self.sqs.drop(name, list(ids))
        self._wake(name)
        failed = [{"Id": ids[one], "SenderFault": False, "Code": "InternalError"} for one in left]
        done = [{"Id": one} for receipt, one in ids.items() if receipt not in left]
        return {"Successful": done, "Failed": failed}

    async def _getqueueattributes(self, name: str, members: dict[str, Any]) -> dict[str, Any]:
        facts = self.sqs.tell(name)
        shown = {
            "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
            "VisibilityTimeout": str(facts.visibility_s),
            "ApproximateNumberOfMessages": str(facts.waiting),
            "ApproximateNumberOfMessagesNotVisible": str(facts.hidden),
        }
        return {"Attributes": shown}


def _shown(message: Any) -> dict[str, Any]:
    attributes = {
        name: {"DataType": one.data_type, "StringValue": one.text, "BinaryValue": one.binary}
        for name, one in message.message_attributes.items()
    }
    shown = {
        "MessageId": message.id,
        "ReceiptHandle": message.receipt,
        "Body": message.body,
        "MD5OfBody": message.body_md5,
        "Attributes": message.attributes,
    }
    return shown | ({"MessageAttributes": attributes} if attributes else {})


def _error(code: str, message: str, status: int) -> tuple[int, bytes]:
    return status, json.dumps({"__type": f"com.amazonaws.sqs#{code}", "message": message}).encode()


def sqs_server() -> AbstractContextManager[str]:
    """A server of its own process; its URL."""
    return running("tests.fakes.sqs_server")


def fault(url: str, mode: str) -> None:
    """Have a server misbehave so from now on; not at all: empty."""
    steer(url, "/fault", mode=mode)


if __name__ == "__main__":
    serve(Served().answer)
