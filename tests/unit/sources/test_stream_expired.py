"""What fails for ever is called with as long as its stream keeps it: then the shard goes on."""

from __future__ import annotations

import pytest

from lambdad.domain.event_sources import SourceKind
from tests.fakes.ordered_stage import TARGET
from tests.fakes.queue_stage import FAILED
from tests.fakes.stream_stage import StreamStage, texts_of

HOUR_S = 3600.0
TOLD = {"OnFailure": {"Destination": TARGET}}


def poisoned(kind: SourceKind = SourceKind.KINESIS) -> StreamStage:
    """A stream whose first record no function can do, and a record behind it."""
    stage = StreamStage(kind=kind)
    good = stage.functions.answer
    stage.functions.answer = lambda event: FAILED if "bad" in texts_of(event) else good(event)
    for name in ("bad", "good"):
        (stage.item if kind is SourceKind.DYNAMODB else stage.put)(name)
    return stage


async def later(stage: StreamStage, hours: float) -> None:
    """Some hours later, and what happens then; before that it is tried a few times."""
    await stage.pass_by(2)
    stage.clock.now_s += hours * HOUR_S
    await stage.pass_by(100)


@pytest.mark.parametrize("kind", [SourceKind.KINESIS, SourceKind.DYNAMODB])
async def test_a_poison_record_holds_its_shard_until_it_is_expired(kind: SourceKind):
    stage = poisoned(kind)
    poller = stage.poller(BatchSize=1, DestinationConfig=TOLD)
    await later(stage, 23)
    assert set(stage.seen) == {"bad"}
    await later(stage, 1.1)
    assert stage.seen[-1] == "good"
    (told,) = stage.destination.documents
    assert told["requestContext"]["condition"] == "RecordAgeExceeded"
    assert told["requestContext"]["approximateInvokeCount"] == len(stage.seen) - 1
    await poller.stop()


async def test_a_stream_that_keeps_records_longer_has_them_tried_longer():
    stage = poisoned()
    stage.kinesis.retention_hours = 26
    poller = stage.poller(BatchSize=1)
    await later(stage, 25)
    assert set(stage.seen) == {"bad"}
    await later(stage, 1.1)
    assert stage.seen[-1] == "good"
    await poller.stop()


async def test_nothing_is_given_up_while_nobody_knows_how_long_it_is_kept():
    stage = poisoned()
    poller = stage.poller(BatchSize=1)
    await stage.pass_by(1)
    stage.calls.is_away = True
    await later(stage, 25)
    assert set(stage.seen) == {"bad"}
    stage.calls.is_away = False
    await stage.pass_by(100)
    assert stage.seen[-1] == "good"
    await poller.stop()


async def test_a_poison_record_of_a_deleted_stream_is_not_tried_for_ever():
    stage = poisoned()
    poller = stage.poller(BatchSize=1)
    await stage.pass_by(1)
    stage.kinesis.call("DeleteStream", {"StreamName": "s"})
    await later(stage, 24.1)
    tried = len(stage.seen)
    await later(stage, 1)
    assert len(stage.seen) == tried
    await poller.stop()


async def test_old_records_that_nobody_tried_are_called_with():
    stage = StreamStage()
    stage.put("old")
    await later(stage, 24.1)
    poller = stage.poller()
    await stage.pass_by(2)
    assert stage.seen == ["old"]
    await poller.stop()
