"""A poller of a stream in virtual time, over the wire's requests but without a wire."""

from __future__ import annotations

import base64
import json
from typing import Any

from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MAX_HELD_MESSAGE_BYTES
from lambdad.domain.measured import Noted
from lambdad.domain.scope import Scope
from lambdad.neighbours.courier_requests import Outgoing
from lambdad.neighbours.dynamodb_stream import DynamoDbStream
from lambdad.neighbours.kinesis_stream import KinesisStream
from lambdad.neighbours.service_calls import NotDone
from lambdad.ports.measures import Measures
from lambdad.sources.calls import FunctionCalls
from lambdad.sources.failures import OnFailure
from lambdad.sources.holding import Holding
from lambdad.sources.ordered import OrderedTools
from lambdad.sources.streams.poller import StreamPoller, Tools
from lambdad.sources.streams.streams import Streams
from tests.fakes.checkpoints import FakeCheckpoints
from tests.fakes.kinesis_core import FakeKinesis, halfway
from tests.fakes.ordered_stage import STREAM, Destination, mapping_of
from tests.fakes.queue_stage import HERE, Functions, Roles, VirtualSleep
from tests.fakes.service_faults import Faults, Refused
from tests.fakes.table_core import FakeTables
from tests.fakes.worker import version_of

DEFAULTS = {"BatchSize": 100, "StartingPosition": "TRIM_HORIZON"}
Members = dict[str, Any]


class WirelessCalls:
    """Stands where `neighbours.service_calls.ServiceCalls` does; answers come at once.

    Attributes:
        defect: raised instead of an answer; None for none.
    """

    def __init__(self, kinesis: FakeKinesis, tables: FakeTables) -> None:
        self._by_service = {"kinesis": kinesis, "dynamodb": tables}
        self.is_away = False
        self.defect: Exception | None = None

    def is_near(self, service: str) -> bool:
        return True

    def has(self, service: str) -> bool:
        return service in self._by_service

    async def send(self, made: Outgoing, scope: Scope, region: str, most_bytes: int) -> bytes:
        if self.defect is not None:
            raise self.defect
        if self.is_away:
            raise NotDone(f"{made.service} did not answer")
        operation = made.headers["x-amz-target"].partition(".")[2]
        try:
            answer = self._by_service[made.service].call(operation, json.loads(made.body))
        except Refused as error:
            raise NotDone(str(error), error.code) from error
        return b"{" if answer is None else json.dumps(answer).encode()


class StreamStage:
    """A stream, a function, a destination, and pollers between that share their checkpoints."""

    def __init__(self, shards: int = 1, kind: SourceKind = SourceKind.KINESIS) -> None:
        self.kind = kind
        self.sleep = VirtualSleep()
        self.clock = self.sleep.clock
        self.kinesis = FakeKinesis(self.clock.now)
        self.tables = FakeTables(self.clock.now)
        self.calls = WirelessCalls(self.kinesis, self.tables)
        self.source = self._made(shards)
        self.functions = Functions(self.clock)
        self.roles = Roles()
        self.version: FunctionVersion | None = version_of("f", scope=HERE)
        self.destination = Destination()
        self.checkpoints = FakeCheckpoints()
        self.holding = Holding(MAX_HELD_MESSAGE_BYTES)
        self.noted: list[Noted] = []
        stream: Any = KinesisStream if kind is SourceKind.KINESIS else DynamoDbStream
        ordered = OrderedTools(
            FunctionCalls(self.functions),
            OnFailure(self.destination, self.clock),
            self.clock,
            Measures(lambda _: None, self.noted.append),
        )
        self.tools = Tools(
            stream(self.calls), ordered, self._find, self.roles, self.holding, self.checkpoints, self.sleep
        )
        self.streams = Streams(kind, self.tools, is_configured=lambda: True)

    def _made(self, shards: int) -> str:
        if self.kind is SourceKind.KINESIS:
            self.kinesis.call("CreateStream", {"StreamName": "s", "ShardCount": shards})
            return STREAM
        self.tables.partitions = shards
        made = self.tables.call(
            "CreateTable",
            {
                "TableName": "t",
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            },
        )
        assert made is not None
        return str(made["TableDescription"]["LatestStreamArn"])

    async def _find(self, scope: Scope, arn: str) -> FunctionVersion | None:
        return self.version

    def mapping(self, **settings: Any) -> Any:
        return mapping_of(self.kind, self.source, **{**DEFAULTS, **settings})

    def poller(self, **settings: Any) -> StreamPoller:
        """A poller that has begun, as after a start of the server."""
        poller = StreamPoller(HERE, self.mapping(**settings), self.tools)
        poller.start()
        return poller

    def put(self, *texts: str, key: str | None = None) -> None:
        """Put records of Kinesis; each is its own key unless they share one."""
        for text in texts:
            self.kinesis.put("s", key or text, text.encode())

    def item(self, name: str, **attributes: Any) -> None:
        """Put an item into the table."""
        self.tables.call("PutItem", {"TableName": "t", "Item": {"id": {"S": name}, **attributes}})

    def shards(self) -> list[Members]:
        faults, self.kinesis.log.faults = self.kinesis.log.faults, Faults()
        listed = self.kinesis.call("ListShards", {"StreamName": "s"})
        self.kinesis.log.faults = faults
        assert listed is not None
        shards: list[Members] = listed["Shards"]
        return shards

    def split(self, number: int = 0) -> None:
        """Split the shard at that place of the list."""
        shard = self.shards()[number]
        self.kinesis.call(
            "SplitShard",
            {"StreamName": "s", "ShardToSplit": shard["ShardId"], "NewStartingHashKey": halfway(shard)},
        )

    def merge(self, one: int, other: int) -> None:
        names = [shard["ShardId"] for shard in self.shards()]
        self.kinesis.call(
            "MergeShards",
            {"StreamName": "s", "ShardToMerge": names[one], "AdjacentShardToMerge": names[other]},
        )

    async def pass_by(self, seconds: float) -> None:
        await self.sleep.pass_by(seconds)

    @property
    def events(self) -> list[Members]:
        """Of every call, in order."""
        return [json.loads(request.payload) for _, request in self.functions.calls]

    @property
    def batches(self) -> list[list[str]]:
        """What was in the records of every call, in order."""
        return [texts_of(event) for event in self.events]

    @property
    def seen(self) -> list[str]:
        return [text for batch in self.batches for text in batch]


def texts_of(event: Members) -> list[str]:
    """The texts of Kinesis' records, the ids of DynamoDB's items."""
    return [
        base64.b64decode(record["kinesis"]["data"]).decode()
        if "kinesis" in record
        else record["dynamodb"]["Keys"]["id"]["S"]
        for record in event["Records"]
    ]
