"""What becomes of an event: the table of outcomes, and the records that tell of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.errors import (
    AccessDenied,
    Conflict,
    NotFound,
    RecursiveInvocation,
    ServiceFault,
    Stopped,
    Throttled,
)
from lambdad.domain.event import Again, Condition, Delivery, Event, Lane
from lambdad.domain.lineage import key_of
from lambdad.domain.scope import Scope
from lambdad.events.decisions import Over, Reply, after, backoff_s, reply_to
from lambdad.events.policy import Policy
from lambdad.events.records import Attempt, deliveries, record

NOW = 1_795_400_000_123
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
OTHER = FUNCTION + "g"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:q"
TOPIC = "arn:aws:sns:us-east-1:000000000000:t"


def event(**changes: object) -> Event:
    members: dict[str, object] = {"accepted_ms": NOW, "due_ms": NOW, "id": 7} | changes
    return Event(Lane(Scope(), "f", "live"), "request-1", b'{"a": 1.50}', "Root=1", **members)  # type: ignore[arg-type]


def looping(target: str | None = None, dead_letter: str | None = None, lineage: str = "") -> list[Delivery]:
    """What is owed for an event that was stopped as part of a loop."""
    assert reply_to(RecursiveInvocation()) is Reply.LOOPED
    over = after(event(), Policy(), Reply.LOOPED, NOW)
    assert over == Over(Condition.RETRIES_EXHAUSTED, 0, looped=True)
    stopped = replace(event(), trace=f"Root=1;Lineage=1:{key_of(FUNCTION)}:15{lineage}")
    policy = Policy(on_failure=target, dead_letter=dead_letter)
    return list(deliveries(stopped, policy, Condition.RETRIES_EXHAUSTED, 0, None, NOW, looped=True))


def test_an_event_of_a_loop_ends_without_running_and_says_why():
    told, dead = looping(QUEUE, QUEUE)
    assert json.loads(told.body)["requestContext"]["approximateInvokeCount"] == 0
    assert "responseContext" not in json.loads(told.body)
    assert dead.attributes[1:] == (
        ("ErrorCode", "Number", "400"),
        ("ErrorMessage", "String", str(RecursiveInvocation())),
    )


def test_a_loop_is_told_to_functions_but_not_to_those_that_went_round_themselves():
    assert len(looping(OTHER)) == 1
    assert looping(FUNCTION) == looping(OTHER, lineage=f"|{key_of(OTHER)}:15") == []


def test_messages_carry_the_lineage_that_the_function_saw():
    owed = deliveries(event(), Policy(on_success=QUEUE), Condition.SUCCESS, 1, None, NOW)
    assert owed[0].trace == f"Root=1;Lineage=1:{key_of(FUNCTION)}:0"


def test_success_ends_an_event():
    assert after(event(), Policy(), Reply.SUCCEEDED, NOW) == Over(Condition.SUCCESS, 1)
    assert after(event(attempts=2), Policy(), Reply.SUCCEEDED, NOW) == Over(Condition.SUCCESS, 3)


def test_a_failed_event_is_tried_again_after_one_and_two_minutes():
    assert after(event(), Policy(), Reply.FAILED, NOW) == Again(7, NOW + 60_000, 1, 0)
    assert after(event(attempts=1, refusals=4), Policy(), Reply.FAILED, NOW) == Again(7, NOW + 120_000, 2, 0)
    assert after(event(attempts=2), Policy(), Reply.FAILED, NOW) == Over(Condition.RETRIES_EXHAUSTED, 3)


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_as_often_as_is_configured(retries: int):
    policy = Policy(max_retries=retries)
    assert after(event(attempts=retries), policy, Reply.FAILED, NOW) == Over(
        Condition.RETRIES_EXHAUSTED, retries + 1
    )
    if retries:
        assert isinstance(after(event(attempts=retries - 1), policy, Reply.FAILED, NOW), Again)


def test_an_event_that_would_be_too_old_at_its_next_attempt_ends_at_once():
    policy = Policy(max_age_s=60)
    assert isinstance(after(event(), policy, Reply.FAILED, NOW), Again)
    assert after(event(accepted_ms=NOW - 1), policy, Reply.FAILED, NOW) == Over(
        Condition.EVENT_AGE_EXCEEDED, 1
    )
    assert after(event(accepted_ms=NOW - 59_001), policy, Reply.REFUSED, NOW) == Over(
        Condition.EVENT_AGE_EXCEEDED, 0
    )


def test_refusals_double_the_wait_and_take_no_retries():
    waits = []
    for refusals in range(12):
        again = after(event(refusals=refusals, attempts=1), Policy(), Reply.REFUSED, NOW)
        assert isinstance(again, Again)
        assert (again.attempts, again.refusals) == (1, refusals + 1)
        waits.append((again.due_ms - NOW) // 1000)
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert backoff_s(10**9) == 300


def test_an_event_of_a_function_that_is_gone_is_dropped():
    assert after(event(attempts=1), Policy(), Reply.GONE, NOW) == Over(None, 1)


def test_an_event_of_a_function_with_nothing_reserved_ends_at_once_and_is_told_as_aws_tells_it():
    over = after(event(), Policy(), Reply.STOPPED, NOW)
    assert over == Over(Condition.ZERO_RESERVED_CONCURRENCY, 0)
    policy = Policy(on_failure=QUEUE, dead_letter=QUEUE)
    told, dead = deliveries(event(), policy, Condition.ZERO_RESERVED_CONCURRENCY, 0, None, NOW)
    assert json.loads(told.body) == {
        "version": "1.0",
        "timestamp": "2026-11-23T02:13:20.123Z",
        "requestContext": {
            "requestId": "request-1",
            "functionArn": f"{FUNCTION}:live",
            "condition": "ZeroReservedConcurrency",
            "approximateInvokeCount": 0,
        },
        "requestPayload": {"a": 1.5},
    }
    assert dead.body == b'{"a": 1.50}'
    assert [name for name, _, _ in dead.attributes] == ["RequestID", "ErrorMessage"]


def test_an_event_that_ran_before_its_function_was_stopped_tells_how_often():
    over = after(event(attempts=1), Policy(), Reply.STOPPED, NOW)
    assert over == Over(Condition.ZERO_RESERVED_CONCURRENCY, 1)


@pytest.mark.parametrize(
    ("error", "reply"),
    [
        (NotFound("no"), Reply.GONE),
        (Throttled("ConcurrentInvocationLimitExceeded"), Reply.REFUSED),
        (Stopped("ReservedFunctionConcurrentInvocationLimitExceeded"), Reply.STOPPED),
        (Throttled("ReservedFunctionInvocationRateLimitExceeded", 1), Reply.REFUSED),
        (ServiceFault("no room"), Reply.REFUSED),
        (Conflict("pending"), Reply.REFUSED),
        (AccessDenied("no"), Reply.FAILED),
    ],
)
def test_what_an_error_means(error, reply):
    assert reply_to(error) is reply


@given(
    st.sampled_from(Reply),
    st.integers(0, 3),
    st.integers(0, 20),
    st.integers(0, 25_000_000),
    st.integers(0, 2),
)
def test_an_event_is_never_tried_again_when_it_is_too_old(reply, attempts, refusals, age_ms, retries):
    policy = Policy(max_age_s=21_600, max_retries=retries)
    before = event(attempts=attempts, refusals=refusals, accepted_ms=NOW - age_ms)
    verdict = after(before, policy, reply, NOW)
    if isinstance(verdict, Again):
        assert NOW < verdict.due_ms <= before.accepted_ms + policy.max_age_s * 1000
        assert verdict.attempts <= retries or reply is Reply.REFUSED


def test_a_record_is_as_aws_writes_it():
    last = Attempt("3", b'{"errorMessage":"no"}', is_error=True)
    told = deliveries(event(), Policy(on_failure=QUEUE), Condition.RETRIES_EXHAUSTED, 3, last, NOW)
    assert len(told) == 1
    assert (told[0].target, told[0].attributes, told[0].due_ms) == (QUEUE, (), NOW)
    assert json.loads(told[0].body) == {
        "version": "1.0",
        "timestamp": "2026-11-23T02:13:20.123Z",
        "requestContext": {
            "requestId": "request-1",
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f:live",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"a": 1.5},
        "responseContext": {"statusCode": 200, "executedVersion": "3", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "no"},
    }
    assert b'{"a": 1.50}' in told[0].body, "the payload is passed on untouched"


def test_success_goes_to_its_own_destination_and_tells_no_error():
    policy = Policy(on_success="s", on_failure="f", dead_letter="d")
    last = Attempt("$LATEST", b"null", is_error=False)
    told = deliveries(event(), policy, Condition.SUCCESS, 1, last, NOW)
    assert [one.target for one in told] == ["s"]
    assert json.loads(told[0].body)["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert deliveries(event(), Policy(), Condition.SUCCESS, 1, last, NOW) == ()


def test_a_dead_letter_is_the_event_itself_with_its_attributes_beside_the_record():
    policy = Policy(on_failure="f", dead_letter="d")
    last = Attempt("1", json.dumps({"errorMessage": "x" * 2000}).encode(), is_error=True)
    told = deliveries(event(), policy, Condition.RETRIES_EXHAUSTED, 3, last, NOW)
    assert [one.target for one in told] == ["f", "d"]
    assert told[1].body == b'{"a": 1.50}'
    assert told[1].attributes == (
        ("RequestID", "String", "request-1"),
        ("ErrorCode", "Number", "200"),
        ("ErrorMessage", "String", "x" * 1024),
    )


@pytest.mark.parametrize(
    ("said", "attribute"),
    [
        (
            b'{"errorMessage": "\\u001b[31mred\\u0000\\ttab \\ud83d\\ude00 \\uffff"}',
            "\ufffd[31mred\ufffd\ttab \U0001f600 \ufffd",
        ),
        (b"\x1b[31mno json", "\ufffd[31mno json"),
        (b"", None),
    ],
)
def test_a_dead_letter_says_nothing_that_services_refuse(said: bytes, attribute: str | None):
    last = Attempt("1", said, is_error=True)
    (told,) = deliveries(event(), Policy(dead_letter="d"), Condition.RETRIES_EXHAUSTED, 1, last, NOW)
    found = {key: value for key, _, value in told.attributes}
    assert found.get("ErrorMessage") == attribute
    assert found["RequestID"] == "request-1"


def test_an_event_that_never_ran_has_no_response():
    told = record(event(), Condition.EVENT_AGE_EXCEEDED, 0, None, NOW)
    assert "responseContext" not in told
    assert "responsePayload" not in told


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"not json", b"[" * 100_000])
def test_an_answer_that_is_no_json_is_told_as_text(payload: bytes):
    last = Attempt("1", payload, is_error=True)
    told = deliveries(
        event(), Policy("x" and 60, 0, None, "f", "d"), Condition.RETRIES_EXHAUSTED, 1, last, NOW
    )
    assert json.loads(told[0].body)["responsePayload"] == payload.decode("utf-8", "replace")
    assert told[1].attributes[2][2] == payload.decode("utf-8", "replace")[:1024]


@pytest.mark.parametrize("over", [0, 1])
@pytest.mark.parametrize("condition", [Condition.SUCCESS, Condition.RETRIES_EXHAUSTED])
def test_a_record_too_large_for_a_topic_is_told_without_payloads(condition: Condition, over: int):
    last = Attempt("1", b'""', is_error=condition is not Condition.SUCCESS)
    empty = len(json.dumps(_told(TOPIC, condition, last), separators=(",", ":"))) - len('{"a":1.5}')
    room = 256 * 1024 - empty - len('{"a": 1.50}') + over
    large = replace(last, payload=b'"' + b"x" * room + b'"')
    told = _told(TOPIC, condition, large)
    whole = _told(QUEUE, condition, large)
    assert len(whole["responsePayload"]) == room, "no other target is told less"
    assert told.keys() == (whole.keys() - {"requestPayload", "responsePayload"} if over else whole.keys())
    assert all(told[name] == whole[name] for name in told)


def _told(target: str, condition: Condition, last: Attempt) -> dict[str, Any]:
    """The record that a target is told."""
    policy = Policy(on_success=target, on_failure=target)
    (owed,) = deliveries(event(), policy, condition, 1, last, NOW)
    told: dict[str, Any] = json.loads(owed.body)
    return told
