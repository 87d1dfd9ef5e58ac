"""Mappings of consumers in virtual time: pushed records, subscriptions that end, and servers that push nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import Page, Position, StreamRecord
from lambdad.ports.record_stream import StreamTrouble
from lambdad.sources.streams.poller import StreamPoller
from tests.fakes.ordered_stage import STREAM
from tests.fakes.queue_stage import HERE
from tests.fakes.stream_stage import StreamStage

CONSUMER = f"{STREAM}/consumer/c:1"


class Pushes:
    """Subscriptions that give what a test puts; `refusal` is raised by each that begins."""

    def __init__(self) -> None:
        self.pages_put: asyncio.Queue[Page | None] = asyncio.Queue()
        self.positions: list[Position] = []
        self.refusal: StreamTrouble | None = None

    async def pages(
        self, scope: Scope, consumer: str, shard: str, position: Position
    ) -> AsyncGenerator[Page]:
        assert consumer == CONSUMER
        self.positions.append(position)
        if self.refusal is not None:
            raise self.refusal
        while (page := await self.pages_put.get()) is not None:
            yield page


def page(*sequences: str, following: str | None = "x") -> Page:
    return Page(tuple(StreamRecord(one, "k", 1.0, "YQ==") for one in sequences), following, 0)


def begun(stage: StreamStage, pushes: Pushes) -> StreamPoller:
    mapping = replace(stage.mapping(), source_arn=CONSUMER)
    poller = StreamPoller(HERE, mapping, replace(stage.tools, pushed=pushes))
    poller.start()
    return poller


async def test_pushed_records_are_called_with_at_once_and_name_the_consumer():
    stage, pushes = StreamStage(), Pushes()
    poller = begun(stage, pushes)
    await stage.pass_by(2)
    pushes.pages_put.put_nowait(page("1", "2"))
    await stage.pass_by(0)
    [event] = stage.events
    assert [record["kinesis"]["sequenceNumber"] for record in event["Records"]] == ["1", "2"]
    assert {record["eventSourceARN"] for record in event["Records"]} == {CONSUMER}
    assert stage.kinesis.log.requests["GetRecords"] == 0
    await poller.stop()


async def test_a_subscription_that_is_over_is_followed_by_one_behind_its_last_record():
    stage, pushes = StreamStage(), Pushes()
    poller = begun(stage, pushes)
    pushes.pages_put.put_nowait(page("1"))
    pushes.pages_put.put_nowait(None)
    await stage.pass_by(2)
    assert pushes.positions == [Position("TRIM_HORIZON"), Position("AFTER_SEQUENCE_NUMBER", "1")]
    pushes.pages_put.put_nowait(page("2", following=None))
    await stage.pass_by(2)
    assert [part.state for part in poller.report().parts] == ["ended"]
    await poller.stop()


async def test_a_subscription_that_somebody_has_is_asked_for_again_later():
    stage, pushes = StreamStage(), Pushes()
    pushes.refusal = StreamTrouble("in use", "ResourceInUseException")
    poller = begun(stage, pushes)
    await stage.pass_by(4)
    assert poller.report().result == "PROBLEM: in use"
    pushes.refusal = None
    pushes.pages_put.put_nowait(page("1"))
    await stage.pass_by(10)
    assert len(stage.events) == 1
    await poller.stop()


async def test_a_server_that_knows_no_subscriptions_is_asked_for_records():
    stage, pushes = StreamStage(), Pushes()
    pushes.refusal = StreamTrouble("unknown", "UnknownOperationException")
    stage.put("a")
    poller = begun(stage, pushes)
    await stage.pass_by(3)
    stage.put("b")
    await stage.pass_by(2)
    assert stage.seen == ["a", "b"]
    assert len(pushes.positions) == 1
    await poller.stop()


async def test_the_end_of_a_closed_shard_is_looked_for_where_it_is_not_pushed():
    stage, pushes = StreamStage(), Pushes()
    poller = begun(stage, pushes)
    stage.put("a")
    [parent] = stage.kinesis.log.streams[STREAM].shards.values()
    sequence = parent.entries[0].shown["SequenceNumber"]
    pushes.pages_put.put_nowait(page(sequence))
    await stage.pass_by(1)
    stage.kinesis.log.split(stage.kinesis.log.streams[STREAM], parent, 1 << 127)
    pushes.pages_put.put_nowait(page())
    await stage.pass_by(30)
    assert {part.name: part.state for part in poller.report().parts}[parent.id] == "reading"
    pushes.pages_put.put_nowait(page())
    await stage.pass_by(2)
    states = [part.state for part in poller.report().parts]
    assert states == ["ended", "reading", "reading"]
    await poller.stop()


async def test_what_a_closed_shard_still_has_is_pushed_before_its_end_is_believed():
    stage, pushes = StreamStage(), Pushes()
    poller = begun(stage, pushes)
    stage.put("a", "b", key="k")
    [parent] = stage.kinesis.log.streams[STREAM].shards.values()
    first, second = (entry.shown["SequenceNumber"] for entry in parent.entries)
    stage.kinesis.log.split(stage.kinesis.log.streams[STREAM], parent, 1 << 127)
    pushes.pages_put.put_nowait(page(first))
    await stage.pass_by(30)
    for pushed in (page(), page(second), page()):
        pushes.pages_put.put_nowait(pushed)
    await stage.pass_by(2)
    told = [record["kinesis"]["sequenceNumber"] for event in stage.events for record in event["Records"]]
    assert told == [first, second]
    assert poller.report().parts[0].state == "ended"
    await poller.stop()
