"""Streams of Kinesis and DynamoDB end to end, against a fake that is fast: what it alone does, and of what real
servers are asked (`tests.real.stream_suite`) the short form."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from calling import started
from local_services import eventually
from shard_calls import ACCOUNT, KinesisStreams, TableStreams

from tests.fakes.kinesis_server import kinesis_server, steer, trouble
from tests.real.stream_suite import (
    test_a_mapping_that_was_disabled_goes_on_where_it_was,
    test_a_poison_record_is_found_by_halves_and_given_up,
    test_a_record_of_kinesis_reaches_the_function_as_on_aws,
    test_a_shard_that_was_split_and_merged_is_handled_in_order,
    test_a_stream_that_is_missing_is_refused_and_one_that_goes_disturbs_no_other,
    test_only_what_passes_the_filters_is_seen,
    test_records_since_a_time_are_seen,
    test_the_newest_records_alone_are_seen_from_latest_on,
    test_the_state_of_a_window_goes_from_call_to_call,
    test_what_failed_comes_again_before_what_follows,
)
from tests.real.table_suite import test_a_change_of_an_item_reaches_the_function_as_on_aws

__all__ = [
    "test_a_change_of_an_item_reaches_the_function_as_on_aws",
    "test_a_mapping_that_was_disabled_goes_on_where_it_was",
    "test_a_poison_record_is_found_by_halves_and_given_up",
    "test_a_record_of_kinesis_reaches_the_function_as_on_aws",
    "test_a_shard_that_was_split_and_merged_is_handled_in_order",
    "test_a_stream_that_is_missing_is_refused_and_one_that_goes_disturbs_no_other",
    "test_only_what_passes_the_filters_is_seen",
    "test_records_since_a_time_are_seen",
    "test_the_newest_records_alone_are_seen_from_latest_on",
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


def test_expired_iterators_and_trimmed_records_are_gone_over_without_a_restart(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    uuid = streams.mapping(function, stream)
    streams.put(stream, "a")
    assert streams.bodies(function, 1) == ["a"]
    steer(streams.url, "/expire")
    streams.put(stream, "b")
    assert streams.bodies(function, 2) == ["a", "b"]
    client = streams.server.client()
    client.update_event_source_mapping(UUID=uuid, Enabled=False)
    streams.settled(uuid, "Disabled")
    streams.put(stream, "trimmed")
    steer(streams.url, "/trim", stream=stream)
    streams.put(stream, "c")
    client.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert streams.bodies(function, 3) == ["a", "b", "c"]


def test_the_age_of_what_was_read_is_in_cloudwatch(streams: KinesisStreams):
    stream, function = streams.stream(), streams.function()
    streams.put(stream, "a")
    streams.mapping(function, stream)
    streams.bodies(function, 1)

    def ages() -> list[float]:
        now = time.time()
        answer = streams.server.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName="IteratorAge",
            Dimensions=[{"Name": "FunctionName", "Value": function}],
            StartTime=now - 600,
            EndTime=now + 60,
            Period=60,
            Statistics=["Maximum"],
        )
        return [point["Maximum"] for point in answer["Datapoints"]]

    [age_ms] = eventually(ages, "an age")
    assert 0 < age_ms < 60_000


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
