"""What a mapping of Kafka gives up, and what it does not wait for, in virtual time."""

from __future__ import annotations

import asyncio
import json

import pytest

from lambdad.domain.outcome import Outcome
from tests.fakes.kafka_stage import FIRST, KafkaStage, failing, values_of
from tests.fakes.ordered_stage import TARGET

TOO_LARGE = "x" * 5 * 1024 * 1024  # its base64 is more than 6 MiB
TOLD = {"OnFailure": {"Destination": TARGET}}


@pytest.fixture
def stage() -> KafkaStage:
    return KafkaStage()


async def test_a_record_that_is_too_large_for_a_call_is_told_without_one(stage: KafkaStage):
    stage.cluster.put("a", TOO_LARGE, "b")
    poller = stage.poller(DestinationConfig=TOLD)
    await stage.sleep.pass_by(5)
    assert stage.batches == [["a"], ["b"]]
    (told,) = stage.destination.documents
    assert told["requestContext"]["condition"] == "MaximumPayloadSizeExceeded"
    assert told["requestContext"]["approximateInvokeCount"] == 1
    assert told["responseContext"] is None
    info = told["KafkaBatchInfo"]
    assert info["batchSize"] == 1
    assert info["payloadSize"] > 6 * 1024 * 1024
    assert info["recordsInfo"]["t-0"]["firstRecordOffset"] == 1
    assert (stage.kept(), stage.counted("delivered_on_failure")) == (3, 1)
    await poller.stop()


async def test_a_record_that_is_too_large_holds_nothing_up_without_a_destination(stage: KafkaStage):
    stage.cluster.put(TOO_LARGE, "b")
    poller = stage.poller()
    await stage.sleep.pass_by(5)
    assert stage.batches == [["b"]]
    assert (stage.kept(), stage.counted("dropped")) == (2, 1)
    await poller.stop()


async def test_a_topic_is_given_the_payload_that_was_too_large(stage: KafkaStage):
    stage.cluster.put(TOO_LARGE)
    poller = stage.poller(DestinationConfig={"OnFailure": {"Destination": "kafka://failures"}})
    await stage.sleep.pass_by(5)
    ((_, _, body),) = stage.cluster.sent
    assert values_of(json.loads(json.loads(body)["payload"])) == [TOO_LARGE]
    await poller.stop()


async def test_retries_without_a_limit_are_ten_with_a_destination(stage: KafkaStage):
    stage.functions.answer = failing("a")
    stage.cluster.put("a")
    poller = stage.poller(DestinationConfig=TOLD)
    await stage.sleep.pass_by(600)
    assert len(stage.batches) == 11
    assert stage.destination.documents[0]["requestContext"]["approximateInvokeCount"] == 11
    await poller.stop()


async def test_retries_without_a_limit_go_on_without_a_destination(stage: KafkaStage):
    stage.functions.answer = failing("a")
    stage.cluster.put("a")
    poller = stage.poller(MaximumRetryAttempts=-1)
    await stage.sleep.pass_by(600)
    assert len(stage.batches) > 11
    assert stage.kept() == 0
    await poller.stop()


async def test_a_call_that_outlasts_the_wait_for_it_loses_its_partition_and_changes_nothing(
    stage: KafkaStage,
):
    stage.functions.answer = lambda _: None
    stage.cluster.put("a", "b")
    poller = stage.poller(BatchSize=1)
    await stage.sleep.pass_by(1)
    (member,) = stage.cluster.members
    taking = asyncio.create_task(stage.cluster.take(member, FIRST))
    await stage.sleep.pass_by(19)
    assert not taking.done()
    await stage.sleep.pass_by(2)
    assert taking.done()
    stage.functions.end(Outcome(b"null"))
    await stage.sleep.pass_by(1)
    assert (stage.kept(), stage.batches, stage.holding.held_bytes) == (0, [["a"]], 0)
    assert poller.report().parts == ()
    await poller.stop()
