"""Pollers of Kafka beside others in trouble, and amid defects of ours: nobody else waits, and it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lambdad.domain.outcome import Outcome
from lambdad.sources.holding import Holding
from tests.fakes.kafka_stage import KafkaStage, failing

DONE = Outcome(b"null")
INTERNAL = "PROBLEM: internal Lambda error. Please see the log of lambdad."


@pytest.fixture
def stage() -> KafkaStage:
    return KafkaStage(partitions=2)


async def test_what_one_partition_holds_keeps_no_other_from_being_read(stage: KafkaStage):
    stage.kafka = replace(stage.kafka, holding=Holding(1))
    stage.functions.answer = failing("bad")
    stage.cluster.put("bad")
    stage.cluster.put("good", partition=1)
    poller = stage.poller()
    await stage.sleep.pass_by(5)
    stage.cluster.put("better", partition=1)
    await stage.sleep.pass_by(5)
    assert [batch for batch in stage.batches if batch != ["bad"]] == [["good"], ["better"]]
    await poller.stop()


async def test_what_a_partition_holds_is_not_added_to_while_too_much_is_held(stage: KafkaStage):
    stage.kafka = replace(stage.kafka, holding=Holding(1))
    stage.functions.answer = lambda _: None
    stage.cluster.put("a")
    poller = stage.poller()
    await stage.sleep.pass_by(5)
    stage.cluster.put("b", "c")
    await stage.sleep.pass_by(5)
    assert poller.counts.polled == 1
    stage.functions.end(DONE)
    await stage.sleep.pass_by(5)
    assert stage.batches == [["a"], ["b", "c"]]
    stage.functions.end(DONE)
    await stage.sleep.pass_by(1)
    await poller.stop()


async def test_a_defect_of_ours_is_told_and_over_without_a_loss(stage: KafkaStage):
    poller = stage.poller()
    await stage.sleep.pass_by(2)
    stage.cluster.defect = RuntimeError("a defect")
    await stage.sleep.pass_by(20)
    assert poller.report().result == INTERNAL
    stage.cluster.defect = None
    stage.cluster.put("a")
    await stage.sleep.pass_by(30)
    assert (stage.batches, poller.report().result) == ([["a"]], "OK")
    await poller.stop()
