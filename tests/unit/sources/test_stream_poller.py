"""A poller of a stream in virtual time: every record, in order by key, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from lambdad.domain.errors import InvalidParameter, Throttled
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.measured import Measured
from lambdad.domain.outcome import Outcome
from lambdad.ports.event_sources import StartFrom
from lambdad.sources.holding import Holding
from lambdad.sources.streams.poller import StreamPoller
from tests.fakes.ordered_stage import STREAM, TARGET
from tests.fakes.queue_stage import FAILED, HERE
from tests.fakes.service_faults import Faults
from tests.fakes.stream_stage import StreamStage, texts_of

ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": TARGET}}}


def failing(*texts: str) -> Any:
    return lambda event: FAILED if set(texts) & set(texts_of(event)) else Outcome(b"null")


async def poller_gone(poller: Any) -> None:
    """End a poller whose calls never end."""
    task = asyncio.create_task(poller.stop())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    for _ in range(5):
        await asyncio.sleep(0)


async def test_records_become_calls_as_aws_shows_them():
    stage = StreamStage()
    stage.put("a", "b", key="k")
    poller = stage.poller()
    await stage.pass_by(2)
    (event,) = stage.events
    first = event["Records"][0]
    sequence = first["kinesis"]["sequenceNumber"]
    assert first == {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "k",
            "sequenceNumber": sequence,
            "data": "YQ==",
            "approximateArrivalTimestamp": first["kinesis"]["approximateArrivalTimestamp"],
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"shardId-000000000000:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": stage.version.role if stage.version else "",
        "awsRegion": "us-east-1",
        "eventSourceARN": STREAM,
    }
    assert texts_of(event) == ["a", "b"]
    assert (poller.report().result, poller.counts.polled, poller.counts.invoked) == ("OK", 2, 2)
    await poller.stop()


async def test_a_new_record_waits_one_poll_interval_at_most():
    stage = StreamStage()
    poller = stage.poller()
    await stage.pass_by(5.5)
    began_s = stage.clock.now()
    stage.put("a")
    await stage.pass_by(1)
    assert stage.functions.calls[0][0] - began_s <= 1
    await poller.stop()


async def test_batches_are_no_larger_than_asked_for_and_in_order():
    stage = StreamStage()
    stage.put(*(str(number) for number in range(25)), key="k")
    poller = stage.poller(BatchSize=10)
    await stage.pass_by(2)
    assert [len(batch) for batch in stage.batches] == [10, 10, 5]
    assert stage.seen == [str(number) for number in range(25)]
    await poller.stop()


async def test_a_batching_window_gathers_until_it_is_over_or_the_batch_is_full():
    stage = StreamStage()
    poller = stage.poller(BatchSize=5, MaximumBatchingWindowInSeconds=10)
    stage.put("a")
    await stage.pass_by(9)
    assert stage.batches == []
    await stage.pass_by(3)
    assert stage.batches == [["a"]]
    stage.put(*"bcdef")
    await stage.pass_by(1.1)
    assert stage.batches == [["a"], [*"bcdef"]]
    await poller.stop()


async def test_calls_have_six_megabytes_at_most():
    stage = StreamStage()
    stage.put(*(str(number) + "x" * 900_000 for number in range(12)))
    poller = stage.poller()
    await stage.pass_by(2)
    assert len(stage.seen) == 12
    assert all(len(request.payload) <= 6 * 1024 * 1024 for _, request in stage.functions.calls)
    assert stage.holding.held_bytes == 0
    await poller.stop()


async def test_latest_begins_at_the_end_of_the_stream():
    stage = StreamStage()
    stage.put("before")
    poller = stage.poller(StartingPosition="LATEST")
    await stage.pass_by(2)
    stage.put("after")
    await stage.pass_by(2)
    assert stage.seen == ["after"]
    await poller.stop()


async def test_latest_stays_where_it_was_while_nobody_polls():
    stage = StreamStage()
    stage.put("before")
    await stage.pass_by(60)
    poller = stage.poller(StartingPosition="LATEST")
    await stage.pass_by(2)
    await poller.stop()
    stage.put("meanwhile")
    await stage.pass_by(60)
    poller = stage.poller(StartingPosition="LATEST")
    await stage.pass_by(2)
    assert stage.seen == ["meanwhile"]
    await poller.stop()


async def test_a_time_begins_with_the_first_record_from_then_on():
    stage = StreamStage()
    stage.put("before")
    await stage.pass_by(10)
    at_s = stage.clock.now()
    stage.put("then")
    poller = stage.poller(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=at_s)
    await stage.pass_by(2)
    assert stage.seen == ["then"]
    await poller.stop()


async def test_who_polls_next_goes_on_behind_what_is_settled():
    stage = StreamStage()
    stage.put("a", "b")
    poller = stage.poller()
    await stage.pass_by(2)
    await poller.stop()
    stage.put("c")
    poller = stage.poller()
    await stage.pass_by(2)
    assert stage.batches == [["a", "b"], ["c"]]
    await poller.stop()


async def test_nothing_is_written_while_nothing_comes():
    stage = StreamStage()
    stage.put("a")
    poller = stage.poller()
    await stage.pass_by(2)
    before = stage.checkpoints.writes
    await stage.pass_by(100)
    assert stage.checkpoints.writes == before
    await poller.stop()


async def test_children_of_a_split_begin_when_their_parent_is_settled():
    stage = StreamStage()
    stage.put(*(f"old{number}" for number in range(4)))
    stage.functions.answer = lambda _: None
    poller = stage.poller(BatchSize=2)
    await stage.pass_by(1.5)
    stage.split()
    stage.put(*(f"new{number}" for number in range(20)))
    await stage.pass_by(30)
    assert len(stage.functions.calls) == 1
    stage.functions.answer = lambda _: Outcome(b"null")
    stage.functions.end(Outcome(b"null"))
    await stage.pass_by(5)
    assert stage.seen[:4] == [f"old{number}" for number in range(4)]
    assert sorted(stage.seen[4:]) == sorted(f"new{number}" for number in range(20))
    assert len({event["Records"][0]["eventID"].partition(":")[0] for event in stage.events}) == 3
    await poller.stop()


async def test_a_merged_shard_begins_when_both_of_its_parents_are_settled():
    stage = StreamStage(shards=2)
    stage.put(*(f"old{number}" for number in range(10)))
    stage.merge(0, 1)
    stage.put(*(f"new{number}" for number in range(10)))
    poller = stage.poller()
    await stage.pass_by(5)
    assert sorted(stage.seen[:10]) == sorted(f"old{number}" for number in range(10))
    assert sorted(stage.seen[10:]) == sorted(f"new{number}" for number in range(10))
    await poller.stop()


async def test_shards_that_come_later_are_read_from_their_beginning_also_with_latest():
    stage = StreamStage()
    poller = stage.poller(StartingPosition="LATEST")
    await stage.pass_by(2)
    stage.split()
    stage.put(*"abcdef")
    await stage.pass_by(5)
    assert sorted(stage.seen) == [*"abcdef"]
    await poller.stop()


async def test_a_drained_shard_is_not_read_again_by_who_polls_next():
    stage = StreamStage()
    stage.put("a")
    stage.split()
    poller = stage.poller()
    await stage.pass_by(5)
    await poller.stop()
    stage.kinesis.log.trim(stage.kinesis.log.streams[STREAM])
    stage.put("b", "c")
    poller = stage.poller()
    await stage.pass_by(15)
    assert sorted(stage.seen) == ["a", "b", "c"]
    await poller.stop()


async def test_lanes_call_at_once_and_keep_the_order_of_a_key():
    stage = StreamStage()
    for number in range(8):
        for key in "abcd":
            stage.kinesis.put("s", key, f"{key}{number}".encode())
    stage.functions.answer = lambda _: None
    poller = stage.poller(BatchSize=3, ParallelizationFactor=4)
    await stage.pass_by(1.5)
    assert 1 < len(stage.functions.held) <= 4
    stage.functions.answer = lambda _: Outcome(b"null")
    while stage.functions.held:
        stage.functions.end(Outcome(b"null"))
    await stage.pass_by(5)
    for key in "abcd":
        assert [text for text in stage.seen if text[0] == key] == [f"{key}{number}" for number in range(8)]
    await poller.stop()


async def test_the_checkpoint_skips_no_record_of_a_lane_that_is_behind():
    stage = StreamStage()
    for number in range(10):
        for key in "abcdefgh":
            stage.kinesis.put("s", key, f"{key}{number}".encode())
    stuck = stage.shards()
    assert len(stuck) == 1
    stage.functions.answer = lambda event: None if "a0" in texts_of(event) else Outcome(b"null")
    poller = stage.poller(BatchSize=5, ParallelizationFactor=5)
    await stage.pass_by(3)
    others = [text for text in stage.seen if text not in stage.batches[_index(stage, "a0")]]
    # A server that is killed: nothing more happens with the calls of this poller.
    poller.stopping.set()
    stage.functions.held.clear()
    killed = len(stage.functions.calls)
    stage.functions.answer = lambda _: Outcome(b"null")
    again = stage.poller(BatchSize=5, ParallelizationFactor=5)
    await stage.pass_by(5)
    after = [text for batch in stage.batches[killed:] for text in batch]
    assert set(others).isdisjoint(after), "what the other lanes had done is not done again"
    assert {f"{key}{number}" for key in "abcdefgh" for number in range(10)} == {*others, *after}
    for key in "abcdefgh":
        ordered = [text for text in after if text[0] == key]
        assert ordered == sorted(ordered)
    await again.stop()
    await poller_gone(poller)


def _index(stage: StreamStage, text: str) -> int:
    return next(at for at, batch in enumerate(stage.batches) if text in batch)


async def test_a_failing_batch_holds_its_shard_and_no_other():
    stage = StreamStage(shards=2)
    stage.put("bad", "good")
    stage.functions.answer = failing("bad")
    poller = stage.poller()
    await stage.pass_by(5)
    assert stage.batches.count(["bad"]) > 3
    assert stage.batches.count(["good"]) == 1
    assert poller.report().result in ("PROBLEM: Function call failed", "OK")
    await poller.stop()


async def test_poison_is_found_by_bisecting_and_told_to_the_destination():
    stage = StreamStage()
    stage.put(*"abcdefgh", key="k")
    stage.functions.answer = failing("e")
    settings = {"BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 1, **ON_FAILURE}
    poller = stage.poller(**settings)
    await stage.pass_by(10)
    (document,) = stage.destination.documents
    info = document["KinesisBatchInfo"]
    assert info["batchSize"] == 1
    assert info["startSequenceNumber"] == info["endSequenceNumber"]
    assert (info["shardId"], info["streamArn"]) == ("shardId-000000000000", STREAM)
    assert info["approximateArrivalOfFirstRecord"].endswith("Z")
    assert stage.destination.taken[0].object_folder == "aws/lambda/uuid-1/shardId-000000000000/"
    stage.put("i")
    await stage.pass_by(2)
    assert stage.batches[-1] == ["i"]
    await poller.stop()


async def test_filters_drop_what_does_not_match_and_what_is_no_json():
    stage = StreamStage()
    stage.put('{"kind": "order"}', '{"kind": "bill"}', "no json", "[1]")
    pattern = json.dumps({"data": {"kind": ["order"]}})
    poller = stage.poller(FilterCriteria={"Filters": [{"Pattern": pattern}]})
    await stage.pass_by(2)
    assert stage.seen == ['{"kind": "order"}']
    assert (poller.counts.polled, poller.counts.filtered_out) == (4, 3)
    await poller.stop()
    again = stage.poller()
    await stage.pass_by(2)
    assert len(stage.functions.calls) == 1, "what was filtered out is settled"
    await again.stop()


async def test_filters_see_the_partition_key():
    stage = StreamStage()
    stage.put("a", key="wanted")
    stage.put("b", key="other")
    pattern = json.dumps({"partitionKey": [{"prefix": "want"}]})
    poller = stage.poller(FilterCriteria={"Filters": [{"Pattern": pattern}]})
    await stage.pass_by(2)
    assert stage.seen == ["a"]
    await poller.stop()


async def test_expired_iterators_are_made_anew_where_they_stood():
    stage = StreamStage()
    stage.put("a")
    poller = stage.poller()
    await stage.pass_by(2)
    stage.kinesis.log.expire()
    stage.put("b")
    await stage.pass_by(3)
    assert stage.batches == [["a"], ["b"]]
    assert poller.report().result == "OK"
    await poller.stop()


async def test_what_was_trimmed_is_left_out():
    stage = StreamStage(kind=SourceKind.DYNAMODB)
    stage.item("a")
    poller = stage.poller()
    await stage.pass_by(1)
    await poller.stop()
    stage.item("b")
    stage.tables.log.trim(stage.tables.log.streams[stage.source])
    stage.item("c")
    poller = stage.poller()
    await stage.pass_by(3)
    assert stage.batches == [["a"], ["c"]]
    await poller.stop()


@pytest.mark.parametrize("mode", ["throttled", "internal", "down", "garbage", "denied"])
async def test_a_stream_in_trouble_is_read_again_later_without_a_loss(mode: str):
    stage = StreamStage()
    poller = stage.poller()
    await stage.pass_by(2)
    stage.put("a")
    stage.kinesis.log.faults = Faults(mode)
    await stage.pass_by(60)
    assert str(poller.report().result).startswith("PROBLEM: ")
    reads = stage.kinesis.log.requests["GetRecords"]
    await stage.pass_by(60)
    assert stage.kinesis.log.requests["GetRecords"] - reads <= 7
    stage.kinesis.log.faults = Faults()
    await stage.pass_by(11)
    assert stage.seen == ["a"]
    assert poller.report().result == "OK"
    await poller.stop()


async def test_a_throttled_stream_is_said_to_be_in_words():
    stage = StreamStage()
    poller = stage.poller()
    await stage.pass_by(2)
    stage.kinesis.log.faults = Faults("throttled")
    await stage.pass_by(60)
    assert str(poller.report().result) == (
        f"PROBLEM: Stream {stage.source} is read too often just now: ProvisionedThroughputExceededException"
    )
    await poller.stop()


async def test_trouble_that_is_over_is_told_no_more_also_when_nothing_was_read():
    stage = StreamStage()
    stage.calls.is_away = True
    poller = stage.poller()
    await stage.pass_by(5)
    assert poller.report().result == "PROBLEM: kinesis did not answer"
    stage.calls.is_away = False
    await stage.pass_by(12)
    assert poller.report().result is None
    await poller.stop()


async def test_a_deleted_stream_is_told_and_read_again_when_there_is_one():
    stage = StreamStage()
    stage.put("a")
    poller = stage.poller()
    await stage.pass_by(2)
    stage.kinesis.call("DeleteStream", {"StreamName": "s"})
    await stage.pass_by(30)
    assert poller.report().result == f"PROBLEM: Stream not found: {STREAM}"
    stage.kinesis.call("CreateStream", {"StreamName": "s", "ShardCount": 1})
    stage.put("b")
    await stage.pass_by(30)
    assert stage.seen == ["a", "b"]
    assert poller.report().result == "OK"
    await poller.stop()


async def test_a_shard_that_the_stream_has_dropped_does_not_hold_its_children():
    stage = StreamStage()
    stage.put("a")
    poller = stage.poller()
    await stage.pass_by(2)
    stage.split()
    del stage.kinesis.log.streams[STREAM].shards["shardId-000000000000"]
    stage.put("b", "c")
    await stage.pass_by(15)
    assert sorted(stage.seen) == ["a", "b", "c"]
    await poller.stop()


async def test_a_role_that_may_not_read_is_told_and_reads_when_it_may():
    stage = StreamStage()
    stage.put("a")
    stage.roles.denied = {"kinesis:GetRecords"}
    poller = stage.poller()
    await stage.pass_by(5)
    assert str(poller.report().result).startswith(f"PROBLEM: Cannot access stream {STREAM}. Please ensure")
    assert stage.kinesis.log.requests["GetRecords"] == 0
    stage.roles.denied = set()
    await stage.pass_by(5)
    assert stage.seen == ["a"]
    await poller.stop()


async def test_without_its_function_a_mapping_waits():
    stage = StreamStage()
    stage.put("a")
    version, stage.version = stage.version, None
    poller = stage.poller()
    await stage.pass_by(5)
    assert poller.report().result == "PROBLEM: The function does not exist"
    stage.version = version
    poller.function_changed()
    await stage.pass_by(5)
    assert stage.seen == ["a"]
    await poller.stop()


async def test_a_poller_that_stops_lets_its_call_end_and_keeps_what_it_did():
    stage = StreamStage()
    stage.put("a", "b")
    stage.functions.answer = lambda _: None
    poller = stage.poller(BatchSize=1)
    await stage.pass_by(2)
    stopping = asyncio.create_task(poller.stop())
    await stage.pass_by(1)
    assert not stopping.done()
    stage.functions.end(Outcome(b"null"))
    await stage.pass_by(1)
    assert stopping.done()
    assert stage.holding.held_bytes == 0
    stage.functions.answer = lambda _: Outcome(b"null")
    again = stage.poller(BatchSize=1)
    await stage.pass_by(2)
    assert stage.batches == [["a"], ["b"]]
    await again.stop()


async def test_a_poller_that_stops_between_retries_leaves_the_batch():
    stage = StreamStage()
    stage.put("a")
    stage.functions.answer = lambda _: Throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
    poller = stage.poller()
    await stage.pass_by(5)
    await poller.stop()
    stage.functions.answer = lambda _: Outcome(b"null")
    calls = len(stage.functions.calls)
    again = stage.poller()
    await stage.pass_by(2)
    assert stage.batches[calls:] == [["a"]]
    await again.stop()


async def test_a_shard_is_not_read_further_while_too_much_waits():
    stage = StreamStage()
    stage.put(*(str(number) for number in range(9_000)), key="k")
    stage.functions.answer = lambda _: None
    poller = stage.poller(BatchSize=1)
    await stage.pass_by(30)
    (part,) = poller.report().parts
    assert 2_000 <= (part.waiting or 0) <= 3_000
    stage.functions.held.clear()
    await poller_gone(poller)


async def test_parts_tell_state_position_and_lag_of_each_shard():
    stage = StreamStage()
    stage.put("a")
    stage.split()
    stage.put("b")
    poller = stage.poller()
    await stage.pass_by(5)
    parts = poller.report().parts
    assert [part.state for part in parts] == ["ended", "reading", "reading"]
    assert parts[0].position is not None
    assert [part.behind_ms for part in parts[1:]] == [0, 0]
    assert await poller.lag() == 0
    await poller.stop()


async def test_the_age_of_records_is_measured():
    stage = StreamStage()
    stage.put("a")
    await stage.pass_by(30)
    poller = stage.poller()
    await stage.pass_by(2)
    assert [(one[0], one[4]) for one in stage.noted] == [(Measured.ITERATOR_AGE, 30_000.0)]
    await poller.stop()


async def test_a_reset_reads_every_record_again_or_only_new_ones():
    stage = StreamStage()
    stage.put("a", "b")
    poller = stage.poller()
    await stage.pass_by(2)
    await poller.stop()
    await stage.streams.reset(HERE, stage.mapping(), StartFrom("TRIM_HORIZON"))
    poller = stage.poller()
    await stage.pass_by(2)
    assert stage.batches == [["a", "b"], ["a", "b"]]
    await poller.stop()
    stage.put("c")
    await stage.pass_by(10)
    await stage.streams.reset(HERE, stage.mapping(), StartFrom("LATEST"))
    poller = stage.poller()
    await stage.pass_by(2)
    stage.put("d")
    await stage.pass_by(2)
    assert stage.batches[2:] == [["d"]]
    await poller.stop()


async def test_a_mapping_that_is_gone_leaves_nothing():
    stage = StreamStage()
    stage.put("a")
    poller = stage.poller()
    await stage.pass_by(2)
    await poller.stop()
    await stage.streams.forget(HERE, stage.mapping())
    assert await stage.checkpoints.read("uuid-1") == []


async def test_a_stream_is_admitted_when_it_is_there_and_the_role_may_read_it():
    stage = StreamStage()
    assert stage.version is not None
    await stage.streams.admit(HERE, stage.mapping(), stage.version)
    stage.roles.denied = {"kinesis:ListShards"}
    words = (
        f"Cannot access stream {STREAM}. Please ensure the role can perform the GetRecords, GetShardIterator, "
        "DescribeStream, ListShards, and ListStreams Actions on your stream in IAM."
    )
    with pytest.raises(InvalidParameter) as raised:
        await stage.streams.admit(HERE, stage.mapping(), stage.version)
    assert str(raised.value) == words
    stage.roles.denied = set()
    stage.kinesis.call("DeleteStream", {"StreamName": "s"})
    with pytest.raises(InvalidParameter, match=f"^Stream not found: {STREAM}$"):
        await stage.streams.admit(HERE, stage.mapping(), stage.version)


async def test_changes_of_items_become_calls_as_aws_shows_them():
    stage = StreamStage(kind=SourceKind.DYNAMODB)
    stage.item("one", text={"S": "x"})
    poller = stage.poller()
    await stage.pass_by(1)
    (record,) = stage.events[0]["Records"]
    assert record["eventName"] == "INSERT"
    assert record["eventSource"] == "aws:dynamodb"
    assert record["eventSourceARN"] == stage.source
    assert record["dynamodb"]["Keys"] == {"id": {"S": "one"}}
    assert record["dynamodb"]["NewImage"] == {"id": {"S": "one"}, "text": {"S": "x"}}
    assert "eventID" in record
    await poller.stop()


async def test_tables_are_polled_four_times_a_second():
    stage = StreamStage(kind=SourceKind.DYNAMODB)
    poller = stage.poller()
    await stage.pass_by(1)
    before = stage.tables.log.requests["GetRecords"]
    await stage.pass_by(10)
    assert stage.tables.log.requests["GetRecords"] - before == 40
    await poller.stop()


async def test_streams_of_tables_keep_order_when_their_shards_roll_over():
    stage = StreamStage(kind=SourceKind.DYNAMODB, shards=2)
    stage.tables.page = 1
    poller = stage.poller()
    for number in range(5):
        for name in "abcd":
            stage.item(name, number={"N": str(number)})
        stage.tables.log.roll(stage.tables.log.streams[stage.source])
        await stage.pass_by(0.5)
    await stage.pass_by(20)
    records = [record for event in stage.events for record in event["Records"]]
    for name in "abcd":
        numbers = [
            record["dynamodb"]["NewImage"]["number"]["N"]
            for record in records
            if record["dynamodb"]["Keys"]["id"]["S"] == name
        ]
        assert numbers == [*"01234"]
    await poller.stop()


async def test_filters_of_tables_see_the_change_as_it_is():
    stage = StreamStage(kind=SourceKind.DYNAMODB)
    stage.item("a", kind={"S": "order"})
    stage.item("b", kind={"S": "bill"})
    stage.item("a", kind={"S": "order"}, more={"S": "x"})
    pattern = {"eventName": ["INSERT"], "dynamodb": {"NewImage": {"kind": {"S": ["order"]}}}}
    poller = stage.poller(FilterCriteria={"Filters": [{"Pattern": json.dumps(pattern)}]})
    await stage.pass_by(1)
    assert stage.seen == ["a"]
    await poller.stop()


async def test_failures_of_tables_are_told_with_times_to_the_second():
    stage = StreamStage(kind=SourceKind.DYNAMODB)
    stage.item("a")
    stage.functions.answer = lambda _: FAILED
    poller = stage.poller(MaximumRetryAttempts=0, **ON_FAILURE)
    await stage.pass_by(2)
    info = stage.destination.documents[0]["DDBStreamBatchInfo"]
    assert (info["batchSize"], info["streamArn"]) == (1, stage.source)
    assert len(info["approximateArrivalOfFirstRecord"]) == len("2026-11-27T00:00:00Z")
    await poller.stop()


async def test_an_iterator_that_the_stream_does_not_know_is_made_anew_where_it_stood():
    stage = StreamStage()
    stage.put("a")
    poller = stage.poller()
    await stage.pass_by(2)
    stage.put("b")
    stage.kinesis.log.faults = Faults("unknown", operation="GetRecords", times=1)
    await stage.pass_by(3)
    assert stage.batches == [["a"], ["b"]]
    await poller.stop()


async def test_a_checkpoint_that_the_stream_does_not_know_begins_with_the_oldest_record():
    stage = StreamStage()
    stage.put("a")
    poller = stage.poller()
    await stage.pass_by(2)
    await poller.stop()
    stage.kinesis.log.faults = Faults("unknown", operation="GetShardIterator", times=1)
    poller = stage.poller()
    await stage.pass_by(3)
    assert stage.batches == [["a"], ["a"]]
    await poller.stop()


async def test_what_one_shard_holds_keeps_no_other_from_being_read():
    stage = StreamStage(shards=2)
    stage.tools = replace(stage.tools, holding=Holding(1))
    stage.put("bad", "good")
    stage.functions.answer = failing("bad")
    poller = stage.poller()
    await stage.pass_by(5)
    stage.put("good")
    await stage.pass_by(5)
    assert stage.batches.count(["good"]) == 2
    await poller.stop()


async def test_a_shard_of_large_records_is_not_read_further_while_they_wait():
    stage = StreamStage()
    stage.put(*(str(number) + "x" * 900_000 for number in range(40)))
    stage.functions.answer = lambda _: None
    poller = stage.poller()
    await stage.pass_by(10)
    assert stage.holding.held_bytes < 32 * 1024 * 1024
    await poller_gone(poller)


async def test_latest_is_the_moment_of_the_mapping_also_when_the_stream_is_away_then():
    stage = StreamStage()
    stage.put("before")
    await stage.pass_by(100)
    mapping = replace(stage.mapping(StartingPosition="LATEST"), last_modified_s=stage.clock.now())
    stage.calls.is_away = True
    poller = StreamPoller(HERE, mapping, stage.tools)
    poller.start()
    await stage.pass_by(4)
    stage.put("after")
    await stage.pass_by(4)
    stage.calls.is_away = False
    await stage.pass_by(20)
    assert stage.seen == ["after"]
    await poller.stop()


async def test_a_stream_that_is_made_anew_is_read_where_a_drained_shard_had_its_name():
    stage = StreamStage()
    stage.put("a")
    stage.split()
    poller = stage.poller()
    await stage.pass_by(5)
    stage.kinesis.call("DeleteStream", {"StreamName": "s"})
    await stage.pass_by(5)
    stage.kinesis.call("CreateStream", {"StreamName": "s", "ShardCount": 1})
    stage.put("b")
    await stage.pass_by(40)
    assert stage.seen == ["a", "b"]
    await poller.stop()
