"""What is counted and measured of mappings of Kafka, in virtual time."""

from __future__ import annotations

from lambdad.domain.measured import Measured
from lambdad.domain.outcome import Outcome
from lambdad.ports.kafka import KafkaTrouble, Trouble
from tests.fakes.kafka_stage import KafkaStage, failing


async def test_how_far_the_function_is_behind_is_measured_over_all_partitions():
    stage = KafkaStage(partitions=2)
    stage.functions.answer = failing("a")
    poller = stage.poller(BatchSize=1)
    await stage.sleep.pass_by(3)
    assert stage.noted == []
    stage.cluster.put("a", "b")
    stage.cluster.put("c", "a", partition=1)
    await stage.sleep.pass_by(12)
    lags = [(lane.function, much) for what, lane, _, _, much in stage.noted if what is Measured.OFFSET_LAG]
    assert lags == [("f", 3.0)]
    stage.functions.answer = lambda _: Outcome(b"null")
    await stage.sleep.pass_by(30)
    assert [much for what, *_, much in stage.noted if what is Measured.OFFSET_LAG][-1] == 0.0
    await poller.stop()


async def test_each_partition_says_how_far_it_is_behind():
    stage = KafkaStage(partitions=2)
    stage.functions.answer = failing("a")
    stage.cluster.put("a", "b")
    stage.cluster.put("c", "a", partition=1)
    poller = stage.poller(BatchSize=1)
    await stage.sleep.pass_by(12)
    assert {tuple(lags) for lags in stage.lags} == {(2, 1)}
    assert await poller.lag() == 3
    assert [part.waiting for part in poller.report().parts] == [2, 1]
    await poller.stop()


async def test_events_behind_a_kept_offset_count_as_committed_once():
    stage = KafkaStage()
    stage.cluster.put("a", "b", "c")
    poller = stage.poller(BatchSize=2)
    await stage.sleep.pass_by(3)
    await poller.stop()
    stage.cluster.put("d")
    poller = stage.poller()
    await stage.sleep.pass_by(3)
    assert (stage.counted("committed"), stage.counted("polled"), stage.kept()) == (4, 4, 4)
    await poller.stop()


async def test_calls_that_fail_count_as_errors_and_commit_nothing():
    stage = KafkaStage()
    stage.functions.answer = failing("a")
    stage.cluster.put("a", "b")
    poller = stage.poller(MaximumRetryAttempts=1)
    await stage.sleep.pass_by(0.6)
    assert (stage.counted("invoke_errors"), stage.counted("committed")) == (1, 0)
    await stage.sleep.pass_by(5)
    assert (stage.counted("invoke_errors"), stage.counted("committed"), stage.counted("dropped")) == (2, 2, 2)
    await poller.stop()


async def test_a_cluster_that_cannot_be_read_counts_each_time():
    stage = KafkaStage()
    stage.cluster.trouble = KafkaTrouble("gone", Trouble.CONNECTION)
    poller = stage.poller()
    await stage.sleep.pass_by(0.5)
    assert stage.counted("polling_errors") == 1
    await stage.sleep.pass_by(30)
    assert stage.counted("polling_errors") > 3
    await poller.stop()


async def test_an_offset_that_is_not_kept_counts():
    stage = KafkaStage()
    stage.functions.answer = lambda _: None
    stage.cluster.put("a")
    poller = stage.poller()
    await stage.sleep.pass_by(2)
    stage.cluster.trouble = KafkaTrouble("gone", Trouble.CONNECTION)
    stage.functions.end(Outcome(b"null"))
    await stage.sleep.pass_by(1)
    assert stage.counted("commit_errors") >= 1
    assert stage.counted("committed") == 0
    stage.cluster.trouble = None
    await poller.stop()
