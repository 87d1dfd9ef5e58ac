"""What a poller knows of one lane, and what it may do with it now; pure but for its own numbers.

A lane starts as many events at once as its `most` says: it grows while events succeed and halves when one is
refused, so that a throttled function is asked seldom and a fast one often. Lanes know nothing of each other.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from lambdad.domain.event import Event, Lane
from lambdad.events.decisions import backoff_s
from lambdad.events.policy import Gone, Policy

FIRST_MOST: Final = 4
"""Events of one lane at once, before it is known how it does."""

_GROW_AFTER: Final = 4
"""Events that ran without a refusal before one more is started at once."""


class LaneQueue:
    """One lane.

    Args:
        lane: whose.
        ceiling: events at once, at most.
        ready_most: events held in memory, at most.

    Attributes:
        policy: None until it is read.
        is_stale: nothing is started before it is read: it never was, or the function changed since.
        changes: times the function changed.
        ready: claimed and due, in order.
        in_flight: started and not settled.
        backlog: queued altogether, those in memory and in flight too.
        has_more: the store may have events that are due and not claimed.
        next_due_ms: when the store has the next; None when it has none.
        blocked_until_ms: nothing is started before, for the last one was refused.
        paused: nothing is started.
        busy: something of it is being read.
        is_starting: its ready events are being started now.
    """

    __slots__ = (
        "_ceiling",
        "_good",
        "_most",
        "_ready_most",
        "_refusals",
        "backlog",
        "blocked_until_ms",
        "busy",
        "changes",
        "has_more",
        "in_flight",
        "is_stale",
        "is_starting",
        "lane",
        "next_due_ms",
        "paused",
        "policy",
        "ready",
    )

    def __init__(self, lane: Lane, ceiling: int, ready_most: int) -> None:
        self.lane = lane
        self.policy: Policy | Gone | None = None
        self.is_stale = True
        self.changes = 0
        self.ready: deque[Event] = deque()
        self.in_flight = 0
        self.backlog = 0
        self.has_more = False
        self.next_due_ms: int | None = None
        self.blocked_until_ms = 0
        self.paused = False
        self.busy = False
        self.is_starting = False
        self._ceiling = ceiling
        self._ready_most = ready_most
        self._most = min(FIRST_MOST, ceiling)
        self._good = 0
        self._refusals = 0

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to know about it any more."""
        return not (self.backlog or self.paused or self.busy)

    def may_start(self, now_ms: int) -> bool:
        """Whether the first ready event may be started."""
        return (
            bool(self.ready)
            and self.in_flight < self._most
            and not (self.paused or self.is_stale)
            and now_ms >= self.blocked_until_ms
        )

    def has_room(self) -> bool:
        """Whether another event may be held in memory, behind all that are due before it."""
        return len(self.ready) < self._ready_most and not self.has_more and not self.paused

    def wants_policy(self, now_ms: int) -> bool:
        """Whether to read how its events are treated before anything else."""
        return self.is_stale and bool(self.backlog) and not self.busy and now_ms >= self.blocked_until_ms

    def wanted(self, now_ms: int) -> int:
        """How many due events to claim now; 0 for none."""
        due = self.has_more or (self.next_due_ms is not None and self.next_due_ms <= now_ms)
        if not due or self.busy or self.paused or now_ms < self.blocked_until_ms:
            return 0
        return self._ready_most if len(self.ready) <= self._ready_most // 2 else 0

    def due_later(self, due_ms: int) -> None:
        """An event of the store is due then."""
        if self.next_due_ms is None or due_ms < self.next_due_ms:
            self.next_due_ms = due_ms

    def went_well(self) -> None:
        """An event ran, whatever the function made of it."""
        self._refusals = 0
        self._good += 1
        if self._good >= _GROW_AFTER:
            self._good = 0
            self._most = min(self._most + 1, self._ceiling)

    def refused(self, now_ms: int) -> None:
        """An event could not be run: ask less often, and not at once."""
        self._good = 0
        self._most = max(1, self._most // 2)
        self.blocked_until_ms = max(self.blocked_until_ms, now_ms + backoff_s(self._refusals) * 1000)
        self._refusals += 1

    def changed(self) -> None:
        """The function is another now: what kept it from running may be gone."""
        self.is_stale = True
        self.changes += 1
        self.blocked_until_ms = 0
        self._refusals = 0

    def wake_ms(self) -> int | None:
        """When something can be done that cannot be done now; None when nothing waits for time."""
        if self.paused or not self.backlog:
            return None
        due = 0 if self.ready or self.has_more or self.is_stale else self.next_due_ms
        return None if due is None else max(due, self.blocked_until_ms)
