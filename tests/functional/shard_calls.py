"""Streams of Kinesis and of tables of DynamoDB that a server polls, and what functions got of them."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from local_services import eventually
from mapped_calls import ACCOUNT, REGION, Mapped

from tests.fakes.kinesis_core import halfway

__all__ = ["ACCOUNT", "FAILS_ONCE", "REGION", "TELLS", "KinesisStreams", "TableStreams"]
TELLS = """
import json, time
def handler(event, context):
    for record in event["Records"]:
        print("GOT", json.dumps([time.time_ns(), record]))
"""
FAILS_ONCE = """
import base64, json, time
tried = set()
def handler(event, context):
    failed = []
    for record in event["Records"]:
        number = record["kinesis"]["sequenceNumber"]
        body = base64.b64decode(record["kinesis"]["data"]).decode()
        first = number not in tried
        tried.add(number)
        if first and "fail" in body:
            return {"batchItemFailures": [{"itemIdentifier": number}]}
        if "poison" in body:
            raise ValueError("no")
        print("GOT", json.dumps([time.time_ns(), record]))
    return {"batchItemFailures": []}
"""


class Streams(Mapped):
    """Streams whose functions tell when they got what."""

    def function(self, source: str = TELLS, **parameters: Any) -> str:
        return self.made(source, **parameters)

    def mapping(self, function: str, arn: str, **settings: Any) -> str:
        """Map a stream, from its oldest record on, and wait until that is enabled; the UUID of the mapping."""
        return super().mapping(function, arn, **({"StartingPosition": "TRIM_HORIZON"} | settings))

    def got(self, function: str, count: int) -> list[Any]:
        """So many records that a function got, in the order it did."""
        return [record for _, record in sorted(self.told(function, count), key=lambda one: one[0])]


class KinesisStreams(Streams):
    """Streams of Kinesis."""

    def stream(self, shards: int = 1) -> str:
        """Make a stream; its ARN."""
        name = f"s-{uuid.uuid4().hex[:12]}"
        kinesis = self.client("kinesis")
        kinesis.create_stream(StreamName=name, ShardCount=shards)
        self.active(name)
        return f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{name}"

    def active(self, name: str) -> None:
        """Wait until a stream does not change any more."""
        kinesis = self.client("kinesis")

        def is_active() -> bool:
            found = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
            return bool(found["StreamStatus"] == "ACTIVE")

        eventually(is_active, "an active stream")

    def consumer(self, arn: str) -> str:
        """Register a consumer of a stream; its ARN."""
        kinesis = self.client("kinesis")
        made = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=f"c-{uuid.uuid4().hex[:12]}")
        consumer = str(made["Consumer"]["ConsumerARN"])

        def is_active() -> bool:
            found = kinesis.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]
            return bool(found["ConsumerStatus"] == "ACTIVE")

        eventually(is_active, "an active consumer")
        return consumer

    def put(self, arn: str, *bodies: str, key: str = "k") -> list[str]:
        """Put records one after the other; their sequence numbers."""
        kinesis = self.client("kinesis")
        return [
            kinesis.put_record(StreamName=_name(arn), PartitionKey=key, Data=body.encode())["SequenceNumber"]
            for body in bodies
        ]

    def bodies(self, function: str, count: int) -> list[str]:
        """What the records said that a function got."""
        return [base64.b64decode(one["kinesis"]["data"]).decode() for one in self.got(function, count)]

    def shards(self, arn: str) -> list[Any]:
        return list(self.client("kinesis").list_shards(StreamName=_name(arn))["Shards"])

    def split(self, arn: str, shard: Any) -> None:
        self.client("kinesis").split_shard(
            StreamName=_name(arn), ShardToSplit=shard["ShardId"], NewStartingHashKey=halfway(shard)
        )
        self.active(_name(arn))

    def merge(self, arn: str, one: Any, other: Any) -> None:
        self.client("kinesis").merge_shards(
            StreamName=_name(arn), ShardToMerge=one["ShardId"], AdjacentShardToMerge=other["ShardId"]
        )
        self.active(_name(arn))


class TableStreams(Streams):
    """Streams of tables of DynamoDB."""

    def table(self) -> tuple[str, str]:
        """Make a table with a stream of both images; its name, and the ARN of the stream as Lambda takes it."""
        name = f"t-{uuid.uuid4().hex[:12]}"
        made = self.client("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return name, str(made["TableDescription"]["LatestStreamArn"]).replace(":ddblocal:", f":{REGION}:")

    def write(self, table: str, *items: tuple[str, int]) -> None:
        """Put items of an id and a number."""
        tables = self.client("dynamodb")
        for name, number in items:
            tables.put_item(TableName=table, Item={"id": {"S": name}, "n": {"N": str(number)}})

    def changes(self, function: str, count: int) -> list[tuple[str, str, int]]:
        """Event, id and number of the records that a function got."""
        return [
            (
                one["eventName"],
                one["dynamodb"]["Keys"]["id"]["S"],
                int(one["dynamodb"].get("NewImage", {"n": {"N": "0"}})["n"]["N"]),
            )
            for one in self.got(function, count)
        ]


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]
