"""Pollers of streams that meet what should not be: it is told, stays where it is, and is over by itself."""

from __future__ import annotations

import pytest

from lambdad.domain.event_sources import SourceKind
from tests.fakes.stream_stage import StreamStage

INTERNAL = "PROBLEM: internal Lambda error. Please see the log of lambdad."


@pytest.mark.parametrize("kind", [SourceKind.KINESIS, SourceKind.DYNAMODB])
async def test_a_defect_of_ours_is_told_and_over_without_a_loss(kind: SourceKind):
    stage = StreamStage(kind=kind)
    poller = stage.poller()
    await stage.pass_by(2)
    stage.calls.defect = RuntimeError("a defect")
    await stage.pass_by(20)
    assert poller.report().result == INTERNAL
    stage.calls.defect = None
    if kind is SourceKind.KINESIS:
        stage.put("a")
    else:
        stage.item("a")
    await stage.pass_by(30)
    assert stage.seen == ["a"]
    assert poller.report().result == "OK"
    await poller.stop()


async def test_shards_that_cannot_be_found_for_a_defect_are_told_and_found_later():
    stage = StreamStage()
    stage.put("a")
    stage.calls.defect = RuntimeError("a defect")
    poller = stage.poller()
    await stage.pass_by(5)
    assert poller.report().result == INTERNAL
    stage.calls.defect = None
    await stage.pass_by(30)
    assert stage.seen == ["a"]
    await poller.stop()


async def test_a_shard_that_never_ends_keeps_its_children_and_nobody_else_waiting():
    stage = StreamStage(shards=2)
    poller = stage.poller()
    await stage.pass_by(2)
    stage.split()
    stage.kinesis.never_ends = True
    stage.put(*map(str, range(20)))
    children = {shard["ShardId"] for shard in stage.shards() if shard.get("ParentShardId")}
    await stage.pass_by(60)
    called = {event["Records"][0]["eventID"].partition(":")[0] for event in stage.events}
    assert called == {shard["ShardId"] for shard in stage.shards()} - children - {"shardId-000000000000"}
    states = {part.name: part.state for part in poller.report().parts}
    assert {name for name, state in states.items() if state == "waiting"} == children
    stage.kinesis.never_ends = False
    await stage.pass_by(60)
    assert sorted(stage.seen, key=int) == list(map(str, range(20)))
    await poller.stop()


async def test_a_shard_that_is_written_to_for_ever_is_read_on_and_stops_when_it_is_told():
    stage = StreamStage()
    poller = stage.poller(BatchSize=10)
    for number in range(200):
        stage.put(f"{number}", key="k")
        await stage.pass_by(0.2)
    await stage.pass_by(2)
    assert stage.seen == list(map(str, range(200)))
    await poller.stop()
    stage.put("after", key="k")
    await stage.pass_by(10)
    assert "after" not in stage.seen


async def test_a_record_that_is_too_large_for_a_call_goes_alone():
    stage = StreamStage()
    stage.put("a", "x" * 5_000_000, "b", key="k")
    poller = stage.poller()
    await stage.pass_by(5)
    assert [len(batch) for batch in stage.batches] == [1, 1, 1]
    assert stage.holding.held_bytes == 0
    await poller.stop()


@pytest.mark.parametrize("kind", [SourceKind.KINESIS, SourceKind.DYNAMODB])
async def test_records_that_are_too_old_are_given_up_and_the_rest_is_called_with(kind: SourceKind):
    stage = StreamStage(kind=kind)
    put = stage.item if kind is SourceKind.DYNAMODB else stage.put
    put("a")
    await stage.pass_by(100)
    put("b")
    poller = stage.poller(MaximumRecordAgeInSeconds=60)
    await stage.pass_by(2)
    assert stage.seen == ["b"]
    assert poller.counts.dropped == 1
    await poller.stop()
