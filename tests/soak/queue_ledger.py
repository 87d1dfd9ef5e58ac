"""The ledger of messages over many kill -9, of the server and of its functions: sent, handled, in order.

A queue of each kind outlives the lives of a server, each ended by kill -9 at a random moment while functions,
some of which kill themselves, work on messages. In the end every message was handled at least once, both
queues are empty, and no message of a group was handled for the first time after a later one of its group.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tests.fakes.sqs_server import ACCOUNT, REGION, sqs_server
from tests.running import Server
from tests.soak import warm_server
from tests.soak.book import MOUNTED, Book

GROUPS = 6
_PER_ROUND = 20
_VISIBILITY_S = 1
_WITHIN_S = 90.0
_DIES = 0.02  # of the calls, in the middle
FUNCTION = """
import json, os, random, time
def handler(event, context):
    with open("/mnt/ledger/" + context.aws_request_id, "a") as book:
        for record in event["Records"]:
            group = record["attributes"].get("MessageGroupId")
            book.write(json.dumps([time.time(), group, record["body"], record["messageId"]]) + "\\n")
            book.flush()
            if random.random() < %f:
                os._exit(1)
""" % (_DIES / 5)


@dataclass
class QueueLedger:
    """What was sent, and what became of it.

    Attributes:
        sent: bodies, by queue.
        handled: times each body was written down.
        repeated: bodies that were handled more than once.
        problems: what may not be; empty when all is well.
    """

    rounds: int = 0
    sent: dict[str, list[str]] = field(default_factory=dict)
    handled: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    problems: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The ledger for people."""
        sent = sum(map(len, self.sent.values()))
        return [
            (
                f"queues    {self.rounds} kills: {sent} messages sent, {len(self.handled)} handled, "
                f"{self.repeated} more than once"
            ),
            *(f"PROBLEM   {problem}" for problem in self.problems),
        ]


def run(folder: Path, rounds: int, seed: int, say: Callable[[str], None] = lambda _: None) -> QueueLedger:
    """Kill a server so many times amid messages, then let the last one finish; the ledger."""
    ledger, choose = QueueLedger(), random.Random(seed)
    with sqs_server() as url:
        stage = _Stage(folder, url)
        server = stage.start()
        try:
            stage.make(server)
            for number in range(1, rounds + 1):
                stage.send(ledger, number)
                time.sleep(choose.random() * 0.6)
                server.kill()
                server = stage.start()
                ledger.rounds = number
                say(f"queues: kill {number} of {rounds}")
            left = stage.drained()
        finally:
            status = server.stop()
        if status != 0:
            ledger.problems.append(f"the last server ended with {status}: {server.log[-500:]}")
        if left:
            ledger.problems.append(f"messages are left: {left}")
        _judge(ledger, stage.book())
    return ledger


class _Stage:
    """The queues, the function and the server between them."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._book = Book(folder)
        config = folder / "lambdad.toml"
        config.write_text(f'[services.sqs]\nendpoint = "{url}"\n{self._book.configuration}')
        self._config = config
        self._sqs: Any = boto3.client(
            "sqs",
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="secret",
        )

    def start(self) -> Server:
        return warm_server.start(self._folder / "data", "--config", str(self._config))

    def make(self, server: Server) -> None:
        name = server.function({"app.py": FUNCTION}, Timeout=1, **MOUNTED)
        for queue in ("plain", "grouped.fifo"):
            given = {"VisibilityTimeout": str(_VISIBILITY_S)}
            self._sqs.create_queue(QueueName=queue, Attributes=given)
            server.client().create_event_source_mapping(
                FunctionName=name, EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}", BatchSize=5
            )

    def send(self, ledger: QueueLedger, number: int) -> None:
        for queue in ("plain", "grouped.fifo"):
            bodies = [f"{queue} {number:05d} {one:03d}" for one in range(_PER_ROUND)]
            for at in range(0, _PER_ROUND, 10):
                entries = [
                    {"Id": str(one), "MessageBody": body}
                    | ({"MessageGroupId": str(one % GROUPS)} if queue.endswith("fifo") else {})
                    for one, body in enumerate(bodies[at : at + 10])
                ]
                self._sqs.send_message_batch(QueueUrl=f"{self._url}/{ACCOUNT}/{queue}", Entries=entries)
            ledger.sent.setdefault(queue, []).extend(bodies)

    def drained(self) -> dict[str, int]:
        """Wait until both queues are empty; what is left in them."""
        deadline = time.monotonic() + _WITHIN_S
        while True:
            left = {queue: self._left(queue) for queue in ("plain", "grouped.fifo")}
            if not any(left.values()) or time.monotonic() > deadline:
                return {queue: count for queue, count in left.items() if count}
            time.sleep(0.1)

    def _left(self, queue: str) -> int:
        asked = {"QueueUrl": f"{self._url}/{ACCOUNT}/{queue}", "AttributeNames": ["All"]}
        found = self._sqs.get_queue_attributes(**asked)["Attributes"]
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        return sum(int(found[name]) for name in names)

    def book(self) -> list[tuple[float, str | None, str]]:
        """What functions wrote down, in the order of time."""
        return [(at, group, body) for at, group, body, _ in self._book.lines()]


def _judge(ledger: QueueLedger, book: list[tuple[float, str | None, str]]) -> None:
    newest: dict[str, str] = {}
    for _, group, body in book:
        is_first = body not in ledger.handled
        ledger.handled[body] = ledger.handled.get(body, 0) + 1
        if group is None:
            continue
        if is_first and body < newest.get(group, ""):
            ledger.problems.append(f"{body} was handled after {newest[group]} of its group {group}")
        newest[group] = max(newest.get(group, ""), body)
    ledger.repeated = sum(count > 1 for count in ledger.handled.values())
    lost = [body for bodies in ledger.sent.values() for body in bodies if body not in ledger.handled]
    ledger.problems += [f"{body} was never handled" for body in lost[:20]]
