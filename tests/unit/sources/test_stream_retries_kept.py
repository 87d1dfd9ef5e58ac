"""What a server that was killed had tried of a failing batch counts for the next one, in virtual time."""

from __future__ import annotations

import copy
import json
from typing import Any

from lambdad.domain.outcome import Outcome
from lambdad.ports.courier import NotDelivered
from lambdad.ports.event_sources import StartFrom
from lambdad.sources.streams.poller import StreamPoller
from tests.fakes.ordered_stage import TARGET
from tests.fakes.queue_stage import FAILED, HERE
from tests.fakes.stream_stage import StreamStage, texts_of

ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": TARGET}}}


def failing(*texts: str) -> Any:
    return lambda event: FAILED if set(texts) & set(texts_of(event)) else Outcome(b"null")


async def killed(stage: StreamStage, poller: StreamPoller) -> None:
    """End a poller; kept is what was kept before."""
    kept = copy.deepcopy(stage.checkpoints.states)
    await poller.stop()
    stage.checkpoints.states = kept


async def until_called(stage: StreamStage, times: int) -> None:
    while len(stage.functions.calls) < times:
        await stage.pass_by(0.1)


async def test_retries_go_on_after_a_restart_with_the_same_request_id():
    stage = StreamStage()
    stage.put("a", "b", key="k")
    stage.functions.answer = failing("a")
    settings = {"MaximumRetryAttempts": 3, **ON_FAILURE}
    poller = stage.poller(**settings)
    await until_called(stage, 2)
    await killed(stage, poller)
    stage.put("c", key="k")
    poller = stage.poller(**settings)
    await stage.pass_by(60)
    assert stage.batches == [["a", "b"]] * 4 + [["c"]]
    ids = [request.request_id for _, request in stage.functions.calls]
    assert len(set(ids[:4])) == 1
    (document,) = stage.destination.documents
    assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert document["requestContext"]["approximateInvokeCount"] == 4
    assert document["requestContext"]["requestId"] == ids[0]
    await poller.stop()


async def test_halves_of_a_failing_batch_go_on_after_a_restart():
    stage = StreamStage()
    stage.put(*"abcdefgh", key="k")
    stage.functions.answer = failing("e")
    settings = {"BisectBatchOnFunctionError": True, "MaximumRetryAttempts": 2, **ON_FAILURE}
    poller = stage.poller(**settings)
    await until_called(stage, 6)  # the record alone, twice
    before = len(stage.batches)
    await killed(stage, poller)
    poller = stage.poller(**settings)
    await stage.pass_by(60)
    assert stage.batches[:before] == [
        [*"abcdefgh"],
        [*"abcd"],
        [*"efgh"],
        ["e", "f"],
        ["e"],
        ["e"],
    ]
    assert stage.batches[before:] == [["e"], ["f"], ["g", "h"]]
    await poller.stop()


async def test_what_was_given_up_before_a_restart_is_told_and_not_called_with_again():
    stage = StreamStage()
    stage.put("a")
    stage.functions.answer = failing("a")
    stage.destination.refusals = [NotDelivered("away")] * 2
    settings = {"MaximumRetryAttempts": 1, **ON_FAILURE}
    poller = stage.poller(**settings)
    while len(stage.destination.refusals) == 2:
        await stage.pass_by(0.1)
    assert len(stage.functions.calls) == 2
    await killed(stage, poller)
    poller = stage.poller(**settings)
    await stage.pass_by(60)
    assert len(stage.functions.calls) == 2
    (document,) = stage.destination.documents
    assert document["requestContext"]["approximateInvokeCount"] == 2
    assert document["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    await poller.stop()


async def test_each_lane_counts_for_itself_after_a_restart():
    stage = StreamStage()
    for number in range(4):
        for key in "abcdef":
            stage.kinesis.put("s", key, f"{key}{number}".encode())
    stage.functions.answer = failing("a0")
    settings = {"ParallelizationFactor": 3, "BatchSize": 2, "MaximumRetryAttempts": 4}
    poller = stage.poller(**settings)
    while sum("a0" in batch for batch in stage.batches) < 3:
        await stage.pass_by(0.1)
    await killed(stage, poller)
    poller = stage.poller(**settings)
    await stage.pass_by(60)
    assert sum("a0" in batch for batch in stage.batches) == 5
    for key in "bcdef":
        of_key = [text for text in stage.seen if text[0] == key and text not in stage.batches[0]]
        assert of_key == sorted(of_key)
    await poller.stop()


async def test_with_other_lanes_or_from_another_beginning_attempts_begin_anew():
    stage = StreamStage()
    stage.put("a")
    stage.functions.answer = failing("a")
    poller = stage.poller(MaximumRetryAttempts=2)
    await until_called(stage, 2)
    await killed(stage, poller)
    poller = stage.poller(MaximumRetryAttempts=2, ParallelizationFactor=2)
    await stage.pass_by(60)
    assert len(stage.functions.calls) == 2 + 3
    await poller.stop()


async def test_fewer_retries_than_were_made_give_up_at_once():
    stage = StreamStage()
    stage.put("a")
    stage.functions.answer = failing("a")
    poller = stage.poller()
    await until_called(stage, 4)
    await poller.stop()
    poller = stage.poller(MaximumRetryAttempts=1, **ON_FAILURE)
    await stage.pass_by(10)
    assert len(stage.functions.calls) == 4
    assert stage.destination.documents[0]["requestContext"]["approximateInvokeCount"] == 4
    await poller.stop()


async def test_a_batch_that_failed_is_cut_when_batches_become_smaller_and_keeps_its_count():
    stage = StreamStage()
    stage.put(*"abcd", key="k")
    stage.functions.answer = failing("a", "c")
    poller = stage.poller(MaximumRetryAttempts=3)
    await until_called(stage, 2)
    await poller.stop()
    poller = stage.poller(MaximumRetryAttempts=3, BatchSize=2)
    await stage.pass_by(60)
    assert stage.batches == [[*"abcd"]] * 2 + [["a", "b"]] * 2 + [["c", "d"]] * 2
    await poller.stop()


async def test_a_failed_batch_waits_for_all_of_its_records_to_be_read_again():
    stage = StreamStage()
    stage.put(*"abcd", key="k")
    stage.functions.answer = failing("a")
    poller = stage.poller(MaximumRetryAttempts=3)
    await until_called(stage, 2)
    await killed(stage, poller)
    stage.kinesis.most_records = 1
    poller = stage.poller(MaximumRetryAttempts=3)
    await stage.pass_by(60)
    assert stage.batches == [[*"abcd"]] * 4
    await poller.stop()


async def test_records_of_a_failed_batch_that_are_trimmed_away_hold_nothing():
    stage = StreamStage()
    stage.put(*"ab", key="k")
    stage.functions.answer = failing("a", "b", "c")
    poller = stage.poller(MaximumRetryAttempts=3)
    await until_called(stage, 2)
    await killed(stage, poller)
    stage.kinesis.log.trim(stage.kinesis.log.streams[stage.source])
    stage.put("c", key="k")
    poller = stage.poller(MaximumRetryAttempts=3)
    await stage.pass_by(60)
    assert stage.batches == [["a", "b"]] * 2 + [["c"]] * 4
    await poller.stop()


async def test_a_reset_forgets_what_was_tried():
    stage = StreamStage()
    stage.put("a")
    stage.functions.answer = failing("a")
    poller = stage.poller(MaximumRetryAttempts=2)
    await until_called(stage, 2)
    await poller.stop()
    await stage.streams.reset(HERE, stage.mapping(), StartFrom("TRIM_HORIZON"))
    poller = stage.poller(MaximumRetryAttempts=2)
    await stage.pass_by(60)
    assert len(stage.functions.calls) == 2 + 3
    await poller.stop()


async def test_the_last_call_of_a_window_is_given_up_after_its_retries_over_a_restart():
    stage = StreamStage()
    await stage.pass_by(60 - stage.clock.now() % 60)
    state = Outcome(json.dumps({"state": {}}).encode())
    stage.functions.answer = lambda event: FAILED if event["isFinalInvokeForWindow"] else state
    settings = {"TumblingWindowInSeconds": 60, "MaximumRetryAttempts": 3, **ON_FAILURE}
    stage.put("a")
    poller = stage.poller(**settings)
    await until_called(stage, 3)
    await killed(stage, poller)
    poller = stage.poller(**settings)
    await stage.pass_by(60)
    assert stage.batches == [["a"], [], [], [], []]
    (document,) = stage.destination.documents
    assert document["timeWindowInfo"]["isFinalInvokeForWindow"] is True
    assert document["requestContext"]["approximateInvokeCount"] == 4
    await poller.stop()


async def test_what_succeeds_keeps_no_attempts():
    stage = StreamStage()
    stage.put("a", "b")
    tried: list[str] = []

    def once(event: dict[str, Any]) -> Outcome:
        tried.extend(texts_of(event))
        return FAILED if len(tried) == 2 else Outcome(b"null")

    stage.functions.answer = once
    poller = stage.poller()
    await stage.pass_by(10)
    (state,) = stage.checkpoints.states["uuid-1"].values()
    assert state.unfinished == ()
    stage.put("c")
    before = stage.checkpoints.writes
    await stage.pass_by(5)
    assert stage.checkpoints.writes == before + 1, "one for a batch that succeeds"
    await poller.stop()
