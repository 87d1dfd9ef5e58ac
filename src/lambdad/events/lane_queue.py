"""What a poller knows of one lane, and what it may do with it now; pure but for its own numbers.

A lane starts as many events at once as its `most` says: it grows while events run, beyond a few only when
they take long, and halves when one is refused, so that a throttled function is asked seldom. Lanes share
nothing but the memory that events take which are about to be started, and the room that running ones take.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from lambdad.domain.event import Event, Lane
from lambdad.domain.limits import KIB, MIB
from lambdad.events.decisions import backoff_s
from lambdad.events.policy import Gone, Policy
from lambdad.events.room import Room

FIRST_MOST: Final = 4
"""Events of one lane at once, before it is known how it does."""

_QUICK_MOST: Final = 8
"""Of events that take no time to speak of: more at once would only make more environments."""

_SLOW_MS: Final = 100
"""An event that took so long waited for something other than a processor."""

_GROW_AFTER: Final = 4
"""Events that ran without a refusal before one more is started at once."""


MOST_READY: Final = 256
"""Events of one lane held in memory: enough to go on with while more are read."""

_LEAST_READY: Final = 4
_LANE_BYTES: Final = 4 * MIB
_FIRST_TYPICAL_BYTES: Final = 64 * KIB
_FORGET: Final = 0.9
"""How much of the size of the largest payload is still expected of the next."""


class Stock:
    """Bytes of payloads that all lanes hold in memory.

    Args:
        most_bytes: beyond so many each lane holds no more than it needs to go on.
    """

    __slots__ = ("_most_bytes", "held_bytes")

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self.held_bytes = 0

    @property
    def is_full(self) -> bool:
        """Whether lanes must be modest."""
        return self.held_bytes >= self._most_bytes


class LaneQueue:
    """One lane.

    Args:
        lane: whose.
        ceiling: events at once, at most.
        stock: counts what is held.
        room: counts who has events under way.

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
        "_refusals",
        "_room",
        "_stock",
        "_typical_bytes",
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

    def __init__(self, lane: Lane, ceiling: int, stock: Stock, room: Room) -> None:
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
        self._stock = stock
        self._room = room
        self._typical_bytes: float = _FIRST_TYPICAL_BYTES
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
            and self.in_flight < min(self._most, self._room.share)
            and not (self.paused or self.is_stale)
            and now_ms >= self.blocked_until_ms
        )

    def began(self) -> None:
        """An event is under way."""
        self._room.busy += self.in_flight == 0
        self.in_flight += 1

    def left(self) -> None:
        """An event is not under way any more."""
        self.in_flight -= 1
        self._room.busy -= self.in_flight == 0

    def hold(self, event: Event) -> None:
        """Keep a claimed event in memory, behind the others."""
        size = len(event.payload)
        self._typical_bytes = max(size, self._typical_bytes * _FORGET)
        self._stock.held_bytes += size
        self.ready.append(event)

    def take(self) -> Event:
        """The next event, which is held no longer."""
        event = self.ready.popleft()
        self._stock.held_bytes -= len(event.payload)
        return event

    def take_all(self) -> list[Event]:
        """All of them."""
        return [self.take() for _ in range(len(self.ready))]

    def has_room(self) -> bool:
        """Whether another event may be held in memory, behind all that are due before it."""
        return len(self.ready) < self._most_ready() and not self.has_more and not self.paused

    def _most_ready(self) -> int:
        if self._stock.is_full:
            return _LEAST_READY
        return max(_LEAST_READY, min(MOST_READY, int(_LANE_BYTES / max(1.0, self._typical_bytes))))

    def wants_policy(self, now_ms: int) -> bool:
        """Whether to read how its events are treated before anything else."""
        return self.is_stale and bool(self.backlog) and not self.busy and now_ms >= self.blocked_until_ms

    def wanted(self, now_ms: int) -> int:
        """How many due events to claim now; 0 for none."""
        due = self.has_more or (self.next_due_ms is not None and self.next_due_ms <= now_ms)
        if not due or self.busy or self.paused or now_ms < self.blocked_until_ms:
            return 0
        most = self._most_ready()
        return most if len(self.ready) <= most // 2 else 0

    def due_later(self, due_ms: int) -> None:
        """An event of the store is due then."""
        if self.next_due_ms is None or due_ms < self.next_due_ms:
            self.next_due_ms = due_ms

    def went_well(self, took_ms: int) -> None:
        """An event ran, whatever the function made of it."""
        self._refusals = 0
        if self._most >= _QUICK_MOST and took_ms < _SLOW_MS:
            return
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
