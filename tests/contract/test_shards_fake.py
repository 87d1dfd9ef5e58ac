"""The fake of streams: as the real ones, and with what those do not do when asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from shard_contract import REGION, KinesisContract, TableStreamContract, table_with_stream

from tests.fakes.kinesis_server import ACCOUNT, kinesis_server, steer, trouble


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with kinesis_server() as made:
        yield made


class TestKinesis(KinesisContract):
    def test_what_a_stream_is_asked_for_can_go_wrong(self, url: str, kinesis: Any, stream: str) -> None:
        arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
        with trouble(url, "throttled", stream=arn, operation="ListShards", times=1):
            with pytest.raises(ClientError, match="ProvisionedThroughputExceededException"):
                kinesis.list_shards(StreamName=stream)
            assert len(kinesis.list_shards(StreamName=stream)["Shards"]) == 1
        with trouble(url, "down", stream="another"):
            kinesis.list_shards(StreamName=stream)

    def test_iterators_expire_and_records_are_trimmed_away(self, url: str, kinesis: Any, stream: str) -> None:
        arn = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/{stream}"
        put = [
            kinesis.put_record(StreamName=stream, PartitionKey="k", Data=data) for data in (b"old", b"new")
        ]
        asked = {"StreamName": stream, "ShardId": put[0]["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = kinesis.get_shard_iterator(**asked)["ShardIterator"]
        steer(url, "/expire")
        with pytest.raises(kinesis.exceptions.ExpiredIteratorException):
            kinesis.get_records(ShardIterator=iterator)
        steer(url, "/trim", stream=arn, before=put[1]["SequenceNumber"])
        iterator = kinesis.get_shard_iterator(**asked)["ShardIterator"]
        assert [one["Data"] for one in kinesis.get_records(ShardIterator=iterator)["Records"]] == [b"new"]

    def test_an_iterator_that_nobody_gave_is_refused(self, kinesis: Any) -> None:
        with pytest.raises(kinesis.exceptions.InvalidArgumentException):
            kinesis.get_records(ShardIterator="AAAA")

    def test_shards_come_in_pages(self, url: str, kinesis: Any) -> None:
        kinesis.create_stream(StreamName="wide", ShardCount=5)
        steer(url, "/page", most=2)
        pages = [kinesis.list_shards(StreamName="wide")]
        while token := pages[-1].get("NextToken"):
            pages.append(kinesis.list_shards(NextToken=token))
        steer(url, "/page", most=1_000)
        assert [len(page["Shards"]) for page in pages] == [2, 2, 1]


class TestTableStreams(TableStreamContract):
    def test_shards_roll_over_to_children(self, url: str, dynamodb: Any, streams: Any) -> None:
        name, stream = table_with_stream(dynamodb)
        dynamodb.put_item(TableName=name, Item={"id": {"S": "a"}})
        steer(url, "/roll", stream=stream)
        dynamodb.put_item(TableName=name, Item={"id": {"S": "b"}})
        parent, child = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
        assert child["ParentShardId"] == parent["ShardId"]
        asked = {"StreamArn": stream, "ShardIteratorType": "TRIM_HORIZON"}
        iterator = streams.get_shard_iterator(ShardId=parent["ShardId"], **asked)["ShardIterator"]
        answer = streams.get_records(ShardIterator=iterator)
        assert len(answer["Records"]) == 1
        assert "NextShardIterator" not in answer

    def test_what_was_trimmed_away_is_refused(self, url: str, dynamodb: Any, streams: Any) -> None:
        name, stream = table_with_stream(dynamodb)
        dynamodb.put_item(TableName=name, Item={"id": {"S": "a"}})
        [shard] = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"]
        asked = {"StreamArn": stream, "ShardId": shard["ShardId"]}
        iterator = streams.get_shard_iterator(ShardIteratorType="TRIM_HORIZON", **asked)["ShardIterator"]
        steer(url, "/trim", stream=stream)
        trimmed = streams.exceptions.TrimmedDataAccessException
        with pytest.raises(trimmed):
            streams.get_records(ShardIterator=iterator)
        first = shard["SequenceNumberRange"]["StartingSequenceNumber"]
        with pytest.raises(trimmed):
            streams.get_shard_iterator(ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=first, **asked)
