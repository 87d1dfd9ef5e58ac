"""Records that were given up, as the on-failure destination of their mapping is told of them.

Whoever reads the source waits for the end: what it has read up to is not moved on before the destination has
the record, or never will. So a server that dies in between tells it again.

Source: developer guide, "Configuring destinations for failed invocations" of Kinesis, DynamoDB and Kafka;
LocalStack's recordings of AWS (kinesis_records, dynamodb: `functionError` is null when the function named
what failed); radkawar/stackd's measured destinations: `responseContext` is not there without a call, and what
a destination refuses is not sent again. For records that are too large the guide says it is null.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, Final

import msgspec

from lambdad.domain.event import Delivery
from lambdad.domain.limits import DESTINATION_ATTEMPTS, SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.courier import Courier, NotAllowed, NotDelivered, Undeliverable
from lambdad.sources.attempts import Condition, pause_s
from lambdad.sources.calls import Called, End

_WITH_PAYLOAD: Final = (":s3:::", "kafka://")
_log = logging.getLogger("lambdad.sources")


@dataclass(frozen=True, slots=True)
class Failure:
    """Records that were given up.

    Attributes:
        condition: why.
        calls: with them, as they were in the end.
        request_id: of those calls, or a new one when there was none.
        called: the last of the calls; None when there was none.
        about: members of the record that its source has, such as ``KinesisBatchInfo``.
        payload: the event they were called with, or would have been.
    """

    condition: Condition
    calls: int
    request_id: str
    called: Called | None
    about: Mapping[str, Any]
    payload: bytes


def document(failure: Failure, function_arn: str, target: str, now_s: float) -> bytes:
    """The record of a failure.

    Args:
        failure: to tell of.
        function_arn: as the mapping has it; records have it without a qualifier.
        target: the destination; buckets and topics are given the payload, too.
        now_s: seconds since the epoch.
    """
    called = failure.called
    shown: dict[str, Any] = {
        "requestContext": {
            "requestId": failure.request_id,
            "functionArn": ":".join(function_arn.split(":")[:7]),
            "condition": failure.condition.value,
            "approximateInvokeCount": max(1, failure.calls),
        }
    }
    if called is not None:
        shown["responseContext"] = {
            "statusCode": 200,
            "executedVersion": called.version,
            "functionError": None if called.end is End.SUCCEEDED else "Unhandled",
        }
    elif failure.condition is Condition.SIZE:
        shown["responseContext"] = None
    shown |= {"version": "1.0", "timestamp": moment(now_s), **failure.about}
    if any(form in target for form in _WITH_PAYLOAD):
        shown["payload"] = failure.payload.decode("utf-8", "replace")
    return msgspec.json.encode(shown)


def moment(at_s: float) -> str:
    """A time as records show it, to the millisecond."""
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Brought(Enum):
    """What became of a record."""

    DELIVERED = auto()
    LOST = auto()
    """The destination refused it, or did not answer for a long time."""
    INTERRUPTED = auto()
    """Polling stops; it is told again by whoever polls next."""


@dataclass(frozen=True, slots=True)
class OnFailure:
    """Brings records to destinations.

    Attributes:
        courier: knows every kind of destination, and what the function's role may.
        clock: dates the records.
    """

    courier: Courier
    clock: Clock

    async def bring(
        self,
        scope: Scope,
        function_arn: str,
        role: str,
        target: str,
        folder: str,
        failure: Failure,
        pause: Callable[[float], Awaitable[object]],
        stopping: asyncio.Event,
    ) -> Brought:
        """Bring a record, and wait until it is there or never will be.

        Args:
            scope: of the mapping.
            function_arn: as the mapping has it.
            role: of the function.
            target: ARN of the destination, or ``kafka://`` and a topic.
            folder: of objects in S3, with a slash at its end.
            failure: to tell of.
            pause: waits so many seconds, or until polling is to stop.
            stopping: whether it is.
        """
        now_s = self.clock.now()
        delivery = Delivery(
            scope,
            target,
            document(failure, function_arn, target, now_s),
            function_arn,
            failure.request_id,
            "",
            int(now_s * 1000),
            role=role,
            folder=folder,
        )
        for attempt in range(1, DESTINATION_ATTEMPTS + 1):
            try:
                await self.courier.bring(delivery)
            except (NotAllowed, Undeliverable) as error:
                return _lost(delivery, attempt, error)
            except NotDelivered as error:
                if attempt == DESTINATION_ATTEMPTS:
                    return _lost(delivery, attempt, error)
            else:
                return Brought.DELIVERED
            await pause(pause_s(attempt, SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S))
            if stopping.is_set():
                break
        return Brought.INTERRUPTED


def _lost(delivery: Delivery, attempts: int, why: NotDelivered) -> Brought:
    extra = {"event": "sources.not_delivered", "request_id": delivery.request_id}
    _log.error(
        "a record of failure was not delivered to %s (attempt %d, given up): %s",
        delivery.target,
        attempts,
        why,
        extra=extra,
    )
    return Brought.LOST
