"""Records of streams that are given up, as queues, topics and buckets are told of them: AWS's documents, exactly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calling import started
from local_services import LocalServices, configuration, eventually
from shard_calls import ACCOUNT, REGION, KinesisStreams, TableStreams

from tests.fakes.kinesis_server import kinesis_server

FAILS = """
def handler(event, context):
    raise ValueError("no")
"""
NAMES_ALL = """
def handler(event, context):
    first = event["Records"][0]["kinesis"]["sequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": first}]}
"""
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServices]:
    made = LocalServices(tmp_path_factory.mktemp("services"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def streams(services: LocalServices, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KinesisStreams]:
    folder: Path = tmp_path_factory.mktemp("streams")
    config = configuration(services, folder / "lambdad.toml")
    names = ("KINESIS", "DYNAMODB")
    with kinesis_server() as url:
        env = {f"LAMBDAD_SERVICES_{name}_ENDPOINT": url for name in names}
        env |= {f"LAMBDAD_SERVICES_{name}_CREDENTIALS": f"{ACCOUNT}:secret" for name in names}
        with started(folder / "data", "--config", str(config), env=env) as server:
            yield KinesisStreams(server, url)


def failing(
    streams: KinesisStreams, target: str, source: str = FAILS, **settings: Any
) -> tuple[str, str, Any]:
    """Map a stream of one record whose function fails it once more; the ARN, the function, the record."""
    stream, function = streams.stream(), streams.function(source)
    [sequence] = streams.put(stream, "poison")
    given = {"MaximumRetryAttempts": 1, "DestinationConfig": {"OnFailure": {"Destination": target}}}
    uuid = streams.mapping(function, stream, **given, **settings)
    return stream, function, (sequence, uuid)


def is_told(record: dict[str, Any], stream: str, function: str, sequence: str, error: str | None) -> None:
    """Assert the whole document of a record that was given up after one retry."""
    info = record.pop("KinesisBatchInfo")
    assert re.fullmatch(MOMENT + r"\.\d{3}Z", record.pop("timestamp"))
    assert re.fullmatch(r"[0-9a-f-]{36}", record["requestContext"].pop("requestId"))
    assert record == {
        "requestContext": {
            "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 2,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": error},
        "version": "1.0",
    }
    first, last = (info.pop(f"approximateArrivalOf{which}Record") for which in ("First", "Last"))
    assert first == last
    assert re.fullmatch(MOMENT + r"(\.\d{1,3})?Z", first)
    assert info == {
        "shardId": "shardId-000000000000",
        "startSequenceNumber": sequence,
        "endSequenceNumber": sequence,
        "batchSize": 1,
        "streamArn": stream,
    }


def test_a_queue_is_told_of_a_record_that_was_given_up(streams: KinesisStreams, services: LocalServices):
    queue = services.queue()
    stream, function, (sequence, _) = failing(streams, queue)
    (record,) = services.records(queue)
    is_told(record, stream, function, sequence, "Unhandled")


def test_what_a_function_named_itself_is_no_error_of_it(streams: KinesisStreams, services: LocalServices):
    queue, reports = services.queue(), {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
    stream, function, (sequence, _) = failing(streams, queue, NAMES_ALL, **reports)
    (record,) = services.records(queue)
    is_told(record, stream, function, sequence, None)


def test_a_topic_is_told_the_same(streams: KinesisStreams, services: LocalServices):
    topic, queue = services.topic()
    stream, function, (sequence, _) = failing(streams, topic)
    (notification,) = services.records(queue)
    is_told(json.loads(notification["Message"]), stream, function, sequence, "Unhandled")


def test_a_bucket_is_given_the_records_too_under_their_mapping_and_shard(
    streams: KinesisStreams, services: LocalServices
):
    bucket, s3 = services.bucket(), services.client("s3")
    stream, function, (sequence, uuid) = failing(streams, f"arn:aws:s3:::{bucket}")
    (found,) = eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"), "an object")
    name = r"\d{4}/\d\d/\d\d/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[0-9a-f-]{36}"
    assert re.fullmatch(f"aws/lambda/{uuid}/shardId-000000000000/{name}", found["Key"])
    record = json.load(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"])
    (given,) = json.loads(record.pop("payload"))["Records"]
    assert given["kinesis"]["sequenceNumber"] == sequence
    is_told(record, stream, function, sequence, "Unhandled")


def test_a_queue_is_told_of_a_change_of_a_table(streams: KinesisStreams, services: LocalServices):
    tables, queue = TableStreams(streams.server, streams.url), services.queue()
    table, stream = tables.table()
    function = tables.function(FAILS)
    tables.write(table, ("a", 1))
    target = {"OnFailure": {"Destination": queue}}
    tables.mapping(function, stream, MaximumRetryAttempts=0, DestinationConfig=target)
    (record,) = services.records(queue)
    info = record["DDBStreamBatchInfo"]
    assert set(info) == {
        *("shardId", "startSequenceNumber", "endSequenceNumber", "batchSize", "streamArn"),
        *("approximateArrivalOfFirstRecord", "approximateArrivalOfLastRecord"),
    }
    assert (info["batchSize"], info["streamArn"]) == (1, stream)
    assert re.fullmatch(MOMENT + "Z", info["approximateArrivalOfFirstRecord"])
    assert record["requestContext"]["approximateInvokeCount"] == 1
