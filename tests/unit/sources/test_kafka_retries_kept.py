"""What was tried of a failing batch of Kafka counts for whoever reads its partition next, in virtual time."""

from __future__ import annotations

import copy
import json
from typing import Any

from lambdad.domain.event_sources import SourceKind
from lambdad.domain.kafka_record import Kept
from lambdad.domain.outcome import Outcome
from lambdad.domain.unfinished import Unfinished
from lambdad.ports.courier import NotDelivered
from lambdad.ports.event_sources import StartFrom
from lambdad.ports.kafka import KafkaTrouble, Trouble
from lambdad.sources.kafka.kafkas import Kafkas
from lambdad.sources.kafka.notes import note_of, parts_in
from lambdad.sources.kafka.poller import KafkaPoller
from tests.fakes.kafka_stage import FIRST, GROUP, SECOND, KafkaStage, failing, values_of
from tests.fakes.ordered_stage import TARGET
from tests.fakes.queue_stage import FAILED, HERE

ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": TARGET}}}
OLDEST = StartFrom("TRIM_HORIZON")


async def killed(stage: KafkaStage, poller: KafkaPoller) -> None:
    """End a poller; the group keeps what it kept before."""
    kept = copy.deepcopy(stage.cluster.offsets)
    await poller.stop()
    stage.cluster.offsets = kept


async def until_called(stage: KafkaStage, times: int) -> None:
    while len(stage.functions.calls) < times:
        await stage.sleep.pass_by(0.1)


async def test_retries_go_on_after_a_restart_with_the_same_request_id():
    stage = KafkaStage()
    stage.cluster.put("a", "b")
    stage.functions.answer = failing("a")
    settings = {"MaximumRetryAttempts": 3, **ON_FAILURE}
    poller = stage.poller(**settings)
    await until_called(stage, 2)
    await killed(stage, poller)
    stage.cluster.put("c")
    poller = stage.poller(**settings)
    await stage.sleep.pass_by(60)
    assert stage.batches == [["a", "b"]] * 4 + [["c"]]
    ids = [request.request_id for _, request in stage.functions.calls]
    assert len(set(ids[:4])) == 1
    (document,) = stage.destination.documents
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["requestContext"]["approximateInvokeCount"] == 4
    assert document["requestContext"]["requestId"] == ids[0]
    assert stage.cluster.offsets[GROUP][FIRST] == Kept(3)
    await poller.stop()


async def test_a_batch_that_failed_first_keeps_its_count_before_anything_was_settled():
    stage = KafkaStage()
    stage.cluster.put("a")
    stage.functions.answer = failing("a")
    poller = stage.poller(MaximumRetryAttempts=5)
    await until_called(stage, 1)
    await stage.sleep.pass_by(0.1)
    kept = stage.cluster.offsets[GROUP][FIRST]
    assert kept.offset == 0
    assert kept.note
    assert stage.counted("committed") == 0
    await poller.stop()


async def test_halves_of_a_failing_batch_go_on_after_a_restart():
    stage = KafkaStage()
    stage.cluster.put(*"abcdefgh")
    stage.functions.answer = failing("e")
    settings = {"BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 2, **ON_FAILURE}
    poller = stage.poller(**settings)
    await until_called(stage, 6)  # the record alone, twice
    before = len(stage.batches)
    await killed(stage, poller)
    poller = stage.poller(**settings)
    await stage.sleep.pass_by(60)
    assert stage.batches[:before] == [[*"abcdefgh"], [*"abcd"], [*"efgh"], ["e", "f"], ["e"], ["e"]]
    assert stage.batches[before:] == [["e"], ["f"], ["g", "h"]]
    assert stage.kept() == 8
    await poller.stop()


async def test_what_was_given_up_before_a_restart_is_told_and_not_called_with_again():
    stage = KafkaStage()
    stage.cluster.put("a")
    stage.functions.answer = failing("a")
    stage.destination.refusals = [NotDelivered("away")] * 2
    settings = {"MaximumRetryAttempts": 1, **ON_FAILURE}
    poller = stage.poller(**settings)
    while len(stage.destination.refusals) == 2:
        await stage.sleep.pass_by(0.1)
    assert len(stage.functions.calls) == 2
    await killed(stage, poller)
    poller = stage.poller(**settings)
    await stage.sleep.pass_by(60)
    assert len(stage.functions.calls) == 2
    (document,) = stage.destination.documents
    assert document["requestContext"]["approximateInvokeCount"] == 2
    assert document["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    await poller.stop()


async def test_partitions_count_for_themselves():
    stage = KafkaStage(partitions=2)
    stage.cluster.put("bad")
    stage.cluster.put("good", partition=1)
    stage.functions.answer = failing("bad")
    poller = stage.poller(MaximumRetryAttempts=4)
    await until_called(stage, 4)
    await killed(stage, poller)
    assert stage.cluster.offsets[GROUP][SECOND] == Kept(1)
    poller = stage.poller(MaximumRetryAttempts=4)
    await stage.sleep.pass_by(60)
    assert stage.batches.count(["bad"]) == 5
    assert stage.batches.count(["good"]) == 1
    await poller.stop()


async def test_a_partition_that_goes_and_comes_back_keeps_its_count():
    stage = KafkaStage()
    stage.cluster.put("a")
    stage.functions.answer = failing("a")
    poller = stage.poller(MaximumRetryAttempts=3)
    await until_called(stage, 2)
    (member,) = stage.cluster.members
    await stage.cluster.take(member, FIRST)
    await stage.sleep.pass_by(30)
    assert len(stage.functions.calls) == 2
    stage.cluster.give(member, [FIRST], OLDEST)
    await stage.sleep.pass_by(60)
    assert len(stage.functions.calls) == 4
    await poller.stop()


async def test_a_cluster_that_is_away_amid_retries_changes_no_count():
    stage = KafkaStage()
    stage.cluster.put("a")
    stage.functions.answer = failing("a")
    poller = stage.poller(MaximumRetryAttempts=3)
    await until_called(stage, 2)
    await stage.sleep.pass_by(0.1)
    stage.cluster.trouble = KafkaTrouble("gone", Trouble.CONNECTION)
    await stage.sleep.pass_by(5)
    stage.cluster.trouble = None
    await stage.sleep.pass_by(60)
    assert len(stage.functions.calls) == 4
    await poller.stop()


async def test_another_mapping_of_the_group_begins_anew():
    stage = KafkaStage()
    stage.cluster.put("a")
    stage.functions.answer = failing("a")
    poller = stage.poller(MaximumRetryAttempts=2)
    await until_called(stage, 2)
    await poller.stop()
    noted = stage.cluster.offsets[GROUP][FIRST]
    stage.cluster.offsets[GROUP][FIRST] = Kept(noted.offset, noted.note.replace("uuid-1", "uuid-2"))
    poller = stage.poller(MaximumRetryAttempts=2)
    await stage.sleep.pass_by(60)
    assert len(stage.functions.calls) == 2 + 3
    await poller.stop()


async def test_what_others_noted_beside_the_offset_means_nothing():
    for note in ("AQAAAXN1bQ==", "lambdad ", "lambdad [", 'lambdad {"a": 1}', "lambdad [1, 2]"):
        stage = KafkaStage()
        stage.cluster.put("a", "b")
        stage.cluster.offsets[GROUP] = {FIRST: Kept(1, note)}
        poller = stage.poller()
        await stage.sleep.pass_by(2)
        assert stage.batches == [["b"]]
        await poller.stop()


async def test_a_failed_batch_waits_for_all_of_its_records_to_be_read_again():
    stage = KafkaStage()
    stage.cluster.put(*"abcd")
    stage.functions.answer = failing("a")
    settings = {"MaximumRetryAttempts": 3, "MaximumBatchingWindowInSeconds": 0}
    poller = stage.poller(**settings)
    await until_called(stage, 2)
    await killed(stage, poller)
    stage.cluster.most = 1
    poller = stage.poller(**settings)
    await stage.sleep.pass_by(60)
    assert stage.batches == [[*"abcd"]] * 4
    await poller.stop()


async def test_records_of_a_failed_batch_that_are_not_there_any_more_hold_nothing():
    stage = KafkaStage()
    stage.cluster.put(*"abcd")
    stage.functions.answer = failing("a", "b")
    poller = stage.poller(MaximumRetryAttempts=3)
    await until_called(stage, 2)
    await killed(stage, poller)
    del stage.cluster.logs[FIRST][2:]  # compacted away
    del stage.cluster.logs[FIRST][0]
    poller = stage.poller(MaximumRetryAttempts=3)
    await stage.sleep.pass_by(60)
    assert stage.batches == [[*"abcd"]] * 2 + [["b"]] * 2
    await poller.stop()


async def test_a_batch_that_failed_is_cut_when_batches_become_smaller_and_keeps_its_count():
    stage = KafkaStage()
    stage.cluster.put(*"abcd")
    stage.functions.answer = failing("a", "c")
    poller = stage.poller(MaximumRetryAttempts=3)
    await until_called(stage, 2)
    await poller.stop()
    poller = stage.poller(MaximumRetryAttempts=3, BatchSize=2)
    await stage.sleep.pass_by(60)
    assert stage.batches == [[*"abcd"]] * 2 + [["a", "b"]] * 2 + [["c", "d"]] * 2
    await poller.stop()


async def test_a_reset_forgets_what_was_tried():
    stage = KafkaStage()
    stage.cluster.put("a")
    stage.functions.answer = failing("a")
    poller = stage.poller(MaximumRetryAttempts=2)
    await until_called(stage, 2)
    await poller.stop()
    await Kafkas(SourceKind.SELF_MANAGED_KAFKA, stage.kafka).reset(HERE, stage.mapping(), OLDEST)
    poller = stage.poller(MaximumRetryAttempts=2)
    await stage.sleep.pass_by(60)
    assert len(stage.functions.calls) == 2 + 3
    await poller.stop()


async def test_what_is_noted_fits_beside_an_offset_however_large_the_batch():
    stage = KafkaStage()
    stage.cluster.put(*(str(number) for number in range(10_000)))
    stage.functions.answer = failing("0")
    poller = stage.poller(BatchSize=10_000, BisectBatchOnFunctionError=True)
    while stage.batches[-1:] != [["0"]]:
        await stage.sleep.pass_by(0.1)
    await stage.sleep.pass_by(0.1)
    assert 0 < len(stage.cluster.offsets[GROUP][FIRST].note.encode()) <= 4_096
    await poller.stop()


def test_of_more_parts_than_fit_beside_an_offset_the_first_are_noted():
    parts = tuple(Unfinished(str(number), 1, 2, "i" * 36, "$LATEST", is_error=True) for number in range(200))
    note = note_of(parts, "uuid-1")
    assert len(note.encode()) <= 4_096
    found = parts_in(note, "uuid-1")
    assert len(found) >= 20
    assert found == parts[: len(found)]


async def test_what_succeeds_notes_nothing():
    stage = KafkaStage()
    stage.cluster.put("a", "b")
    tried: list[str] = []

    def once(event: dict[str, Any]) -> Outcome:
        tried.extend(values_of(event))
        return FAILED if len(tried) == 2 else Outcome(b"null")

    stage.functions.answer = once
    poller = stage.poller()
    await stage.sleep.pass_by(10)
    assert stage.cluster.offsets[GROUP][FIRST] == Kept(2)
    await poller.stop()


async def test_what_is_left_of_a_batch_that_was_done_in_part_is_noted():
    stage = KafkaStage()
    partly = {"batchItemFailures": [{"itemIdentifier": {"topic-partition": "t-0", "offset": 1}}]}
    stage.functions.answer = lambda _: Outcome(json.dumps(partly).encode())
    stage.cluster.put("a", "b", "c")
    settings = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "MaximumRetryAttempts": 2}
    poller = stage.poller(**settings)
    await until_called(stage, 3)
    await killed(stage, poller)
    stage.cluster.put("d")
    poller = stage.poller(**settings)
    await until_called(stage, 4)
    await stage.sleep.pass_by(10)
    assert stage.batches[:4] == [["a", "b", "c"], ["b", "c"], ["b", "c"], ["b", "c"]]
    assert ["d"] in stage.batches
    await poller.stop()
