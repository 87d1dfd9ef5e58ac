"""Calls with ordered records: retries, partial answers, and what the on-failure destination is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from lambdad.domain.errors import Throttled
from lambdad.domain.measured import Measured
from lambdad.domain.outcome import Outcome
from lambdad.ports.courier import NotAllowed, NotDelivered, Undeliverable
from lambdad.ports.event_sources import EventCounts
from tests.fakes.ordered_stage import TARGET, OrderedStage
from tests.fakes.queue_stage import FAILED, FUNCTION

ON_FAILURE = {"DestinationConfig": {"OnFailure": {"Destination": TARGET}}}
REPORTS = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


async def run(stage: OrderedStage, batch: Any, seconds: float = 600) -> bool:
    task = asyncio.create_task(stage.calls.settle(batch))
    await stage.sleep.pass_by(seconds)
    return task.done() and task.result()


def naming(*names: str) -> Any:
    """A function that says which of its records failed."""

    def answer(event: dict[str, Any]) -> Outcome:
        failed = [{"itemIdentifier": one} for one in event["Records"] if one in names]
        return Outcome(json.dumps({"batchItemFailures": failed}).encode())

    return answer


async def test_a_batch_that_succeeds_is_called_with_once():
    stage = OrderedStage()
    assert await run(stage, stage.batch("a", "b"))
    assert stage.events == [["a", "b"]]
    assert stage.settled == [(range(2), True)]
    assert (stage.watch.result, stage.told) == ("OK", [EventCounts(invoked=2)])


async def test_the_age_of_the_last_record_is_measured_for_each_call():
    stage = OrderedStage()
    await run(stage, stage.batch("a", arrived_s=stage.clock.now() - 3))
    what, lane, version, _, much = stage.noted[0]
    assert (what, lane.function, lane.qualifier, version) == (Measured.ITERATOR_AGE, "f", None, None)
    assert much == 3000


async def test_a_failing_batch_keeps_its_request_id_and_is_given_up_after_its_retries():
    stage = OrderedStage(MaximumRetryAttempts=2, **ON_FAILURE)
    stage.functions.answer = lambda _: FAILED
    assert await run(stage, stage.batch("a", "b"))
    assert stage.events == [["a", "b"]] * 3
    assert len({request.request_id for _, request in stage.functions.calls}) == 1
    assert stage.settled == [(range(2), False)]
    (document,) = stage.destination.documents
    (delivery,) = stage.destination.taken
    assert document.pop("timestamp").endswith("Z")
    assert document == {
        "requestContext": {
            "requestId": stage.functions.calls[0][1].request_id,
            "functionArn": FUNCTION,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 3,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "KinesisBatchInfo": {"batchSize": 2},
    }
    assert (delivery.role, delivery.trace) == (stage.version.role if stage.version else None, "")
    assert stage.watch.counts.delivered_on_failure == 2
    assert stage.watch.result == "PROBLEM: Function call failed"


async def test_a_function_that_names_failures_is_no_error_of_the_function():
    stage = OrderedStage(MaximumRetryAttempts=0, **ON_FAILURE, **REPORTS)
    stage.functions.answer = naming("b")
    assert await run(stage, stage.batch("a", "b", "c"))
    assert stage.events == [["a", "b", "c"], ["b", "c"]]
    assert stage.settled == [(range(1), True), (range(1, 3), False)]
    assert stage.destination.documents[0]["responseContext"]["functionError"] is None


async def test_bisecting_finds_the_poison_record_and_keeps_the_order():
    stage = OrderedStage(MaximumRetryAttempts=0, BisectBatchOnFunctionError=True, **ON_FAILURE)
    stage.functions.answer = lambda event: FAILED if "c" in event["Records"] else Outcome(b"null")
    assert await run(stage, stage.batch(*"abcdef"))
    assert [at for part, _ in stage.settled for at in part] == list(range(6))
    assert [part for part, was_done in stage.settled if not was_done] == [range(2, 3)]
    assert [one["KinesisBatchInfo"]["batchSize"] for one in stage.destination.documents] == [1]


async def test_a_wrong_identifier_fails_all_and_is_told_as_aws_words_it():
    stage = OrderedStage(MaximumRetryAttempts=0, **REPORTS)
    stage.functions.answer = lambda _: Outcome(b'{"batchItemFailures":[{"itemIdentifier":"z"}]}')
    assert await run(stage, stage.batch("a", "b"))
    assert stage.settled == [(range(2), False)]
    assert stage.watch.result == (
        "PROBLEM: Sequence number in function response is invalid. Please check function implementation."
    )
    assert stage.watch.counts.dropped == 2


async def test_throttles_use_up_no_retries():
    stage = OrderedStage(MaximumRetryAttempts=0)
    stage.functions.answer = lambda _: (
        Throttled("ConcurrentInvocationLimitExceeded")
        if len(stage.functions.calls) < 20
        else Outcome(b"null")
    )
    assert await run(stage, stage.batch("a"))
    assert stage.settled == [(range(1), True)]


async def test_records_that_are_too_old_are_not_called_with():
    stage = OrderedStage(MaximumRecordAgeInSeconds=60, **ON_FAILURE)
    assert await run(stage, stage.batch("a", arrived_s=stage.clock.now() - 61))
    assert stage.events == []
    (document,) = stage.destination.documents
    assert document["requestContext"]["condition"] == "RecordAgeExceeded"
    assert document["requestContext"]["approximateInvokeCount"] == 1
    assert "responseContext" not in document


async def test_records_grow_too_old_while_they_are_tried_again():
    stage = OrderedStage(MaximumRecordAgeInSeconds=60, **ON_FAILURE)
    stage.functions.answer = lambda _: FAILED
    assert await run(stage, stage.batch("a"))
    (document,) = stage.destination.documents
    assert document["requestContext"]["condition"] == "RecordAgeExceeded"
    assert document["requestContext"]["approximateInvokeCount"] == len(stage.functions.calls) > 1
    assert document["responseContext"]["functionError"] == "Unhandled"


async def test_nothing_moves_on_while_the_destination_does_not_answer():
    stage = OrderedStage(MaximumRetryAttempts=0, **ON_FAILURE)
    stage.functions.answer = lambda _: FAILED
    stage.destination.refusals = [NotDelivered("away")] * 3
    assert not await run(stage, stage.batch("a"), seconds=2)
    assert stage.settled == []
    await stage.sleep.pass_by(60)
    assert stage.settled == [(range(1), False)]
    assert len(stage.destination.taken) == 1


async def test_a_record_that_the_destination_will_never_take_is_dropped_and_counted():
    for refusal in (NotAllowed("no"), Undeliverable("no")):
        stage = OrderedStage(MaximumRetryAttempts=0, **ON_FAILURE)
        stage.functions.answer = lambda _: FAILED
        stage.destination.refusals = [refusal]
        assert await run(stage, stage.batch("a"), seconds=1)
        assert stage.settled == [(range(1), False)]
        assert stage.watch.counts.dropped == 1
        assert [one[0] for one in stage.noted] == [Measured.ITERATOR_AGE, Measured.DESTINATION_FAILURES]


async def test_a_destination_that_stays_away_does_not_hold_a_shard_for_ever():
    stage = OrderedStage(MaximumRetryAttempts=0, **ON_FAILURE)
    stage.functions.answer = lambda _: FAILED
    stage.destination.refusals = [NotDelivered("away")] * 1000
    assert await run(stage, stage.batch("a"))
    assert stage.settled == [(range(1), False)]


async def test_polling_that_stops_leaves_what_is_not_settled():
    stage = OrderedStage(MaximumRetryAttempts=1, **ON_FAILURE)
    stage.functions.answer = lambda _: FAILED
    stage.destination.refusals = [NotDelivered("away")] * 1000
    task = asyncio.create_task(stage.calls.settle(stage.batch("a")))
    await stage.sleep.pass_by(2)
    stage.watch.stopping.set()
    await stage.sleep.pass_by(0)
    assert await task is False
    assert stage.settled == []


async def test_buckets_are_given_the_payload_too():
    bucket = {"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failures"}}}
    stage = OrderedStage(MaximumRetryAttempts=0, **bucket)
    stage.functions.answer = lambda _: FAILED
    await run(stage, stage.batch("a"))
    assert json.loads(stage.destination.documents[0]["payload"]) == {"Records": ["a"]}
    assert stage.destination.taken[0].object_folder == "aws/lambda/uuid-1/shard-1/"


async def test_without_its_function_nothing_is_sent_in_its_name():
    stage = OrderedStage(MaximumRecordAgeInSeconds=60, **ON_FAILURE)
    stage.version = None
    assert await run(stage, stage.batch("a", arrived_s=stage.clock.now() - 61))
    assert stage.destination.taken == []
    assert stage.watch.counts.dropped == 1
