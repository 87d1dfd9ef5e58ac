"""What becomes of an event after an attempt: one table of outcomes, pure.

::

    the function succeeded               ended: Success
    the function failed                  again after 1, then 2 minutes, while retries are left and it is not
                                         too old by then; else ended: RetriesExhausted or EventAgeExceeded
    throttled, or a fault of ours        again after 1 s, doubled each time up to 5 min, until it would be too
                                         old; takes nothing from the retries
    what it has reserved is 0            ended without running: ZeroReservedConcurrency, at its next attempt
    it has come round too often          ended without running: RetriesExhausted, no attempt does better
    the function is gone                 dropped: nobody is left to tell

Source: spec async-esm.md §1, and the recorded answer of an event of 60 s age that ended after one attempt;
for ZeroReservedConcurrency docs/decisions/0014-request-rates.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from lambdad.domain.errors import (
    Conflict,
    LambdadError,
    NotFound,
    RecursiveInvocation,
    ServiceFault,
    Stopped,
    Throttled,
)
from lambdad.domain.event import Again, Condition, Event
from lambdad.events.policy import Policy

RETRY_DELAYS_S: Final = (60, 120)
"""Before the second and the third attempt."""

FIRST_BACKOFF_S: Final = 1
MOST_BACKOFF_S: Final = 300
"""After throttles and faults."""

_MS: Final = 1000


class Reply(Enum):
    """How an attempt ended, as far as the queue is concerned."""

    SUCCEEDED = auto()
    FAILED = auto()
    REFUSED = auto()
    STOPPED = auto()
    LOOPED = auto()
    GONE = auto()


_ENDED: Final = {
    Reply.GONE: None,
    Reply.LOOPED: Condition.RETRIES_EXHAUSTED,
    Reply.STOPPED: Condition.ZERO_RESERVED_CONCURRENCY,
}
"""What ends an event without another attempt, and the condition that is told."""


@dataclass(frozen=True, slots=True)
class Over:
    """The event has ended.

    Attributes:
        condition: why; None when it is dropped without anybody being told.
        attempts: times the function ran, this one too.
        looped: the function has come round too often in its chain of calls.
    """

    condition: Condition | None
    attempts: int
    looped: bool = False


def reply_to(error: LambdadError) -> Reply:
    """What an error that kept the function from running means for the event."""
    if isinstance(error, NotFound):
        return Reply.GONE
    if isinstance(error, RecursiveInvocation):
        return Reply.LOOPED
    if isinstance(error, Stopped):
        return Reply.STOPPED
    # A function that is Pending, and a quota that is used up, become ready by themselves.
    return Reply.REFUSED if isinstance(error, Throttled | ServiceFault | Conflict) else Reply.FAILED


def after(event: Event, policy: Policy, reply: Reply, now_ms: int) -> Again | Over:
    """What becomes of an event."""
    if reply in _ENDED:
        return Over(_ENDED[reply], event.attempts, looped=reply is Reply.LOOPED)
    if reply is Reply.REFUSED:
        again = Again(event.id, now_ms + backoff_s(event.refusals) * _MS, event.attempts, event.refusals + 1)
        return again if not is_too_old(event, policy, again.due_ms) else _aged(event.attempts)
    attempts = event.attempts + 1
    if reply is Reply.SUCCEEDED:
        return Over(Condition.SUCCESS, attempts)
    if attempts > min(policy.max_retries, len(RETRY_DELAYS_S)):
        return Over(Condition.RETRIES_EXHAUSTED, attempts)
    again = Again(event.id, now_ms + RETRY_DELAYS_S[attempts - 1] * _MS, attempts, 0)
    return again if not is_too_old(event, policy, again.due_ms) else _aged(attempts)


def backoff_s(refusals: int) -> int:
    """How long an event waits that was refused so many times in a row before."""
    doublings = min(refusals, MOST_BACKOFF_S.bit_length())
    return min(FIRST_BACKOFF_S << doublings, MOST_BACKOFF_S)


def is_too_old(event: Event, policy: Policy, at_ms: int) -> bool:
    """Whether an event is older at that time than its lane allows."""
    return at_ms - event.accepted_ms > policy.max_age_s * _MS


def _aged(attempts: int) -> Over:
    return Over(Condition.EVENT_AGE_EXCEEDED, attempts)
