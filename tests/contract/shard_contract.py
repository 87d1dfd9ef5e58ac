"""What pollers rely on of streams: asked of the fake here, and of real servers by `make test-real`.

Who takes a class gives the fixture `url`, of a server.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.fakes.kinesis_core import halfway

ACCOUNT, REGION = "000000000000", "us-east-1"


def client(service: str, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="secret",
        config=Config(retries={"total_max_attempts": 1}),
    )


class KinesisContract:
    """A Kinesis that keeps closed shards."""

    @pytest.fixture
    def kinesis(self, url: str) -> Any:
        return client("kinesis", url)

    @pytest.fixture
    def stream(self, kinesis: Any) -> str:
        name = f"s-{uuid.uuid4().hex[:12]}"
        kinesis.create_stream(StreamName=name, ShardCount=1)
        _active(kinesis, name)
        return name

    def test_records_come_in_the_order_they_were_put(self, kinesis: Any, stream: str) -> None:
        put = [
            kinesis.put_record(StreamName=stream, PartitionKey="k", Data=str(number).encode())
            for number in range(3)
        ]
        [shard] = kinesis.list_shards(StreamName=stream)["Shards"]
        records = list(_read(kinesis, stream, shard["ShardId"], ShardIteratorType="TRIM_HORIZON"))
        assert [one["Data"] for one in records] == [b"0", b"1", b"2"]
        assert [one["SequenceNumber"] for one in records] == [one["SequenceNumber"] for one in put]
        assert {one["PartitionKey"] for one in records} == {"k"}
        after = {
            "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
            "StartingSequenceNumber": put[0]["SequenceNumber"],
        }
        assert [one["Data"] for one in _read(kinesis, stream, shard["ShardId"], **after)] == [b"1", b"2"]
        at = after | {"ShardIteratorType": "AT_SEQUENCE_NUMBER"}
        assert len(list(_read(kinesis, stream, shard["ShardId"], **at))) == 3
        since = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": records[0]["ApproximateArrivalTimestamp"]}
        assert len(list(_read(kinesis, stream, shard["ShardId"], **since))) == 3
        assert list(_read(kinesis, stream, shard["ShardId"], ShardIteratorType="LATEST")) == []

    def test_a_shard_that_was_split_is_read_to_its_end_and_names_nothing_after(
        self, kinesis: Any, stream: str
    ) -> None:
        kinesis.put_record(StreamName=stream, PartitionKey="k", Data=b"before")
        [parent] = kinesis.list_shards(StreamName=stream)["Shards"]
        kinesis.split_shard(
            StreamName=stream, ShardToSplit=parent["ShardId"], NewStartingHashKey=halfway(parent)
        )
        _active(kinesis, stream)
        kinesis.put_record(StreamName=stream, PartitionKey="k", Data=b"after")
        shards = {one["ShardId"]: one for one in kinesis.list_shards(StreamName=stream)["Shards"]}
        closed = shards.pop(parent["ShardId"])
        assert "EndingSequenceNumber" in closed["SequenceNumberRange"]
        assert [one["ParentShardId"] for one in shards.values()] == [parent["ShardId"]] * 2
        found = _read(kinesis, stream, parent["ShardId"], ShardIteratorType="TRIM_HORIZON", until_end=True)
        assert [one["Data"] for one in found] == [b"before"]
        again = [
            one["Data"]
            for name in shards
            for one in _read(kinesis, stream, name, ShardIteratorType="TRIM_HORIZON")
        ]
        assert again == [b"after"]

    def test_shards_that_were_merged_are_both_named_by_the_one_that_follows(
        self, kinesis: Any, stream: str
    ) -> None:
        [parent] = kinesis.list_shards(StreamName=stream)["Shards"]
        kinesis.split_shard(
            StreamName=stream, ShardToSplit=parent["ShardId"], NewStartingHashKey=halfway(parent)
        )
        _active(kinesis, stream)
        _, one, other = sorted(item["ShardId"] for item in kinesis.list_shards(StreamName=stream)["Shards"])
        kinesis.merge_shards(StreamName=stream, ShardToMerge=one, AdjacentShardToMerge=other)
        _active(kinesis, stream)
        last = max(kinesis.list_shards(StreamName=stream)["Shards"], key=lambda item: item["ShardId"])
        assert {last["ParentShardId"], last["AdjacentParentShardId"]} == {one, other}
        assert list(_read(kinesis, stream, one, ShardIteratorType="TRIM_HORIZON", until_end=True)) == []

    def test_what_is_not_there_is_told_in_awss_words(self, kinesis: Any, stream: str) -> None:
        missing = kinesis.exceptions.ResourceNotFoundException
        with pytest.raises(missing):
            kinesis.describe_stream_summary(StreamName=f"{stream}-not")
        with pytest.raises(missing):
            kinesis.get_shard_iterator(
                StreamName=stream, ShardId="shardId-000000000077", ShardIteratorType="LATEST"
            )


class TableStreamContract:
    """A DynamoDB with streams."""

    @pytest.fixture
    def dynamodb(self, url: str) -> Any:
        return client("dynamodb", url)

    @pytest.fixture
    def streams(self, url: str) -> Any:
        return client("dynamodbstreams", url)

    def test_changes_of_items_come_with_their_images(self, dynamodb: Any, streams: Any) -> None:
        name, stream = table_with_stream(dynamodb)
        for item in ({"n": {"N": "1"}}, {"n": {"N": "2"}}, {"n": {"N": "2"}}):
            dynamodb.put_item(TableName=name, Item={"id": {"S": "a"}, **item})
        dynamodb.delete_item(TableName=name, Key={"id": {"S": "a"}})
        described = streams.describe_stream(StreamArn=stream)["StreamDescription"]
        assert (described["StreamStatus"], described["TableName"]) == ("ENABLED", name)
        found = [
            record
            for shard in described["Shards"]
            for record in _changes(streams, stream, shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
        ]
        assert [one["eventName"] for one in found] == ["INSERT", "MODIFY", "REMOVE"]
        kept = [(one["dynamodb"].get("OldImage"), one["dynamodb"].get("NewImage")) for one in found]
        first, second = ({"id": {"S": "a"}, "n": {"N": number}} for number in "12")
        assert kept == [(None, first), (first, second), (second, None)]
        assert all(one["dynamodb"]["Keys"] == {"id": {"S": "a"}} for one in found)
        numbers = [int(one["dynamodb"]["SequenceNumber"]) for one in found]
        assert numbers == sorted(set(numbers))
        shard = described["Shards"][-1]["ShardId"]
        after = {
            "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
            "SequenceNumber": found[1]["dynamodb"]["SequenceNumber"],
        }
        assert [one["eventName"] for one in _changes(streams, stream, shard, **after)] == ["REMOVE"]

    def test_what_is_not_there_is_told_in_awss_words(self, dynamodb: Any, streams: Any) -> None:
        _, stream = table_with_stream(dynamodb)
        missing = streams.exceptions.ResourceNotFoundException
        with pytest.raises(missing):
            streams.describe_stream(StreamArn=stream.replace("table/t-", "table/not-"))
        shard = "shardId-00000000000000000077-00000077"
        with pytest.raises(missing):
            streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="LATEST")


def table_with_stream(tables: Any) -> tuple[str, str]:
    """A new table with the key `id`; its name, and the ARN of its stream of both images."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    made = tables.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    return name, str(made["TableDescription"]["LatestStreamArn"])


def _active(kinesis: Any, name: str) -> None:
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})


def _read(
    kinesis: Any, stream: str, shard: str, *, until_end: bool = False, **position: Any
) -> Iterator[dict[str, Any]]:
    """Records until there are none, or, of a closed shard, until its end."""
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, **position)["ShardIterator"]
    while iterator:
        answer = kinesis.get_records(ShardIterator=iterator, Limit=2)
        yield from answer["Records"]
        iterator = answer.get("NextShardIterator")
        if not answer["Records"] and not until_end:
            return


def _changes(streams: Any, stream: str, shard: str, **position: Any) -> Iterator[dict[str, Any]]:
    iterator = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, **position)["ShardIterator"]
    while iterator:
        answer = streams.get_records(ShardIterator=iterator, Limit=2)
        yield from answer["Records"]
        iterator = answer.get("NextShardIterator") if answer["Records"] else None
