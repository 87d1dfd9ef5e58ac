"""What is told of an event that has ended: AWS's records for destinations, and dead letters; pure.

Source: spec async-esm.md §1 (recorded: record version 1.0, dead-letter attributes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from lambdad.domain import lineage
from lambdad.domain.arn import service_of
from lambdad.domain.errors import RecursiveInvocation
from lambdad.domain.event import Condition, Delivery, Event
from lambdad.domain.limits import MAX_TOPIC_MESSAGE_BYTES
from lambdad.events.policy import Policy

_MOST_ERROR_MESSAGE: Final = 1024
"""Characters of a dead letter's `ErrorMessage`."""

_UNSENDABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What an attribute may not contain: SQS refuses the whole message. Source: API reference, SendMessage."""

_OK: Final = 200
_LOOPED: Final = 400
_THROTTLED: Final = 429
_LAMBDA: Final = "lambda"
_TOPIC: Final = "sns"
_PAYLOADS: Final = frozenset({"requestPayload", "responsePayload"})

_NOT_INVOKED: Final = "Function not invoked. Function isconfigured with zero reserved concurrent executions"
"""AWS's words, blank and all, of a dead letter. Source: docs/decisions/0014."""

_raw = msgspec.json.Decoder(msgspec.Raw).decode


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last attempt of an event that reached the function.

    Attributes:
        executed_version: what ran.
        payload: what the function answered, or its error object.
        is_error: whether the function failed.
    """

    executed_version: str
    payload: bytes
    is_error: bool


def deliveries(
    event: Event,
    policy: Policy,
    condition: Condition,
    attempts: int,
    last: Attempt | None,
    now_ms: int,
    *,
    looped: bool = False,
) -> tuple[Delivery, ...]:
    """What is owed for an event that has ended.

    Args:
        event: as it was accepted.
        policy: of its lane.
        condition: why it has ended.
        attempts: times the function ran.
        last: None when it never ran, or when the last thing that happened was a refusal.
        now_ms: time of the record.
        looped: the event was stopped because its function came round too often. A record of that for a
            function that came round as often would be stopped as well, and so on: it is not owed.
    """
    owed = []
    succeeded = condition is Condition.SUCCESS
    target = policy.on_success if succeeded else policy.on_failure
    if target is not None and not (looped and _came_round(event, target)):
        told = record(event, condition, attempts, last, now_ms)
        owed.append(_owed(event, policy, target, _sendable(told, target), (), now_ms))
    if policy.dead_letter is not None and not succeeded:
        owed.append(
            _owed(
                event,
                policy,
                policy.dead_letter,
                event.payload,
                _attributes(event, condition, last, looped),
                now_ms,
            )
        )
    return tuple(owed)


def record(
    event: Event, condition: Condition, attempts: int, last: Attempt | None, now_ms: int
) -> dict[str, Any]:
    """The record that a destination receives."""
    told: dict[str, Any] = {
        "version": "1.0",
        "timestamp": timestamp(now_ms),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": event.lane.arn,
            "condition": condition.value,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": _document(event.payload),
    }
    if last is not None:
        context: dict[str, Any] = {"statusCode": _OK, "executedVersion": last.executed_version}
        if last.is_error:
            context["functionError"] = "Unhandled"
        told |= {"responseContext": context, "responsePayload": _document(last.payload)}
    return told


def _sendable(told: dict[str, Any], target: str) -> bytes:
    """A record as it is sent; to a topic without the payloads when they make it too large.

    Source: API reference, OnFailure and OnSuccess ("Lambda will drop the payload"). What such a record looks
    like is not said there.
    """
    body = msgspec.json.encode(told)
    if service_of(target) != _TOPIC or len(body) <= MAX_TOPIC_MESSAGE_BYTES:
        return body
    return msgspec.json.encode({name: said for name, said in told.items() if name not in _PAYLOADS})


def timestamp(now_ms: int) -> str:
    """Milliseconds since the epoch as records show them: ``2026-11-23T03:05:20.123Z``."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _came_round(event: Event, target: str) -> bool:
    if service_of(target) != _LAMBDA:
        return False
    return lineage.is_loop(lineage.passed_on(event.trace, lineage.key_of(target))[1])


def _attributes(
    event: Event, condition: Condition, last: Attempt | None, looped: bool
) -> tuple[tuple[str, str, str], ...]:
    if condition is Condition.ZERO_RESERVED_CONCURRENCY:  # there was no answer, so there is no code
        return (("RequestID", "String", event.request_id), ("ErrorMessage", "String", _NOT_INVOKED))
    code, message = (_OK, _message(last)) if last is not None else (_THROTTLED, "Rate Exceeded.")
    if looped:
        code, message = _LOOPED, str(RecursiveInvocation())
    known = (("RequestID", "String", event.request_id), ("ErrorCode", "Number", str(code)))
    # An attribute without a value would be refused, and the message with it.
    return (*known, ("ErrorMessage", "String", message)) if message else known


def _message(last: Attempt) -> str:
    try:
        document = msgspec.json.decode(last.payload)
    except (ValueError, RecursionError):
        document = None
    message = document.get("errorMessage") if isinstance(document, dict) else None
    text = message if isinstance(message, str) and message else last.payload.decode("utf-8", "replace")
    return _UNSENDABLE.sub("\N{REPLACEMENT CHARACTER}", text[:_MOST_ERROR_MESSAGE])


def _owed(
    event: Event,
    policy: Policy,
    target: str,
    body: bytes,
    attributes: tuple[tuple[str, str, str], ...],
    now_ms: int,
) -> Delivery:
    # As the function saw it, so that what the message calls counts it too.
    trace, _ = lineage.passed_on(event.trace, lineage.key_of(event.lane.arn))
    scope, arn, request_id = event.lane.scope, event.lane.arn, event.request_id
    return Delivery(scope, target, body, arn, request_id, trace, now_ms, attributes, role=policy.role)


def _document(payload: bytes) -> msgspec.Raw | str:
    """A payload as part of a record, untouched; what is no JSON becomes a string, as AWS shows it."""
    try:
        payload.decode()
        return _raw(payload)
    except (ValueError, RecursionError):
        return payload.decode("utf-8", "replace")
