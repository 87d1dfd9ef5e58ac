"""Tumbling windows of a polled stream in virtual time: one state per window, and one last call."""

from __future__ import annotations

import json
from typing import Any

from lambdad.domain.outcome import Outcome
from tests.fakes.ordered_stage import STREAM, TARGET
from tests.fakes.queue_stage import FAILED
from tests.fakes.stream_stage import StreamStage, texts_of

ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": TARGET}}}
WINDOW_S = 60


def counting(event: dict[str, Any]) -> Outcome:
    """Adds up how many records there were."""
    count = event["state"].get("count", 0) + len(event["Records"])
    return Outcome(json.dumps({"state": {"count": count}}).encode())


def calls(stage: StreamStage) -> list[tuple[list[str], dict[str, Any], bool]]:
    """Records, state and whether it was the last, of every call."""
    return [(texts_of(one), one["state"], one["isFinalInvokeForWindow"]) for one in stage.events]


async def begun(**settings: Any) -> tuple[StreamStage, Any]:
    """A stage at the beginning of a window, with a function that counts."""
    stage = StreamStage()
    await stage.pass_by(WINDOW_S - stage.clock.now() % WINDOW_S)
    stage.functions.answer = counting
    return stage, stage.poller(TumblingWindowInSeconds=WINDOW_S, **settings)


async def test_calls_of_a_window_share_a_state_and_the_last_has_no_records():
    stage, poller = await begun(BatchSize=2)
    stage.put("a", "b", "c", key="k")
    await stage.pass_by(30)
    stage.put("d", key="k")
    await stage.pass_by(60)
    assert calls(stage) == [
        (["a", "b"], {}, False),
        (["c"], {"count": 2}, False),
        (["d"], {"count": 3}, False),
        ([], {"count": 4}, True),
    ]
    last = stage.events[-1]
    assert (last["shardId"], last["eventSourceARN"]) == ("shardId-000000000000", STREAM)
    assert last["window"]["start"].endswith(":00Z")
    assert last["isWindowTerminatedEarly"] is False
    await stage.pass_by(300)
    assert len(stage.events) == 4
    await poller.stop()


async def test_the_next_window_begins_with_an_empty_state():
    stage, poller = await begun()
    stage.put("a")
    await stage.pass_by(59)
    stage.put("b")
    await stage.pass_by(2)
    stage.put("c")
    await stage.pass_by(90)
    assert calls(stage) == [
        (["a"], {}, False),
        (["b"], {"count": 1}, False),
        ([], {"count": 2}, True),
        (["c"], {}, False),
        ([], {"count": 1}, True),
    ]
    assert stage.events[0]["window"]["end"] == stage.events[3]["window"]["start"]
    await poller.stop()


async def test_a_backlog_is_cut_into_its_windows():
    stage = StreamStage()
    await stage.pass_by(WINDOW_S - stage.clock.now() % WINDOW_S)
    for text in "abc":
        stage.put(text)
        await stage.pass_by(WINDOW_S)
    stage.functions.answer = counting
    poller = stage.poller(TumblingWindowInSeconds=WINDOW_S)
    await stage.pass_by(5)
    assert [(texts, is_last) for texts, _, is_last in calls(stage)] == [
        *((["a"], False), ([], True), (["b"], False), ([], True), (["c"], False), ([], True))
    ]
    await poller.stop()


async def test_the_state_of_a_window_outlives_who_polls():
    stage, poller = await begun()
    stage.put("a")
    await stage.pass_by(5)
    await poller.stop()
    stage.put("b")
    await stage.pass_by(5)
    poller = stage.poller(TumblingWindowInSeconds=WINDOW_S)
    await stage.pass_by(60)
    assert calls(stage) == [(["a"], {}, False), (["b"], {"count": 1}, False), ([], {"count": 2}, True)]
    await poller.stop()


async def test_a_window_ends_with_its_shard():
    stage, poller = await begun()
    stage.put("a")
    await stage.pass_by(2)
    stage.split()
    await stage.pass_by(5)
    assert calls(stage) == [(["a"], {}, False), ([], {"count": 1}, True)]
    await poller.stop()


async def test_a_state_that_is_too_large_ends_the_window_early_and_the_rest_begins_anew():
    stage, poller = await begun()
    large = json.dumps({"state": {"text": "x" * (1 << 20)}}).encode()
    stage.functions.answer = lambda event: Outcome(large) if "a" in texts_of(event) else counting(event)
    stage.put("a")
    await stage.pass_by(5)
    stage.put("b")
    await stage.pass_by(60)
    flags = [(one["isFinalInvokeForWindow"], one["isWindowTerminatedEarly"]) for one in stage.events]
    assert flags == [(False, False), (True, True), (False, False), (True, False)]
    assert [len(json.dumps(one["state"])) > 1 << 20 for one in stage.events] == [False, True, False, False]
    assert len({one["window"]["start"] for one in stage.events}) == 1
    await poller.stop()


async def test_an_answer_without_a_state_is_a_failure():
    stage, poller = await begun(MaximumRetryAttempts=1, **ON_FAILURE)
    stage.functions.answer = lambda _: Outcome(b"{}")
    stage.put("a")
    await stage.pass_by(20)
    assert [texts for texts, *_ in calls(stage)] == [["a"], ["a"]]
    assert str(poller.report().result).startswith("PROBLEM: The function's response has no state")
    (document,) = stage.destination.documents
    assert document["timeWindowInfo"]["isFinalInvokeForWindow"] is False
    await poller.stop()


async def test_a_last_call_that_fails_holds_the_shard_until_it_is_given_up():
    stage, poller = await begun(MaximumRetryAttempts=2, **ON_FAILURE)
    stage.functions.answer = lambda event: FAILED if event["isFinalInvokeForWindow"] else counting(event)
    stage.put("a")
    await stage.pass_by(61)
    stage.put("b")
    await stage.pass_by(20)
    assert [(texts, is_last) for texts, _, is_last in calls(stage)] == [
        *((["a"], False), ([], True), ([], True), ([], True), (["b"], False))
    ]
    (document,) = stage.destination.documents
    assert document["KinesisBatchInfo"] == {"shardId": "shardId-000000000000", "streamArn": STREAM}
    assert document["timeWindowInfo"]["isFinalInvokeForWindow"] is True
    await poller.stop()


async def test_halves_of_a_failed_batch_share_the_state():
    stage, poller = await begun(BisectBatchOnFunctionError=True, MaximumRetryAttempts=0)
    stage.functions.answer = lambda event: FAILED if "c" in texts_of(event) else counting(event)
    stage.put(*"abcd", key="k")
    await stage.pass_by(61)
    assert calls(stage)[-1] == ([], {"count": 3}, True)
    await poller.stop()
