"""A poller of a queue in virtual time: nothing lost, nothing out of order, no call too many."""

from __future__ import annotations

import asyncio
import json

import pytest

from lambdad.domain import lineage
from lambdad.domain.errors import Conflict, NotFound, RecursiveInvocation, ServiceFault, Throttled
from lambdad.domain.limits import MIB
from lambdad.domain.outcome import Outcome
from lambdad.ports.message_queue import QueueTrouble
from tests.fakes.queue_stage import FAILED, FUNCTION, QueueStage

REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


def filters(*patterns: object) -> dict[str, object]:
    return {"FilterCriteria": {"Filters": [{"Pattern": json.dumps(one)} for one in patterns]}}


async def test_messages_become_a_call_and_are_deleted():
    stage = QueueStage()
    sent = stage.send("a", "b", "c")
    poller = stage.poller()
    await stage.pass_by(2)
    assert stage.bodies == [["a", "b", "c"]]
    assert stage.queue.deleted == sent
    _, request = stage.functions.calls[0]
    assert (request.function, request.is_event, request.trace_header) == (FUNCTION, True, None)
    assert poller.report().result == "OK"
    await poller.stop(at_once=True)


async def test_a_batch_is_no_larger_than_asked_for():
    stage = QueueStage()
    stage.send(*"abcdefg")
    poller = stage.poller(BatchSize=3)
    await stage.pass_by(2)
    assert sorted(body for batch in stage.bodies for body in batch) == list("abcdefg")
    assert max(map(len, stage.bodies)) == 3
    await poller.stop(at_once=True)


async def test_a_window_gathers_until_it_is_over():
    stage = QueueStage()
    poller = stage.poller(BatchSize=100, MaximumBatchingWindowInSeconds=5)
    await stage.pass_by(25)
    for number in range(20):
        stage.send(str(number))
        await stage.pass_by(0.1)
    assert stage.functions.calls == []
    await stage.pass_by(6)
    assert stage.bodies == [[str(number) for number in range(20)]]
    await poller.stop(at_once=True)


async def test_a_full_batch_does_not_wait_for_its_window():
    stage = QueueStage(visibility_s=300)
    stage.send(*(str(number) for number in range(25)))
    poller = stage.poller(
        BatchSize=25, MaximumBatchingWindowInSeconds=100, ScalingConfig={"MaximumConcurrency": 2}
    )
    await stage.pass_by(60)
    assert sum(map(len, stage.bodies)) == 25
    await poller.stop(at_once=True)


async def test_six_megabytes_close_a_batch():
    stage = QueueStage()
    stage.send(*("x" * MIB for _ in range(9)))
    poller = stage.poller()
    await stage.pass_by(2)
    assert [len(batch) for batch in stage.bodies] == [5, 4]
    assert all(len(request.payload) <= 6 * MIB for _, request in stage.functions.calls)
    assert len(stage.queue.deleted) == 9
    await poller.stop(at_once=True)


async def test_what_does_not_pass_the_filters_is_deleted_unseen():
    stage = QueueStage()
    stage.send('{"kind": "keep"}', '{"kind": "other"}', "no json")
    poller = stage.poller(**filters({"body": {"kind": ["keep"]}}))
    await stage.pass_by(2)
    assert stage.bodies == [['{"kind": "keep"}']]
    assert len(stage.queue.deleted) == 3
    counts = poller.report().counts
    assert (counts.polled, counts.filtered_out, counts.invoked, counts.deleted) == (3, 2, 1, 3)
    await poller.stop(at_once=True)


async def test_a_function_that_fails_gets_its_messages_again_when_the_queue_gives_them():
    stage = QueueStage(visibility_s=30)
    stage.functions.answer = lambda event: FAILED
    stage.send("a", "b")
    poller = stage.poller()
    await stage.pass_by(29)
    assert stage.bodies == [["a", "b"]]
    assert stage.queue.deleted == []
    assert poller.report().result == "PROBLEM: Function call failed"
    await stage.pass_by(5)
    assert [record["attributes"]["ApproximateReceiveCount"] for record in stage.events[1]] == ["2", "2"]
    stage.functions.answer = lambda event: Outcome(b"null")
    await stage.pass_by(35)
    assert len(stage.queue.deleted) == 2
    assert poller.report().result == "OK"
    await poller.stop(at_once=True)


async def test_the_queue_moves_what_fails_too_often_to_its_dead_letter_queue():
    stage = QueueStage(visibility_s=30)
    dead = stage.sqs.make("dead")
    stage.sqs.make("q", 30, "dead", 2)
    stage.functions.answer = lambda event: FAILED
    sent = stage.send("a")
    poller = stage.poller()
    await stage.pass_by(120)
    assert len(stage.functions.calls) == 2
    assert list(dead.order) == sent
    await poller.stop(at_once=True)


async def test_only_what_a_function_reports_is_left():
    stage = QueueStage()
    sent = stage.send("a", "b", "c")
    said = {"batchItemFailures": [{"itemIdentifier": sent[1]}]}
    stage.functions.answer = lambda event: Outcome(json.dumps(said).encode())
    poller = stage.poller(**REPORT)
    await stage.pass_by(2)
    assert stage.queue.deleted == [sent[0], sent[2]]
    counts = poller.report().counts
    assert (counts.invoked, counts.failed_invoke, counts.deleted) == (3, 1, 2)
    await poller.stop(at_once=True)


async def test_a_report_nobody_asked_for_counts_for_nothing():
    stage = QueueStage()
    sent = stage.send("a")
    said = {"batchItemFailures": [{"itemIdentifier": sent[0]}]}
    stage.functions.answer = lambda event: Outcome(json.dumps(said).encode())
    poller = stage.poller()
    await stage.pass_by(2)
    assert stage.queue.deleted == sent
    await poller.stop(at_once=True)


@pytest.mark.parametrize(
    "error", [Throttled("ConcurrentInvocationLimitExceeded"), ServiceFault("no room"), Conflict("Pending")]
)
async def test_what_could_not_run_is_called_again_under_the_same_receipt(error):
    stage = QueueStage(visibility_s=120, timeout_s=60)
    left = [error, error]
    stage.functions.answer = lambda event: left.pop() if left else Outcome(b"null")
    sent = stage.send("a")
    poller = stage.poller()
    await stage.pass_by(10)
    assert stage.times() == [0, 0.25, 0.75]
    assert {record["receiptHandle"] for records in stage.events for record in records} == {f"{sent[0]}#1"}
    assert stage.queue.deleted == sent
    counts = poller.report().counts
    assert (counts.polled, counts.invoked, counts.failed_invoke, counts.deleted) == (1, 3, 2, 1)
    await poller.stop(at_once=True)


async def test_a_call_never_begins_that_could_outlast_its_receipt():
    stage = QueueStage(visibility_s=60, timeout_s=60)
    stage.functions.answer = lambda event: Throttled("x")
    stage.send("a")
    poller = stage.poller()
    await stage.pass_by(59)
    assert len(stage.functions.calls) == 1
    await stage.pass_by(5)
    assert stage.events[1][0]["attributes"]["ApproximateReceiveCount"] == "2"
    await poller.stop(at_once=True)


async def test_throttles_end_and_no_message_is_lost():
    stage = QueueStage(visibility_s=30, timeout_s=3)
    stage.functions.answer = lambda event: Throttled("x")
    sent = stage.send(*(str(number) for number in range(40)))
    poller = stage.poller()
    await stage.pass_by(90)
    assert poller.report().result == "PROBLEM: Rate Exceeded."
    stage.functions.answer = lambda event: Outcome(b"null")
    await stage.pass_by(60)
    assert sorted(stage.queue.deleted) == sorted(sent)
    await poller.stop(at_once=True)


async def test_calls_at_once_begin_with_five_and_grow_while_all_are_busy():
    stage = QueueStage(visibility_s=600)
    stage.functions.answer = lambda event: None
    stage.send(*(str(number) for number in range(400)))
    poller = stage.poller(BatchSize=1)
    await stage.pass_by(0.1)
    assert len(stage.functions.held) == 5
    await stage.pass_by(6)
    assert 30 <= len(stage.functions.held) <= 36
    for _ in range(400):
        while stage.functions.held:
            stage.functions.end(Outcome(b"null"))
        await stage.pass_by(0.1)
        if len(stage.queue.deleted) == 400:
            break
    assert len(stage.queue.deleted) == 400
    await poller.stop(at_once=True)


async def test_a_maximum_concurrency_is_kept():
    stage = QueueStage(visibility_s=600)
    stage.functions.answer = lambda event: None
    stage.send(*(str(number) for number in range(50)))
    poller = stage.poller(BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    await stage.pass_by(10)
    assert len(stage.functions.held) == 2
    stage.functions.end(FAILED)
    stage.functions.end(FAILED)
    await stage.pass_by(1)
    assert len(stage.functions.held) == 2
    stage.functions.answer = lambda event: Outcome(b"null")
    stage.functions.end(FAILED)
    stage.functions.end(FAILED)
    await poller.stop(at_once=True)


async def test_a_group_is_with_one_call_at_a_time_and_in_order_under_retries():
    stage = QueueStage(fifo=True, visibility_s=30)
    seen: dict[str, list[str]] = {"a": [], "b": []}
    failures = [True, False, True, False, False]

    def answer(event):
        if failures and failures.pop(0):
            return FAILED
        for record in event["Records"]:
            seen[record["attributes"]["MessageGroupId"]].append(record["body"])
        return Outcome(b"null")

    stage.functions.answer = answer
    for number in range(30):
        stage.send(str(number), group="ab"[number % 2])
    poller = stage.poller(BatchSize=4)
    await stage.pass_by(200)
    assert seen == {
        "a": [str(number) for number in range(0, 30, 2)],
        "b": [str(number) for number in range(1, 30, 2)],
    }
    await poller.stop(at_once=True)


async def test_no_more_calls_than_groups():
    stage = QueueStage(fifo=True, visibility_s=600)
    stage.functions.answer = lambda event: None
    for number in range(30):
        stage.send(str(number), group="abc"[number % 3])
    poller = stage.poller(BatchSize=1)
    await stage.pass_by(5)
    groups = [records[0]["attributes"]["MessageGroupId"] for records in stage.events]
    assert sorted(groups) == ["a", "b", "c"]
    stage.functions.answer = lambda event: FAILED
    while stage.functions.held:
        stage.functions.end(FAILED)
    await poller.stop(at_once=True)


async def test_a_function_that_is_gone_takes_no_messages_and_works_again_when_it_is_back():
    stage = QueueStage()
    version, stage.version = stage.version, None
    poller = stage.poller()
    stage.send("a")
    await stage.pass_by(30)
    assert "ReceiveMessage" not in stage.sqs.requests
    assert poller.report().result == "PROBLEM: The function does not exist"
    stage.version = version
    poller.function_changed()
    await stage.pass_by(15)
    assert stage.bodies == [["a"]]
    await poller.stop(at_once=True)


async def test_a_function_that_goes_while_its_messages_are_received_loses_none():
    stage = QueueStage(visibility_s=30)
    stage.functions.answer = lambda event: NotFound("Function not found: f")
    sent = stage.send("a")
    poller = stage.poller()
    await stage.pass_by(3)
    assert poller.report().result == "PROBLEM: Function not found: f"
    stage.functions.answer = lambda event: Outcome(b"null")
    await stage.pass_by(40)
    assert stage.queue.deleted == sent
    await poller.stop(at_once=True)


@pytest.mark.parametrize("action", ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"])
async def test_a_role_that_may_no_longer_takes_no_messages(action: str):
    stage = QueueStage()
    poller = stage.poller()
    await stage.pass_by(1)
    stage.roles.denied.add(f"sqs:{action}")
    await stage.pass_by(25)
    stage.send("a")
    await stage.pass_by(25)
    assert stage.functions.calls == []
    words = f"The function execution role does not have permissions to call {action} on SQS"
    assert poller.report().result == f"PROBLEM: {words}"
    stage.roles.denied.clear()
    await stage.pass_by(15)
    assert stage.bodies == [["a"]]
    await poller.stop(at_once=True)


REFUSED = 'sqs answered 400: {"__type":"com.amazonaws.sqs#%s","message":"%s"}'
TROUBLES = [
    (
        QueueTrouble(REFUSED % ("QueueDoesNotExist", "Gone."), "QueueDoesNotExist"),
        "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: Gone.",
    ),
    (
        QueueTrouble(REFUSED % ("RequestThrottled", "Rate exceeded"), "RequestThrottled"),
        "SQS Error Code: RequestThrottled. SQS Error Message: Rate exceeded",
    ),
    (
        QueueTrouble(REFUSED % ("ExpiredToken", "Expired."), "ExpiredToken"),
        "SQS Error Code: ExpiredToken. SQS Error Message: Expired.",
    ),
    (QueueTrouble("sqs at http://x did not answer: refused"), "sqs at http://x did not answer: refused"),
    (QueueTrouble("denied", "AccessDenied"), "role does not have permissions to call"),
]


@pytest.mark.parametrize(("trouble", "words"), TROUBLES, ids=lambda one: getattr(one, "code", ""))
async def test_trouble_with_the_queue_is_told_and_over_without_a_restart(trouble, words):
    stage = QueueStage()
    poller = stage.poller()
    await stage.pass_by(1)
    stage.sqs.trouble = trouble
    await stage.pass_by(120)
    result = poller.report().result or ""
    assert result.startswith("PROBLEM: ")
    assert words in result
    asked = len(stage.sqs.requests)
    await stage.pass_by(60)
    assert len(stage.sqs.requests) - asked < 20, "pauses become longer"
    stage.sqs.trouble = None
    stage.send("a")
    await stage.pass_by(25)
    assert stage.bodies == [["a"]]
    assert poller.report().result == "OK"
    await poller.stop(at_once=True)


async def test_lanes_that_fail_together_are_one_failure():
    stage = QueueStage()
    poller = stage.poller()
    await stage.pass_by(1)
    stage.sqs.trouble = QueueTrouble("no")
    await stage.pass_by(20)  # every poll that was under way is over
    assert poller.failures <= 2
    stage.sqs.trouble = None
    stage.send("a")
    await stage.pass_by(2.5)
    assert stage.bodies == [["a"]]
    await poller.stop(at_once=True)


async def test_messages_that_could_not_be_deleted_at_once_are_deleted_later():
    stage = QueueStage()
    stage.sqs.refuses_deletes = 2
    sent = stage.send("a")
    poller = stage.poller()
    await stage.pass_by(5)
    assert stage.queue.deleted == sent
    assert len(stage.functions.calls) == 1
    await poller.stop(at_once=True)


def in_a_chain(before: int) -> str:
    return f"Root=1-1-1;Lineage=1:{lineage.key_of(FUNCTION)}:{before}"


async def test_the_trace_of_a_message_is_that_of_the_call():
    stage = QueueStage()
    stage.send("a", trace=in_a_chain(3))
    poller = stage.poller()
    await stage.pass_by(2)
    assert stage.functions.calls[0][1].trace_header == in_a_chain(3)
    await poller.stop(at_once=True)


async def test_a_message_that_goes_round_is_left_and_keeps_no_other_from_the_function():
    stage = QueueStage()

    def answer(event):
        looped = any(record["body"] == "looped" for record in event["Records"])
        return RecursiveInvocation() if looped else Outcome(b"null")

    stage.functions.answer = answer
    good = stage.send("a", "b")
    stage.send("looped", trace=in_a_chain(15))
    poller = stage.poller()
    await stage.pass_by(2)
    assert stage.bodies == [["a", "b"], ["looped"]]
    assert stage.queue.deleted == good
    assert "recursive loop" in (poller.report().result or "")
    await poller.stop(at_once=True)


async def test_stopping_waits_for_what_was_received_and_receives_nothing_more():
    stage = QueueStage()
    stage.functions.answer = lambda event: None
    sent = stage.send("a")
    poller = stage.poller()
    await stage.pass_by(1)
    stopping = asyncio.ensure_future(poller.stop(at_once=True))
    await stage.pass_by(1)
    assert not stopping.done()
    stage.send("b")
    stage.functions.end(Outcome(b"null"))
    await stage.pass_by(1)
    assert stopping.done()
    assert stage.queue.deleted == sent
    assert stage.bodies == [["a"]]


async def test_polls_that_are_under_way_end_by_themselves_unless_there_is_no_time():
    stage = QueueStage()
    poller = stage.poller()
    await stage.pass_by(1)
    stopping = asyncio.ensure_future(poller.stop())
    sent = stage.send("a")
    await stage.pass_by(2)
    assert not stopping.done()
    assert stage.queue.deleted == sent
    await stage.pass_by(20)
    assert stopping.done()


async def test_nothing_is_received_while_too_much_is_held():
    stage = QueueStage()
    stage.holding.add(1 << 28)
    stage.send("a")
    poller = stage.poller()
    await stage.pass_by(10)
    assert stage.functions.calls == []
    stage.holding.add(-(1 << 28))
    await stage.pass_by(10)
    assert stage.bodies == [["a"]]
    assert stage.holding.held_bytes == 0
    await poller.stop(at_once=True)


async def test_metrics_hear_of_every_step():
    stage = QueueStage()
    stage.send("a", "b")
    poller = stage.poller()
    await stage.pass_by(2)
    summed = {
        name: sum(getattr(one, name) for one in stage.told) for name in ("polled", "invoked", "deleted")
    }
    assert summed == {"polled": 2, "invoked": 2, "deleted": 2}
    await poller.stop(at_once=True)


async def test_what_waits_is_told_and_nobody_waits_for_a_queue_that_is_silent():
    stage = QueueStage()
    stage.version = None
    poller = stage.poller()
    stage.send("a", "b")
    assert await poller.lag() == 2
    stage.sqs.trouble = QueueTrouble("no")
    assert await poller.lag() is None
    await poller.stop(at_once=True)
