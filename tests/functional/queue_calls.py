"""A server, an SQS beside it, and short ways to map queues and to see what functions got."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import boto3
from local_services import eventually

from tests.running import Server

ACCOUNT, REGION = "000000000000", "us-east-1"
TELLS = """
import json
def handler(event, context):
    for record in event["Records"]:
        print("GOT", json.dumps({"request": context.aws_request_id, "record": record}))
"""


@dataclass
class Queues:
    """Queues at an endpoint that a server polls."""

    server: Server
    url: str

    def __post_init__(self) -> None:
        self.sqs = boto3.client(
            "sqs",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="secret",
        )

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
        return self.server.function({"app.py": source}, **({"Timeout": 5} | parameters))

    def mapping(self, function: str, arn: str, **settings: Any) -> str:
        """Make a mapping and wait until it is enabled; its UUID."""
        made = self.server.client().create_event_source_mapping(
            FunctionName=function, EventSourceArn=arn, **settings
        )
        assert made["State"] == "Creating"
        self.settled(made["UUID"], "Enabled")
        return str(made["UUID"])

    def shown(self, uuid: str) -> dict[str, Any]:
        found: dict[str, Any] = self.server.client().get_event_source_mapping(UUID=uuid)
        return found

    def settled(self, uuid: str, state: str) -> None:
        eventually(lambda: self.shown(uuid)["State"] == state, state)

    def result(self, uuid: str, words: str) -> None:
        """Wait until the last result of a mapping has these words."""
        eventually(lambda: words in self.shown(uuid).get("LastProcessingResult", ""), words)

    def got(self, function: str, count: int) -> list[Any]:
        """So many records that a function got, with the calls they came in."""

        def found() -> list[Any]:
            lines = [line for line in self.server.messages(function) if line.startswith("GOT ")]
            told = [json.loads(line.removeprefix("GOT ")) for line in lines]
            return told if len(told) >= count else []

        return list(eventually(found, f"{count} records"))

    def empty(self, arn: str) -> None:
        eventually(lambda: self.left(arn) == 0, "an empty queue")
