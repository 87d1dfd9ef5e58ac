"""Streams of Kinesis and DynamoDB end to end, against a fake that is fast: what it alone does, and of what real
servers are asked (`tests.real.stream_suite`) the short form."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calling import started
from local_services import eventually
from shard_calls import ACCOUNT, KinesisStreams, TableStreams

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
