"""The queue of asynchronous invocation in memory; passes the same contract as the real one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import replace

from lambdad.domain.errors import LambdadError
from lambdad.domain.event import Again, Backlog, Delivery, Ended, Event, Glimpse, Lane, Owed
from lambdad.domain.scope import Scope
from lambdad.ports.event_store import Claim, Stored


class FakeEvents:
    """Implements `ports.event_store.EventStore`.

    Attributes:
        refusing: what `accept` fails with; None when it works.
        owed: deliveries by id.
    """

    def __init__(self) -> None:
        self.refusing: LambdadError | None = None
        self.owed: dict[int, Delivery] = {}
        self._events: dict[int, Event] = {}
        self._taken: set[int] = set()
        self._out: set[int] = set()
        self._paused: set[Lane] = set()
        self._last = 0

    @property
    def events(self) -> list[Event]:
        """What is queued, by id."""
        return [self._events[event_id] for event_id in sorted(self._events)]

    def accept(self, event: Event, stored: Stored) -> Event:
        self._last += 1
        given = replace(event, id=self._last)
        if self.refusing is None:
            self._events[given.id] = given
            self._taken.add(given.id)
        _soon(stored, self.refusing)
        return given

    def settle(self, settlements: Sequence[Again | Ended], stored: Stored | None = None) -> None:
        for one in settlements:
            if isinstance(one, Again):
                self._events[one.event_id] = replace(
                    self._events[one.event_id],
                    due_ms=one.due_ms,
                    attempts=one.attempts,
                    refusals=one.refusals,
                )
            else:
                del self._events[one.event_id]
                for delivery in one.deliveries:
                    self._last += 1
                    self.owed[self._last] = replace(delivery, id=self._last)
            self._taken.discard(one.event_id)
        if stored is not None:
            _soon(stored, None)

    def release(self, events: Sequence[Event]) -> None:
        self._taken.difference_update(event.id for event in events)

    async def claim(self, lane: Lane, *, now_ms: int, limit: int) -> Claim:
        await asyncio.sleep(0)
        free = self._free(lane)
        found = [event for event in free if event.due_ms <= now_ms][:limit]
        self._taken.update(event.id for event in found)
        rest = self._free(lane)
        return Claim(found, rest[0].due_ms if rest else None)

    async def aged(self, lane: Lane, *, accepted_before_ms: int, limit: int) -> list[Event]:
        await asyncio.sleep(0)
        found = [event for event in self._free(lane) if event.accepted_ms < accepted_before_ms][:limit]
        self._taken.update(event.id for event in found)
        return found

    async def backlogs(self) -> list[Backlog]:
        lanes = dict.fromkeys([*(event.lane for event in self.events), *self._paused])
        return [self._backlog(lane) for lane in lanes]

    async def first(self, lane: Lane, limit: int) -> list[Glimpse]:
        queued = sorted(
            (one for one in self.events if one.lane == lane), key=lambda one: (one.due_ms, one.id)
        )
        return [
            Glimpse(one.request_id, one.accepted_ms, one.due_ms, one.attempts, one.refusals)
            for one in queued[:limit]
        ]

    async def pause(self, lane: Lane, *, paused: bool) -> None:
        (self._paused.add if paused else self._paused.discard)(lane)

    async def purge(self, lane: Lane) -> int:
        free = self._free(lane)
        for event in free:
            del self._events[event.id]
        return len(free)

    async def deliveries(self, *, now_ms: int, limit: int, but: Collection[str] = ()) -> list[Delivery]:
        free = [one for one in self._owed(but) if one.due_ms <= now_ms]
        found = sorted(free, key=lambda one: (one.due_ms, one.id))[:limit]
        self._out.update(one.id for one in found)
        return found

    def delivered(self, delivery: Delivery, stored: Stored | None = None) -> None:
        self.owed.pop(delivery.id, None)
        self._out.discard(delivery.id)
        if stored is not None:
            _soon(stored, None)

    def owe(self, delivery: Delivery) -> None:
        self.owed[delivery.id] = delivery
        self._out.discard(delivery.id)

    async def next_delivery_ms(self, *, but: Collection[str] = ()) -> int | None:
        return min((one.due_ms for one in self._owed(but)), default=None)

    async def owed_by_target(self) -> list[Owed]:
        groups: dict[tuple[Scope, str], list[Delivery]] = {}
        for one in self.owed.values():
            groups.setdefault((one.scope, one.target), []).append(one)
        found = [
            Owed(scope, target, len(some), max(one.attempts for one in some), min(one.due_ms for one in some))
            for (scope, target), some in groups.items()
        ]
        return sorted(found, key=lambda one: (one.next_due_ms, one.target))

    async def not_accepted_after(self, now_ms: int) -> None:
        for event in self.events:
            if event.accepted_ms > now_ms:
                due_ms = min(event.due_ms, now_ms + max(0, event.due_ms - event.accepted_ms))
                self._events[event.id] = replace(event, accepted_ms=now_ms, due_ms=due_ms)

    async def not_later_than(self, latest_ms: int) -> None:
        for event in self.events:
            self._events[event.id] = replace(event, due_ms=min(event.due_ms, latest_ms))
        for delivery in list(self.owed.values()):
            self.owed[delivery.id] = replace(delivery, due_ms=min(delivery.due_ms, latest_ms))

    def _owed(self, but: Collection[str]) -> list[Delivery]:
        return [one for one in self.owed.values() if one.id not in self._out and one.target not in but]

    def _free(self, lane: Lane) -> list[Event]:
        free = [
            event for event in self._events.values() if event.lane == lane and event.id not in self._taken
        ]
        return sorted(free, key=lambda event: (event.due_ms, event.id))

    def _backlog(self, lane: Lane) -> Backlog:
        events = [event for event in self.events if event.lane == lane]
        oldest = min((event.accepted_ms for event in events), default=0)
        due = min((event.due_ms for event in events), default=0)
        return Backlog(lane, len(events), oldest, due, lane in self._paused)


def _soon(stored: Stored, error: LambdadError | None) -> None:
    asyncio.get_running_loop().call_soon(stored, error)
