"""What every real Kinesis is asked; who takes it gives `streams`.

The tests with a fake take the short form of it. `test_a_shard_that_was_split…` needs a Kinesis that keeps closed
shards.
"""

from __future__ import annotations

import json
import time
import uuid

import pytest
from local_services import eventually
from shard_calls import ACCOUNT, FAILS_ONCE, REGION, KinesisStreams

__all__ = [
    "test_a_consumer_gets_what_is_put_in_order",
    "test_a_mapping_that_was_disabled_goes_on_where_it_was",
    "test_a_poison_record_is_found_by_halves_and_given_up",
    "test_a_record_of_kinesis_reaches_the_function_as_on_aws",
    "test_a_role_of_iam_must_be_allowed_to_read_the_stream",
    "test_a_shard_that_was_split_and_merged_is_handled_in_order",
    "test_a_stream_that_is_missing_is_refused_and_one_that_goes_disturbs_no_other",
    "test_only_what_passes_the_filters_is_seen",
    "test_records_of_a_key_come_in_order_and_each_once",
    "test_records_since_a_time_are_seen",
    "test_the_newest_records_alone_are_seen_from_latest_on",
    "test_the_state_of_a_window_goes_from_call_to_call",
    "test_what_failed_comes_again_before_what_follows",
]
REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
COUNTS_IN_WINDOWS = """
import json
def handler(event, context):
    state = {"n": event["state"].get("n", 0) + len(event["Records"])}
    if event["isFinalInvokeForWindow"]:
        print("WINDOW", json.dumps([state["n"], event["shardId"]]))
    return {"state": state}
"""


def test_a_record_of_kinesis_reaches_the_function_as_on_aws(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    [sent] = streams.put(stream, '{"a": 1}')
    streams.mapping(function, stream)
    [got] = streams.got(function, 1)
    inner = got.pop("kinesis")
    assert abs(time.time() - inner.pop("approximateArrivalTimestamp")) < 60
    assert inner == {
        "kinesisSchemaVersion": "1.0",
        "partitionKey": "k",
        "sequenceNumber": sent,
        "data": "eyJhIjogMX0=",
    }
    shard = got["eventID"].partition(":")[0]
    assert got == {
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{sent}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{ACCOUNT}:role/lambda-role",
        "awsRegion": REGION,
        "eventSourceARN": stream,
    }


def test_records_of_a_key_come_in_order_and_each_once(streams: KinesisStreams):
    stream, function = streams.stream(2), streams.function()
    for number in range(60):
        streams.put(stream, f"{number % 6} {number:02d}", key=str(number % 6))
    streams.mapping(function, stream, BatchSize=7, ParallelizationFactor=3)
    bodies = streams.bodies(function, 60)
    assert len(bodies) == 60
    for key in "012345":
        of_key = [body for body in bodies if body.startswith(key)]
        assert of_key == sorted(of_key)
        assert len(of_key) == 10


def test_what_failed_comes_again_before_what_follows(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function(FAILS_ONCE)
    streams.put(stream, "0", "1", "2 fail", "3", "4 fail", "5")
    streams.mapping(function, stream, **REPORT)
    assert streams.bodies(function, 6) == ["0", "1", "2 fail", "3", "4 fail", "5"]


def test_a_poison_record_is_found_by_halves_and_given_up(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function(FAILS_ONCE)
    streams.put(stream, "0", "1", "2 poison", "3")
    streams.mapping(function, stream, BisectBatchOnFunctionError=True, MaximumRetryAttempts=0)
    eventually(lambda: streams.bodies(function, 1)[-1] == "3", "what follows the poison")
    assert sorted(set(streams.bodies(function, 3))) == ["0", "1", "3"]


def test_a_shard_that_was_split_and_merged_is_handled_in_order(streams: KinesisStreams):
    stream, function, consuming = streams.stream(), streams.function(), streams.function()
    streams.mapping(function, stream, BatchSize=5)
    streams.mapping(consuming, streams.consumer(stream), BatchSize=5)
    keys = [str(key) for key in range(8)]
    for round_ in range(3):
        for key in keys:
            streams.put(stream, *(f"{key} {round_} {number}" for number in range(3)), key=key)
        is_open = [
            one for one in streams.shards(stream) if "EndingSequenceNumber" not in one["SequenceNumberRange"]
        ]
        if round_ == 0:
            streams.split(stream, is_open[0])
        elif round_ == 1:
            streams.merge(stream, *is_open)
    for reader in (function, consuming):
        bodies = streams.bodies(reader, 72)
        assert len(bodies) == len(set(bodies)) == 72
        for key in keys:
            of_key = [body for body in bodies if body.startswith(f"{key} ")]
            assert of_key == sorted(of_key)


def test_the_newest_records_alone_are_seen_from_latest_on(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    streams.put(stream, "old")
    streams.mapping(function, stream, StartingPosition="LATEST")
    eventually(lambda: streams.put(stream, "new") and streams.server.messages(function), "a new record")
    assert set(streams.bodies(function, 1)) == {"new"}


def test_records_since_a_time_are_seen(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    streams.put(stream, "old")
    time.sleep(1.1)  # lambdad takes whole seconds, as AWS does
    since = int(time.time())
    streams.put(stream, "new")
    streams.mapping(function, stream, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=since)
    assert streams.bodies(function, 1) == ["new"]


def test_the_state_of_a_window_goes_from_call_to_call(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function(COUNTS_IN_WINDOWS)
    streams.put(stream, *(str(number) for number in range(6)))
    streams.mapping(function, stream, BatchSize=2, TumblingWindowInSeconds=1)
    counted = lambda: [  # noqa: E731
        json.loads(line.removeprefix("WINDOW "))
        for line in streams.server.messages(function)
        if line.startswith("WINDOW ")
    ]
    eventually(lambda: sum(count for count, _ in counted()) == 6, "the end of the windows")
    assert {shard for _, shard in counted()} == {streams.shards(stream)[0]["ShardId"]}


def test_only_what_passes_the_filters_is_seen(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    pattern = json.dumps({"data": {"kind": ["keep"]}})
    streams.put(stream, '{"kind": "other"}', "no json", '{"kind": "keep"}')
    streams.mapping(function, stream, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    assert streams.bodies(function, 1) == ['{"kind": "keep"}']


def test_a_mapping_that_was_disabled_goes_on_where_it_was(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    uuid = streams.mapping(function, stream)
    streams.put(stream, "0", "1")
    assert streams.bodies(function, 2) == ["0", "1"]
    client = streams.server.client()
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    streams.settled(uuid, "Disabled")
    streams.put(stream, "2", "3")
    client.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert streams.bodies(function, 4) == ["0", "1", "2", "3"]


def test_a_consumer_gets_what_is_put_in_order(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    consumer = streams.consumer(stream)
    streams.put(stream, "0", "1")
    streams.mapping(function, consumer)
    assert streams.bodies(function, 2) == ["0", "1"]
    streams.put(stream, "2", "3")
    assert streams.bodies(function, 4) == ["0", "1", "2", "3"]
    assert {one["eventSourceARN"] for one in streams.got(function, 4)} == {consumer}


def test_a_stream_that_is_missing_is_refused_and_one_that_goes_disturbs_no_other(streams: KinesisStreams):
    client, function = streams.server.client(), streams.function()
    gone, there = streams.stream(), streams.stream()
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="Stream not found"):
        streams.mapping(function, f"{gone}-not")
    uuid = streams.mapping(function, gone)
    streams.mapping(function, there)
    streams.client("kinesis").delete_stream(StreamName=gone.rpartition("/")[2], EnforceConsumerDeletion=True)
    streams.put(there, "a")
    assert streams.got(function, 1)[0]["eventSourceARN"] == there
    streams.result(uuid, "Stream not found")


def test_a_role_of_iam_must_be_allowed_to_read_the_stream(streams: KinesisStreams):
    iam, client = streams.server.client("iam"), streams.server.client()
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    name, stream = f"r-{uuid.uuid4().hex[:12]}", streams.stream()
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    function = streams.function(Role=role)

    def allow(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)

    allow("kinesis:GetRecords", "logs:*")
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="Cannot access stream"):
        streams.mapping(function, stream)
    allow("kinesis:*", "logs:*")
    streams.mapping(function, stream)
    streams.put(stream, "a")
    assert streams.bodies(function, 1) == ["a"]
