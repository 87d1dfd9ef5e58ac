"""Streams of DynamoDB Local in virtual time."""

from __future__ import annotations

from lambdad.domain.event_sources import SourceKind
from tests.fakes.queue_stage import HERE
from tests.fakes.stream_stage import StreamStage


async def test_a_table_of_dynamodb_local_is_found_whose_region_is_none_of_awss():
    stage = StreamStage(kind=SourceKind.DYNAMODB)
    stage.tables.region = "ddblocal"
    stage.tables.call(
        "CreateTable",
        {
            "TableName": "l",
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        },
    )
    stage.tables.call("PutItem", {"TableName": "l", "Item": {"id": {"S": "a"}}})
    [_, local] = stage.tables.log.streams
    stage.source = local.replace("ddblocal", "us-east-1")
    poller = stage.poller()
    await stage.pass_by(1)
    [event] = stage.events
    [record] = event["Records"]
    assert (record["eventSourceARN"], record["awsRegion"]) == (stage.source, HERE.region)
    await poller.stop()
