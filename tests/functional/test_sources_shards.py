"""Streams of Kinesis and DynamoDB end to end, against a fake that is fast: what it alone does, and of what real
servers are asked (`tests.real.stream_suite`) the short form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calling import started
from local_services import eventually
from shard_calls import ACCOUNT, REGION, KinesisStreams, TableStreams

from tests.fakes.kinesis_server import kinesis_server, steer, trouble
from tests.real.stream_suite import (
    test_a_record_of_kinesis_reaches_the_function_as_on_aws,
    test_a_shard_that_was_split_and_merged_is_handled_in_order,
    test_the_state_of_a_window_goes_from_call_to_call,
    test_what_failed_comes_again_before_what_follows,
)
from tests.real.table_suite import test_a_change_of_an_item_reaches_the_function_as_on_aws

__all__ = [
    "test_a_change_of_an_item_reaches_the_function_as_on_aws",
    "test_a_record_of_kinesis_reaches_the_function_as_on_aws",
    "test_a_shard_that_was_split_and_merged_is_handled_in_order",
    "test_the_state_of_a_window_goes_from_call_to_call",
    "test_what_failed_comes_again_before_what_follows",
]
SIGNED = {f"LAMBDAD_SERVICES_{name}_CREDENTIALS": f"{ACCOUNT}:secret" for name in ("KINESIS", "DYNAMODB")}


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


def test_a_table_is_found_where_streams_have_a_region_that_aws_has_not(tables: TableStreams):
    steer(tables.url, "/region", name="ddblocal")
    try:
        name, stream = tables.table()
    finally:
        steer(tables.url, "/region", name=REGION)
    tables.write(name, ("a", 1))
    function = tables.function()
    tables.mapping(function, stream)
    assert [number for _, _, number in tables.changes(function, 1)] == [1]
    [got] = tables.got(function, 1)
    assert (got["eventSourceARN"], got["awsRegion"]) == (stream, REGION)


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


def test_trouble_is_told_and_over_without_a_restart(streams: KinesisStreams):
    function = streams.function()
    bad, fine = streams.stream(), streams.stream()
    uuid = streams.mapping(function, bad)
    other = streams.mapping(function, fine)
    with trouble(streams.url, "down", stream=bad):
        streams.put(bad, "while")
        streams.put(fine, "meanwhile")
        assert streams.bodies(function, 1) == ["meanwhile"]
        streams.result(uuid, "503")
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
