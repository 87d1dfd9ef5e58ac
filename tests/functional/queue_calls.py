"""Queues of SQS that a server polls, and what functions got of them."""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import Any

from local_services import eventually
from mapped_calls import ACCOUNT, REGION, Mapped

__all__ = ["ACCOUNT", "REGION", "TELLS", "Queues"]
TELLS = """
import json
def handler(event, context):
    for record in event["Records"]:
        print("GOT", json.dumps({"request": context.aws_request_id, "record": record}))
"""


class Queues(Mapped):
    """Queues at an endpoint that a server polls."""

    @cached_property
    def sqs(self) -> Any:
        """A client of the queues themselves."""
        return self.client("sqs")

    def queue(self, *, fifo: bool = False, visibility_s: int = 20, **attributes: str) -> str:
        """Make a queue; its ARN."""
        name = f"q-{uuid.uuid4().hex[:12]}" + (".fifo" if fifo else "")
        given = {"VisibilityTimeout": str(visibility_s), **attributes}
        if fifo:
            given |= {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
        self.sqs.create_queue(QueueName=name, Attributes=given)
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def url_of(self, arn: str) -> str:
        return f"{self.url}/{ACCOUNT}/{arn.rpartition(':')[2]}"

    def send(self, arn: str, *bodies: str, **more: Any) -> list[str]:
        """Send messages; their ids."""
        ids = []
        for at in range(0, len(bodies), 10):
            entries = [
                {"Id": str(number), "MessageBody": body, **more}
                for number, body in enumerate(bodies[at : at + 10])
            ]
            sent = self.sqs.send_message_batch(QueueUrl=self.url_of(arn), Entries=entries)["Successful"]
            ids += [one["MessageId"] for one in sorted(sent, key=lambda one: int(one["Id"]))]
        return ids

    def left(self, arn: str) -> int:
        """Messages of a queue, hidden ones too."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url_of(arn), AttributeNames=["All"])["Attributes"]
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(found[name]) for name in names)

    def function(self, source: str = TELLS, **parameters: Any) -> str:
        return self.made(source, **parameters)

    def got(self, function: str, count: int) -> list[Any]:
        """So many records that a function got, with the calls they came in."""
        return self.told(function, count)

    def empty(self, arn: str) -> None:
        eventually(lambda: self.left(arn) == 0, "an empty queue")
