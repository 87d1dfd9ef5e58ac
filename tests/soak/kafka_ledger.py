"""The ledger of records of Kafka over many kill -9, of the server and of its functions: produced, seen, by key in order.

A topic of one partition and one of three outlive the lives of a server, each ended by kill -9 at a random moment while
functions, some of which kill themselves, work on records. Meanwhile another member comes into the group of the second,
has some of its partitions for a moment, and goes. In the end every record was seen, no record of a key before the one
that was produced before it, and none more than once unless the server or a function was killed in between.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from lambdad.domain.kafka_record import Access
from lambdad.neighbours.kafka.clusters import Clusters
from lambdad.ports.event_sources import StartFrom
from lambdad.ports.kafka import KafkaTrouble
from tests.fakes.kafka_server import kafka_server
from tests.running import Server
from tests.soak import warm_server
from tests.soak.book import MOUNTED, Book
from tests.soak.stream_ledger import KEYS, StreamLedger, judge

TOPICS = {"narrow": 1, "wide": 3}
"""How many partitions each has."""
_PER_ROUND = 4
"""Records of each key and topic."""
_WITHIN_S = 120.0
_LIVES_S = (0.2, 1.2)
_VISITS = 40
"""Of another member, over all rounds."""
_VISIT_S = (0.0, 0.4)
_JOINED_WITHIN_S = 60.0
_DIES = "0.004"  # after a record
FUNCTION = """
import base64, json, os, random, time
def handler(event, context):
    with open("/mnt/ledger/" + context.aws_request_id, "a") as book:
        def note(*what):
            book.write(json.dumps([time.time(), *what]) + "\\n")
            book.flush()
        for records in event["records"].values():
            for record in records:
                key, value = (base64.b64decode(record[name]).decode() for name in ("key", "value"))
                note(record["topic"], key, int(value))
                if random.random() < DIES:
                    note("died", "", 0)
                    os._exit(1)
""".replace("DIES", _DIES)


class KafkaLedger(StreamLedger):
    """What was produced, and what became of it; `changes` are visits of another member."""

    def lines(self) -> list[str]:
        """The ledger for people."""
        repeated = sum(count > 1 for count in self.seen.values())
        return [
            (
                f"kafka     {self.rounds} kills, {len(self.kills) - self.rounds} of functions, {self.changes} visits of "
                f"another member: {self.produced.total()} records produced, {len(self.seen)} seen, "
                f"{repeated} more than once"
            ),
            *(f"PROBLEM   {problem}" for problem in self.problems[:20]),
        ]


def run(
    folder: Path,
    rounds: int,
    seed: int,
    say: Callable[[str], None] = lambda _: None,
    broker: AbstractContextManager[Any] | None = None,
) -> KafkaLedger:
    """Kill a server so many times amid records, then let the last one finish; the ledger.

    Args:
        folder: for what the server keeps.
        rounds: kills.
        seed: of the choices.
        say: told how far it is.
        broker: has `plain`; None for the tests' own, which takes a member that was killed for dead at once.
    """
    ledger, choose = KafkaLedger(), random.Random(seed)
    with broker or kafka_server(is_impatient=True) as served:
        stage = _Stage(folder, served.plain)
        server = stage.start()
        try:
            stage.make(server)
            every = max(rounds // _VISITS, 2)
            for number in range(1, rounds + 1):
                stage.produce(ledger)
                visit = stage.visit(choose.uniform(*_VISIT_S)) if number % every == 1 else None
                time.sleep(choose.uniform(*_LIVES_S))
                server.kill()
                ledger.kills.append(time.time())
                server = stage.start()
                if visit is not None:
                    visit.join()
                    ledger.changes += 1
                ledger.rounds = number
                say(f"kafka: kill {number} of {rounds}")
            book = stage.drained(ledger)
        finally:
            status = server.stop()
        if status != 0:
            ledger.problems.append(f"the last server ended with {status}: {server.log[-500:]}")
        judge(ledger, book)
    return ledger


class _Stage:
    """The topics, the function and the server between them."""

    def __init__(self, folder: Path, servers: str) -> None:
        self._folder, self._servers = folder, servers
        self._book = Book(folder)
        self._config = folder / "lambdad.toml"
        self._config.write_text(self._book.configuration)

    def start(self) -> Server:
        return warm_server.start(self._folder / "data", "--config", str(self._config))

    def make(self, server: Server) -> None:
        asyncio.run(self._made())
        function = server.function({"app.py": FUNCTION}, Timeout=60, **MOUNTED)
        for topic, settings in (
            ("narrow", {"BatchSize": 7}),
            ("wide", {"BatchSize": 5, "BisectBatchOnFunctionError": True}),
        ):
            server.client().create_event_source_mapping(
                FunctionName=function,
                Topics=[topic],
                SelfManagedEventSource={"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": [self._servers]}},
                SelfManagedKafkaEventSourceConfig={"ConsumerGroupId": topic},
                SourceAccessConfigurations=[{"Type": "VPC_SUBNET", "URI": "subnet:subnet-0123456789abcdef0"}],
                StartingPosition="TRIM_HORIZON",
                MaximumBatchingWindowInSeconds=0,
                **settings,
            )

    async def _made(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(name, count, 1) for name, count in TOPICS.items()])
        finally:
            await admin.close()

    def produce(self, ledger: StreamLedger) -> None:
        """One more record of every key, several times."""
        asyncio.run(self._produced(ledger))

    async def _produced(self, ledger: StreamLedger) -> None:
        async with AIOKafkaProducer(bootstrap_servers=self._servers, acks="all") as producer:
            for _ in range(_PER_ROUND):
                for topic, partitions in TOPICS.items():
                    for key in range(KEYS):
                        ledger.produced[topic, str(key)] += 1
                        value = str(ledger.produced[topic, str(key)]).encode()
                        await producer.send(topic, value, str(key).encode(), key % partitions)
            await producer.flush()

    def visit(self, seconds: float) -> threading.Thread:
        """Have another member in the group of the second topic for so long; it reads nothing."""
        thread = threading.Thread(target=lambda: asyncio.run(self._visited(seconds)))
        thread.start()
        return thread

    async def _visited(self, seconds: float) -> None:
        async def nothing(_: Any) -> None:
            pass

        with suppress(KafkaTrouble, TimeoutError):
            member = await Clusters().join(
                Access((self._servers,)), "wide", ["wide"], StartFrom("TRIM_HORIZON"), nothing
            )
            try:
                async with asyncio.timeout(_JOINED_WITHIN_S):
                    while not member.partitions():
                        await asyncio.sleep(0.02)
                await asyncio.sleep(seconds)
            finally:
                await member.close()

    def drained(self, ledger: StreamLedger) -> list[Any]:
        """What functions wrote down, once everything is in it or time is up."""
        deadline = time.monotonic() + _WITHIN_S
        while True:
            book = self._book.lines()
            seen = {tuple(line[1:]) for line in book if line[1] != "died"}
            if len(seen) >= ledger.produced.total() or time.monotonic() > deadline:
                return book
            time.sleep(0.1)
