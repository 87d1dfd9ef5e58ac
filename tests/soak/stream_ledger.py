"""The ledger of records over many kill -9, of the server and of its functions: produced, seen, in the order of keys.

A stream of Kinesis read shard by shard, one read in lanes, and the stream of a table outlive the lives of a server,
each ended by kill -9 at a random moment while functions, some of which kill themselves, work on records. Meanwhile
shards are split, merged and rolled over. In the end every record was seen, no record of a key before the one that
was produced before it, and none more than once unless the server or a function was killed in between. Tumbling
windows over the first stream count each of its records once, whatever was killed: their state is of the same moment as
the checkpoint.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from tests.fakes.kinesis_core import halfway
from tests.fakes.kinesis_server import ACCOUNT, REGION, kinesis_server, steer
from tests.running import Server
from tests.soak import warm_server
from tests.soak.book import MOUNTED, Book

KEYS = 6
_STREAMS = ("plain", "lanes")
_TABLE = "rows"
_PER_ROUND = 12
"""Records of each source, equally of each key."""
_WITHIN_S = 120.0
_LIVES_S = (0.05, 0.35)
_CHANGES = 40
"""Of the shards, over all rounds."""
_GRACE_S = 1.0
"""A function outlives its server by less."""
_UNSETTLED_S = 10.0
"""A record is settled within that, from its first call on; what a kill repeats is no older."""
_DIES = "0.004"  # after a record
FUNCTION = """
import base64, json, os, random, time
def told(record):
    if "dynamodb" in record:
        image = record["dynamodb"]["NewImage"]
        return "rows", image["id"]["S"], int(image["n"]["N"])
    stream = record["eventSourceARN"].rpartition("/")[2]
    return stream, record["kinesis"]["partitionKey"], int(base64.b64decode(record["kinesis"]["data"]))
def handler(event, context):
    with open("/mnt/ledger/" + context.aws_request_id, "a") as book:
        def note(*what):
            book.write(json.dumps([time.time(), *what]) + "\\n")
            book.flush()
        count = event.get("state", {}).get("n", 0)
        for record in event["Records"]:
            count += 1
            if "window" not in event:
                note(*told(record))
            if random.random() < DIES:
                note("died", "", 0)
                os._exit(1)
        if event.get("isFinalInvokeForWindow"):
            note("window", event["shardId"] + " " + event["window"]["start"], count)
        return {"state": {"n": count}}
""".replace("DIES", _DIES)


@dataclass
class StreamLedger:
    """What was produced, and what became of it.

    Attributes:
        produced: records, by source and key; they are numbered from 1.
        seen: times that each record was.
        kills: moments when the server or a function was killed, of the wall clock.
        changes: shards that were split, merged or rolled over.
        windows: records that each window of a shard counted.
        problems: what may not be; empty when all is well.
    """

    rounds: int = 0
    produced: Counter[tuple[str, str]] = field(default_factory=Counter)
    seen: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    kills: list[float] = field(default_factory=list)
    changes: int = 0
    windows: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def of(self, source: str) -> int:
        """How many records of a source were produced."""
        return sum(count for (name, _), count in self.produced.items() if name == source)

    def lines(self) -> list[str]:
        """The ledger for people."""
        repeated = sum(count > 1 for count in self.seen.values())
        return [
            (
                f"streams   {self.rounds} kills, {len(self.kills) - self.rounds} of functions, {self.changes} changes "
                f"of shards: {self.produced.total()} records produced, {len(self.seen)} seen, {repeated} more than once; "
                f"{len(self.windows)} windows"
            ),
            *(f"PROBLEM   {problem}" for problem in self.problems[:20]),
        ]


def run(folder: Path, rounds: int, seed: int, say: Callable[[str], None] = lambda _: None) -> StreamLedger:
    """Kill a server so many times amid records, then let the last one finish; the ledger."""
    ledger, choose = StreamLedger(), random.Random(seed)
    with kinesis_server() as url:
        stage = _Stage(folder, url)
        server = stage.start()
        try:
            stage.make(server)
            every = max(rounds // _CHANGES, 2)
            for number in range(1, rounds + 1):
                stage.produce(ledger)
                if number % every == 0:
                    stage.change(ledger)
                    stage.produce(ledger)
                time.sleep(choose.uniform(*_LIVES_S))
                server.kill()
                ledger.kills.append(time.time())
                server = stage.start()
                ledger.rounds = number
                say(f"streams: kill {number} of {rounds}")
            book = stage.drained(ledger)
        finally:
            status = server.stop()
        if status != 0:
            ledger.problems.append(f"the last server ended with {status}: {server.log[-500:]}")
        judge(ledger, book)
    return ledger


class _Stage:
    """The streams, the function and the server between them."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder, self._url = folder, url
        self._book = Book(folder)
        self._config = folder / "lambdad.toml"
        services = "".join(f'[services.{name}]\nendpoint = "{url}"\n' for name in ("kinesis", "dynamodb"))
        self._config.write_text(services + self._book.configuration)
        self._kinesis, self._dynamodb = (self._client(name) for name in ("kinesis", "dynamodb"))
        self._table_stream = ""

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self._url,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="secret",
        )

    def start(self) -> Server:
        return warm_server.start(self._folder / "data", "--config", str(self._config))

    def make(self, server: Server) -> None:
        name = server.function({"app.py": FUNCTION}, Timeout=60, **MOUNTED)
        self._kinesis.create_stream(StreamName="plain", ShardCount=1)
        self._kinesis.create_stream(StreamName="lanes", ShardCount=2)
        made = self._dynamodb.create_table(
            TableName=_TABLE,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        self._table_stream = made["TableDescription"]["LatestStreamArn"]
        windowed = server.function({"app.py": FUNCTION}, Timeout=60, **MOUNTED)
        for stream, settings in (
            (_arn("plain"), {"BatchSize": 7}),
            (_arn("plain"), {"BatchSize": 4, "TumblingWindowInSeconds": 1}),
            (_arn("lanes"), {"BatchSize": 5, "ParallelizationFactor": 4, "BisectBatchOnFunctionError": True}),
            (self._table_stream, {"BatchSize": 10}),
        ):
            server.client().create_event_source_mapping(
                FunctionName=windowed if "TumblingWindowInSeconds" in settings else name,
                EventSourceArn=stream,
                StartingPosition="TRIM_HORIZON",
                **settings,
            )

    def produce(self, ledger: StreamLedger) -> None:
        """One more record of every key, several times."""
        for _ in range(_PER_ROUND // KEYS):
            for key in map(str, range(KEYS)):
                for source in (*_STREAMS, _TABLE):
                    ledger.produced[source, key] += 1
                self._dynamodb.put_item(
                    TableName=_TABLE,
                    Item={"id": {"S": key}, "n": {"N": str(ledger.produced[_TABLE, key])}},
                )
            for stream in _STREAMS:
                records = [
                    {"PartitionKey": key, "Data": str(ledger.produced[stream, key]).encode()}
                    for key in map(str, range(KEYS))
                ]
                self._kinesis.put_records(StreamName=stream, Records=records)

    def change(self, ledger: StreamLedger) -> None:
        """Split the first shard or merge the first two, by turns, of each stream; roll over those of the table."""
        for stream in _STREAMS:
            shards = self._kinesis.list_shards(StreamName=stream)["Shards"]
            is_open = [one for one in shards if "EndingSequenceNumber" not in one["SequenceNumberRange"]]
            first, *others = sorted(is_open, key=lambda one: int(one["HashKeyRange"]["StartingHashKey"]))
            if ledger.changes % 2 == 0:
                self._kinesis.split_shard(
                    StreamName=stream, ShardToSplit=first["ShardId"], NewStartingHashKey=halfway(first)
                )
            else:
                self._kinesis.merge_shards(
                    StreamName=stream,
                    ShardToMerge=first["ShardId"],
                    AdjacentShardToMerge=others[0]["ShardId"],
                )
        steer(self._url, "/roll", stream=self._table_stream)
        ledger.changes += 1

    def drained(self, ledger: StreamLedger) -> list[Any]:
        """What functions wrote down, once everything is in it or time is up."""
        deadline = time.monotonic() + _WITHIN_S
        while True:
            book = self._book.lines()
            seen = {tuple(line[1:]) for line in book if line[1] not in ("died", "window")}
            counted = sum({key: count for _, kind, key, count in book if kind == "window"}.values())
            is_done = len(seen) >= ledger.produced.total() and counted >= ledger.of("plain")
            if is_done or time.monotonic() > deadline:
                return book
            time.sleep(0.1)


def judge(ledger: StreamLedger, book: list[Any]) -> None:
    """Find what may not be in lines of a moment, a source, a key and a number; other sources are ``died`` and ``window``."""
    ledger.kills += [at for at, source, _, _ in book if source == "died"]
    newest: Counter[tuple[str, str]] = Counter()
    last: dict[tuple[str, str, int], float] = {}
    for at, source, key, number in book:
        if source == "died":
            continue
        if source == "window":
            if ledger.windows.setdefault(key, number) != number:
                ledger.problems.append(f"window {key} counted {ledger.windows[key]}, and then {number}")
            continue
        record, before = (source, key, number), newest[source, key]
        ledger.seen[record] += 1
        if number > before + 1:
            ledger.problems.append(f"record {number} of {source} {key} was seen after {before}")
        since = last.get(record)
        if since is not None and not any(
            since - _GRACE_S <= kill <= min(at, since + _UNSETTLED_S) for kill in ledger.kills
        ):
            ledger.problems.append(f"record {number} of {source} {key} was seen again and nothing was killed")
        last[record] = at
        newest[source, key] = max(before, number)
    if sum(ledger.windows.values()) != ledger.of("plain"):
        ledger.problems.append(
            f"windows counted {sum(ledger.windows.values())} of {ledger.of('plain')} records"
        )
    for (source, key), count in ledger.produced.items():
        lost = [number for number in range(1, count + 1) if (source, key, number) not in ledger.seen]
        if lost:
            ledger.problems.append(f"{len(lost)} records of {source} {key} were never seen: {lost[:5]} …")


def _arn(stream: str) -> str:
    return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
