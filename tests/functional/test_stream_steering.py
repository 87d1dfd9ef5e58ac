"""Mappings of streams as they are administered: refused, disabled, deleted in the middle of a call, and reset."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import started
from local_services import eventually
from shard_calls import ACCOUNT, REGION, KinesisStreams

from tests.fakes.kinesis_server import kinesis_server

SIGNED = {"LAMBDAD_SERVICES_KINESIS_CREDENTIALS": f"{ACCOUNT}:secret"}
SLOW = """
import json, time
def handler(event, context):
    for record in event["Records"]:
        print("GOT", json.dumps([time.time_ns(), record]))
    time.sleep(1)
"""

FAILS = """
import base64, json, time
def handler(event, context):
    for record in event["Records"]:
        if base64.b64decode(record["kinesis"]["data"]) == b"poison":
            raise ValueError("no")
        print("GOT", json.dumps([time.time_ns(), record]))
"""


@pytest.fixture(scope="module")
def streams(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KinesisStreams]:
    with kinesis_server() as url:
        env = {"LAMBDAD_SERVICES_KINESIS_ENDPOINT": url}
        with started(tmp_path_factory.mktemp("streams") / "data", env=env | SIGNED) as server:
            yield KinesisStreams(server, url)


def own(streams: KinesisStreams, name: str, body: dict[str, str] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{streams.server.url}/lambdad/v1/{name}", data, timeout=30) as answer:
        return json.load(answer)


def parts(streams: KinesisStreams, uuid: str) -> list[Any]:
    return next(list(one["parts"]) for one in own(streams, "mappings")["mappings"] if one["uuid"] == uuid)


def refusal(streams: KinesisStreams, **members: Any) -> str:
    with pytest.raises(ClientError) as raised:
        streams.server.client().create_event_source_mapping(**members)
    error = raised.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    return str(error["Message"])


def test_what_cannot_be_read_is_refused_in_words(streams: KinesisStreams):
    function = streams.function()
    missing = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/missing"
    said = refusal(streams, FunctionName=function, EventSourceArn=missing, StartingPosition="LATEST")
    assert said == f"Stream not found: {missing}"
    said = refusal(
        streams,
        FunctionName=function,
        EventSourceArn=f"arn:aws:mq:{REGION}:{ACCOUNT}:broker:b:b-1",
        Queues=["q"],
        SourceAccessConfigurations=[{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:x"}],
    )
    assert said == "lambdad does not offer Amazon MQ brokers as event sources."
    said = refusal(
        streams,
        FunctionName=function,
        EventSourceArn=f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:c",
        StartingPosition="LATEST",
        DocumentDBEventSourceConfig={"DatabaseName": "d"},
        SourceAccessConfigurations=[{"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:x"}],
    )
    assert said == "lambdad does not offer Amazon DocumentDB clusters as event sources."


def test_mappings_are_shown_by_shard_with_state_lag_result_and_throughput(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function(FAILS)
    streams.put(stream, "fine")
    uuid = streams.mapping(function, stream)
    streams.bodies(function, 1)
    streams.split(stream, streams.shards(stream)[0])
    first, _ = streams.put(stream, "poison", "behind")

    def shown() -> Any:
        (mapping,) = [one for one in listed(streams) if one["uuid"] == uuid]
        parts = {part["name"]: part for part in mapping["parts"]}
        failing = [one for one in parts.values() if one["waiting"] == 2]
        return (mapping, parts, failing[0]) if failing and len(parts) == 3 else None

    mapping, parts, failing = eventually(shown, "a shard that is behind")
    assert (mapping["state"], mapping["function"].rpartition(":")[2]) == ("Enabled", function)
    eventually(lambda: shown()[0]["last_result"] == "PROBLEM: Function call failed", "a failure")
    assert mapping["events_per_s"] >= 0
    assert parts["shardId-000000000000"]["state"] == "ended"
    assert failing["state"] == "reading"
    assert failing["behind_ms"] >= 0
    assert (failing["position"] or "0") < first
    streams.server.client().delete_event_source_mapping(UUID=uuid)


def listed(streams: KinesisStreams) -> list[Any]:
    """What `lambdad mappings` tells programs."""
    command = [
        sys.executable,
        "-m",
        "lambdad.cli.entry",
        "mappings",
        "--json",
        "--endpoint",
        streams.server.url,
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return list(json.loads(ran.stdout)["mappings"])


def test_a_reset_has_records_read_again_or_passed_over(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    streams.put(stream, "a", "b")
    uuid = streams.mapping(function, stream)
    streams.bodies(function, 2)
    eventually(lambda: parts(streams, uuid)[0]["position"], "a position")
    assert own(streams, "mappings/reset", {"uuid": uuid, "to": "trim-horizon"})["uuid"] == uuid
    assert streams.bodies(function, 4) == ["a", "b", "a", "b"]
    with pytest.raises(urllib.error.HTTPError, match="400"):
        own(streams, "mappings/reset", {"uuid": uuid, "to": "2999-01-01"})
    with pytest.raises(urllib.error.HTTPError, match="404"):
        own(streams, "mappings/reset", {"uuid": "none", "to": "latest"})


def test_a_mapping_that_is_deleted_in_the_middle_of_a_call_reads_no_more(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function(SLOW)
    streams.put(stream, "a", "b", "c")
    uuid = streams.mapping(function, stream, BatchSize=1)
    streams.bodies(function, 1)
    assert streams.server.client().delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"

    def is_gone() -> bool:
        try:
            streams.shown(uuid)
        except ClientError:
            return True
        return False

    eventually(is_gone, "a mapping that is gone")
    again = streams.mapping(function, stream, BatchSize=1)
    assert again != uuid
    assert streams.bodies(function, 4) == ["a", "a", "b", "c"]
