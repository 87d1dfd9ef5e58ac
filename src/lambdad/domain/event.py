"""Events accepted for asynchronous invocation: what is queued, and what becomes of it.

Times are milliseconds since the epoch, of a clock that does not jump while a server lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lambdad.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class Lane:
    """The queue of one function under one name; lanes never wait for one another.

    Attributes:
        qualifier: what the caller gave; None when it gave none. It decides which configuration is used.
    """

    scope: Scope
    function: str
    qualifier: str | None = None

    @property
    def arn(self) -> str:
        """The function's ARN as records show it: always qualified."""
        return f"{self.scope.arn('lambda', f'function:{self.function}')}:{self.qualifier or '$LATEST'}"


def lane_of(scope: Scope, arn: str) -> Lane:
    """The lane whose `Lane.arn` this is; of unqualified calls when it ends with ``$LATEST``."""
    name, _, qualifier = arn.partition(":function:")[2].partition(":")
    return Lane(scope, name, None if qualifier in {"", "$LATEST"} else qualifier)


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted event.

    Attributes:
        id: given by the store, rising with acceptance; 0 before.
        request_id: what the caller was told, and what the function sees on every attempt.
        trace: the trace header of every attempt.
        accepted_ms: when it was accepted: its age counts from then.
        due_ms: when it shall be tried next.
        attempts: times the function ran.
        refusals: times in a row that it could not be run: throttled, or a fault of ours.
        tenant: of functions that keep tenants apart; None for the others.
    """

    lane: Lane
    request_id: str
    payload: bytes
    trace: str
    accepted_ms: int
    due_ms: int
    attempts: int = 0
    refusals: int = 0
    id: int = 0
    tenant: str | None = None


class Condition(StrEnum):
    """Why an event is no longer queued (AWS's `condition` in records)."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is owed to a destination or a dead-letter queue.

    Attributes:
        id: given by the store; 0 before.
        target: the ARN it goes to.
        body: as it is sent.
        attributes: message attributes by name: type and value; only dead letters have some.
        function_arn: whose event it was, for those who look.
        request_id: of the event.
        trace: trace header of the event.
        due_ms: when it shall be tried next.
        attempts: times it could not be delivered.
        role: of the function when its event ended: what may be delivered is what the role may do. None when
            nobody knows.
        folder: of objects in S3, with a slash at its end; None for that of asynchronous events.
    """

    scope: Scope
    target: str
    body: bytes
    function_arn: str
    request_id: str
    trace: str
    due_ms: int
    attributes: tuple[tuple[str, str, str], ...] = ()
    attempts: int = 0
    id: int = 0
    role: str | None = None
    folder: str | None = None

    @property
    def object_folder(self) -> str:
        """The beginning of the key that an object of this message has in S3."""
        return self.folder or f"aws/lambda/async/{self.function_arn.split(':')[6]}/"


@dataclass(frozen=True, slots=True)
class Owed:
    """What is owed to one target for the events of one account and region.

    Attributes:
        messages: not delivered yet, those under way too.
        attempts: times that the one tried most often could not be delivered.
        next_due_ms: when the first shall be tried.
    """

    scope: Scope
    target: str
    messages: int
    attempts: int
    next_due_ms: int


@dataclass(frozen=True, slots=True)
class Again:
    """An event that shall be tried again: the numbers that change."""

    event_id: int
    due_ms: int
    attempts: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Ended:
    """An event that is no longer queued, and what is owed for it."""

    event_id: int
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What people see of a queued event: all but what is in it.

    Attributes:
        due_ms: when it shall be tried.
        attempts: times its function ran for it.
        refusals: times it could not be run since the last attempt.
    """

    request_id: str
    accepted_ms: int
    due_ms: int
    attempts: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is queued in one lane.

    Attributes:
        events: queued, those under way too.
        oldest_ms: when the oldest was accepted.
        next_due_ms: when the first shall be tried.
        paused: nothing of it is tried.
    """

    lane: Lane
    events: int
    oldest_ms: int
    next_due_ms: int
    paused: bool
