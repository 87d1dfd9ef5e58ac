"""Streams of Kinesis and DynamoDB end to end, against a fake that is fast; `make test-real` takes most of it."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from calling import started
from local_services import eventually
from shard_calls import ACCOUNT, FAILS_ONCE, REGION, KinesisStreams, TableStreams

from tests.fakes.kinesis_server import kinesis_server, steer, trouble

SIGNED = {f"LAMBDAD_SERVICES_{name}_CREDENTIALS": f"{ACCOUNT}:secret" for name in ("KINESIS", "DYNAMODB")}
REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
COUNTS_IN_WINDOWS = """
import json
def handler(event, context):
    state = {"n": event["state"].get("n", 0) + len(event["Records"])}
    if event["isFinalInvokeForWindow"]:
        print("WINDOW", json.dumps([state["n"], event["shardId"]]))
    return {"state": state}
"""


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KinesisStreams]:
    """The fake."""
    with kinesis_server() as url:
        env = {f"LAMBDAD_SERVICES_{name}_ENDPOINT": url for name in ("KINESIS", "DYNAMODB")}
        with started(tmp_path_factory.mktemp("streams") / "data", env=env | SIGNED) as server:
            yield KinesisStreams(server, url)


@pytest.fixture
def tables(streams: KinesisStreams) -> TableStreams:
    return TableStreams(streams.server, streams.url)


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
    stream, function = streams.stream(), streams.function()
    streams.mapping(function, stream, BatchSize=5)
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
    bodies = streams.bodies(function, 72)
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


# --- tables ---------------------------------------------------------------------------------------------


def test_a_change_of_an_item_reaches_the_function_as_on_aws(tables: TableStreams):
    name, stream = tables.table()
    function = tables.function()
    tables.write(name, ("a", 1), ("a", 2))
    tables.client("dynamodb").delete_item(TableName=name, Key={"id": {"S": "a"}})
    tables.mapping(function, stream)
    inserted, modified, removed = tables.got(function, 3)
    assert [one["eventName"] for one in (inserted, modified, removed)] == ["INSERT", "MODIFY", "REMOVE"]
    images = [{"id": {"S": "a"}, "n": {"N": number}} for number in "12"]
    assert modified["dynamodb"]["OldImage"] == images[0]
    assert modified["dynamodb"]["NewImage"] == images[1]
    assert removed["dynamodb"]["OldImage"] == images[1]
    assert (modified["eventSource"], modified["eventSourceARN"]) == ("aws:dynamodb", stream)
    assert (modified["eventVersion"], modified["awsRegion"]) == ("1.1", REGION)
    assert len(modified["eventID"]) in (32, 36)
    inner: dict[str, Any] = modified["dynamodb"]
    assert inner["Keys"] == {"id": {"S": "a"}}
    assert inner["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert inner["SequenceNumber"].isdecimal()
    assert inner["SizeBytes"] > 0
    assert abs(time.time() - inner["ApproximateCreationDateTime"]) < 60


def test_only_changes_that_pass_the_filters_are_seen_in_order(tables: TableStreams):
    name, stream = tables.table()
    function = tables.function()
    pattern = json.dumps({"dynamodb": {"NewImage": {"n": {"N": [{"anything-but": ["1"]}]}}}})
    tables.mapping(function, stream, BatchSize=3, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    tables.write(name, *((key, number) for number in (1, 2, 3) for key in "abc"))
    changes = tables.changes(function, 6)
    for key in "abc":
        assert [change for change in changes if change[1] == key] == [("MODIFY", key, 2), ("MODIFY", key, 3)]


# --- what only the fake does ----------------------------------------------------------------------------


def test_shards_of_a_table_that_roll_over_are_read_parents_first(tables: TableStreams):
    name, stream = tables.table()
    function = tables.function()
    tables.mapping(function, stream)
    for number in range(1, 5):
        tables.write(name, *((key, number) for key in "abcd"))
        steer(tables.url, "/roll", stream=stream, parts=1 + number % 2)
    changes = tables.changes(function, 16)
    for key in "abcd":
        assert [number for _, of, number in changes if of == key] == [1, 2, 3, 4]


def test_iterators_that_expire_and_records_that_are_trimmed_away_stop_nothing(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    uuid = streams.mapping(function, stream)
    streams.put(stream, "0")
    streams.bodies(function, 1)
    streams.server.client().update_event_source_mapping(UUID=uuid, Enabled=False)
    streams.settled(uuid, "Disabled")
    [_, kept] = streams.put(stream, "lost", "1")
    steer(streams.url, "/trim", stream=stream, before=kept)
    streams.server.client().update_event_source_mapping(UUID=uuid, Enabled=True)
    assert streams.bodies(function, 2) == ["0", "1"]
    steer(streams.url, "/expire")
    streams.put(stream, "2")
    assert streams.bodies(function, 3) == ["0", "1", "2"]


def test_changes_that_were_trimmed_away_are_passed_over(tables: TableStreams):
    name, stream = tables.table()
    function = tables.function()
    uuid = tables.mapping(function, stream)
    tables.write(name, ("a", 1))
    tables.got(function, 1)
    tables.server.client().update_event_source_mapping(UUID=uuid, Enabled=False)
    tables.settled(uuid, "Disabled")
    tables.write(name, ("a", 2))
    steer(tables.url, "/trim", stream=stream)
    tables.write(name, ("a", 3))
    tables.server.client().update_event_source_mapping(UUID=uuid, Enabled=True)
    assert [number for _, _, number in tables.changes(function, 2)] == [1, 3]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("down", "503"),
        ("garbage", "cannot be read"),
        ("denied", "Cannot access stream"),
    ],
)
def test_trouble_is_told_and_over_without_a_restart(streams: KinesisStreams, mode: str, words: str):
    function = streams.function()
    bad, fine = streams.stream(), streams.stream()
    uuid = streams.mapping(function, bad)
    other = streams.mapping(function, fine)
    with trouble(streams.url, mode, stream=bad):
        streams.put(bad, "while")
        streams.put(fine, "meanwhile")
        assert streams.bodies(function, 1) == ["meanwhile"]
        streams.result(uuid, words)
        assert "PROBLEM" not in streams.shown(other).get("LastProcessingResult", "")
    assert streams.bodies(function, 2) == ["meanwhile", "while"]
    eventually(lambda: "PROBLEM" not in streams.shown(uuid).get("LastProcessingResult", ""), "no trouble")


def test_a_stream_that_throttles_is_read_more_slowly_and_nothing_is_lost(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    streams.put(stream, *(str(number) for number in range(10)))
    with trouble(streams.url, "throttled", stream=stream, operation="GetRecords", times=2):
        streams.mapping(function, stream, BatchSize=3)
        assert streams.bodies(function, 10) == [str(number) for number in range(10)]


def test_shards_of_more_than_one_page_are_all_read(streams: KinesisStreams):
    stream, function = streams.stream(5), streams.function()
    for number in range(20):
        streams.put(stream, str(number), key=str(number))
    steer(streams.url, "/page", most=2)
    try:
        streams.mapping(function, stream)
        assert sorted(map(int, streams.bodies(function, 20))) == list(range(20))
    finally:
        steer(streams.url, "/page", most=1_000)
