"""Runs accepted events: claims what is due, lane by lane, and settles what became of it.

Everything happens on the loop in callbacks; a lane that waits (for time, for its function, for an answer)
keeps nobody else waiting. What is in memory is claimed; what is not is found again when there is room.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, Protocol

from lambdad.domain.errors import LambdadError
from lambdad.domain.event import Again, Condition, Delivery, Ended, Event, Lane
from lambdad.domain.limits import MIB
from lambdad.domain.scope import Scope
from lambdad.events.decisions import MOST_BACKOFF_S, RETRY_DELAYS_S, Over, Reply, after, is_too_old, reply_to
from lambdad.events.lane_queue import LaneQueue, Stock
from lambdad.events.policy import Gone, Policy
from lambdad.events.records import Attempt, deliveries
from lambdad.events.room import Room
from lambdad.events.steady import SteadyClock
from lambdad.ports.event_store import EventStore
from lambdad.ports.invoker import Invoked, Invoker, InvokeRequest

_log = logging.getLogger("lambdad.events")

_HELD_BYTES: Final = 64 * MIB
"""Payloads of all lanes held in memory, about."""

_MOST_LANES: Final = 1_000
"""Beyond so many those that have nothing queued are forgotten."""

_AGED_AT_ONCE: Final = 500
_MS: Final = 1000

Policies = Callable[[Lane], Awaitable[Policy | Gone]]
"""Reads how a lane's events are treated."""


class Listener(Protocol):
    """Is told what the poller does, to count it."""

    def tried(self, event: Event, started_ms: int, *, ran: bool) -> None:
        """An event was tried at a time (ms since the epoch), and its function ran or could not be run."""
        ...

    def ended(self, event: Event, over: Over, owed: int) -> None:
        """An event is no longer queued; so many messages are owed for it."""
        ...

    def owed(self) -> None:
        """Deliveries are in the store."""
        ...


class Timer(Protocol):
    """What `call_later` gives."""

    def cancel(self) -> None:
        """Do not call."""
        ...


class Poller:
    """The events of every lane.

    Args:
        ceiling: events of one lane at once, at most.
        most: of all lanes together, about.
        later: calls back after so many seconds.
    """

    def __init__(
        self,
        store: EventStore,
        invoker: Invoker,
        policies: Policies,
        clock: SteadyClock,
        listener: Listener,
        *,
        ceiling: int,
        most: int,
        later: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._store = store
        self._invoker = invoker
        self._policies = policies
        self._clock = clock
        self._listener = listener
        self._ceiling = ceiling
        self._later = later
        self._lanes: dict[Lane, LaneQueue] = {}
        self._stock = Stock(_HELD_BYTES)
        self._room = Room(most)
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: Timer | None = None
        self._timer_ms = 0
        self._stopped = False

    async def start(self) -> int:
        """Go on with what is queued; how many events."""
        # Times of the last life may be of a clock that was ahead: nothing waits longer than it ever would.
        longest_s = max(MOST_BACKOFF_S, *RETRY_DELAYS_S)
        await self._store.not_accepted_after(self._clock.now_ms())
        await self._store.not_later_than(self._clock.now_ms() + longest_s * _MS)
        events = 0
        for found in await self._store.backlogs():
            queue = self._queue(found.lane)
            queue.backlog = found.events
            queue.paused = found.paused
            if found.events:
                queue.next_due_ms = found.next_due_ms
            events += found.events
        for queue in list(self._lanes.values()):
            self._run(queue)
        return events

    def accepted(self, event: Event) -> None:
        """An event is on disk, claimed for us."""
        queue = self._queue(event.lane)
        queue.backlog += 1
        if self._stopped or not queue.has_room() or not self._is_next(queue, event):
            self._store.release([event])
            queue.has_more = True
        else:
            queue.hold(event)
        self._run(queue)

    def changed(self, scope: Scope, name: str) -> None:
        """A function, or how its events are treated, is another now."""
        for queue in list(self._lanes.values()):
            if queue.lane.function == name and queue.lane.scope == scope:
                queue.changed()
                self._run(queue)

    async def pause(self, lane: Lane, *, paused: bool) -> None:
        """Start nothing of a lane, over restarts, or go on with it."""
        await self._store.pause(lane, paused=paused)
        queue = self._queue(lane)
        queue.paused = paused
        queue.has_more = queue.has_more or queue.backlog > 0
        self._run(queue)

    async def purge(self, lane: Lane) -> int:
        """Remove what is queued in a lane and not under way; how many."""
        queue = self._queue(lane)
        self._give_back(queue)
        removed = await self._store.purge(lane)
        queue.backlog -= removed
        return removed

    def glance(self, lane: Lane) -> tuple[int, int]:
        """How many events of a lane are under way, and until when (ms) none is started after a refusal."""
        queue = self._lanes.get(lane)
        return (0, 0) if queue is None else (queue.in_flight, queue.blocked_until_ms)

    def load(self) -> tuple[int, int]:
        """How many events there are in every lane together, and how many of them are under way."""
        lanes = self._lanes.values()
        return sum(lane.backlog for lane in lanes), sum(lane.in_flight for lane in lanes)

    def look(self) -> None:
        """End what has become too old while it waited, and start what has room now; call now and then."""
        for queue in list(self._lanes.values()):
            self._run(queue)
            if queue.backlog > len(queue.ready) + queue.in_flight and not queue.busy:
                self._task(queue, self._end_aged(queue))

    def stop(self) -> None:
        """Start nothing more; what was started is still settled."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        for queue in self._lanes.values():
            self._give_back(queue)

    async def close(self) -> None:
        """End what reads."""
        self.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _queue(self, lane: Lane) -> LaneQueue:
        queue = self._lanes.get(lane)
        if queue is None:
            queue = self._lanes[lane] = LaneQueue(lane, self._ceiling, self._stock, self._room)
        return queue

    @staticmethod
    def _is_next(queue: LaneQueue, event: Event) -> bool:
        """Whether nothing of the store is due before it."""
        return queue.next_due_ms is None or event.due_ms <= queue.next_due_ms

    def _give_back(self, queue: LaneQueue) -> None:
        if queue.ready:
            self._store.release(queue.take_all())
            queue.has_more = True

    def _run(self, queue: LaneQueue) -> None:
        """Do for a lane whatever can be done now."""
        if self._stopped or queue.is_starting:
            return
        now_ms = self._clock.now_ms()
        if queue.wants_policy(now_ms):
            self._task(queue, self._read_policy(queue))
            return
        # What is refused at once says so while it is started, and would start the next.
        queue.is_starting = True
        try:
            while queue.may_start(now_ms):
                self._start(queue, queue.take(), now_ms)
        finally:
            queue.is_starting = False
        if wanted := queue.wanted(now_ms):
            self._task(queue, self._claim(queue, wanted))
        elif queue.is_idle and len(self._lanes) > _MOST_LANES:
            self._lanes.pop(queue.lane, None)
        else:
            self._wake_at(queue.wake_ms(), now_ms)

    def _start(self, queue: LaneQueue, event: Event, now_ms: int) -> None:
        policy = queue.policy
        if not isinstance(policy, Policy):
            self._end(queue, event, Over(None, event.attempts), None, now_ms)
        elif is_too_old(event, policy, now_ms):
            over = Over(Condition.EVENT_AGE_EXCEEDED, event.attempts)
            self._end(queue, event, over, None, now_ms)
        else:
            queue.began()
            lane = event.lane
            self._invoker.invoke(
                InvokeRequest(
                    lane.scope,
                    lane.function,
                    event.payload,
                    event.request_id,
                    qualifier=lane.qualifier,
                    trace_header=event.trace,
                    tenant=event.tenant,
                    is_event=True,
                    accepted_ms=event.accepted_ms,
                ),
                partial(self._replied, queue, event, now_ms),
            )

    def _replied(self, queue: LaneQueue, event: Event, started_ms: int, said: Invoked | LambdadError) -> None:
        now_ms = self._clock.now_ms()
        queue.left()
        last: Attempt | None = None
        if isinstance(said, Invoked):
            self._listener.tried(event, started_ms, ran=True)
            last = Attempt(said.version.version, said.outcome.payload, said.outcome.is_error)
            reply = Reply.FAILED if last.is_error else Reply.SUCCEEDED
            queue.went_well(now_ms - started_ms)
        else:
            reply = reply_to(said)
            if reply is Reply.REFUSED:
                self._listener.tried(event, started_ms, ran=False)
                queue.refused(now_ms)
        policy = queue.policy if isinstance(queue.policy, Policy) else Policy()
        verdict = after(event, policy, reply, now_ms)
        if isinstance(verdict, Again):
            self._store.settle((verdict,), partial(self._free_again, queue, verdict.due_ms))
        else:
            self._end(queue, event, verdict, last, now_ms)
        self._run(queue)

    def _free_again(self, queue: LaneQueue, due_ms: int, _: LambdadError | None) -> None:
        queue.due_later(due_ms)
        self._run(queue)

    def _end(self, queue: LaneQueue, event: Event, over: Over, last: Attempt | None, now_ms: int) -> None:
        if over.condition is None:
            _log.warning(
                "%s was dropped: %s does not exist any more",
                event.request_id,
                event.lane.arn,
                extra={"event": "events.dropped", "request_id": event.request_id},
            )
        policy, owed = queue.policy, tuple[Delivery, ...]()
        if over.condition is not None and isinstance(policy, Policy):
            owed = deliveries(event, policy, over.condition, over.attempts, last, now_ms, looped=over.looped)
        queue.backlog -= 1
        told = (lambda _: self._listener.owed()) if owed else None
        self._store.settle((Ended(event.id, owed),), told)
        self._listener.ended(event, over, len(owed))

    async def _read_policy(self, queue: LaneQueue) -> None:
        changes = queue.changes
        queue.policy = await self._policies(queue.lane)
        queue.is_stale = queue.changes != changes  # it may be of before a change

    async def _claim(self, queue: LaneQueue, limit: int) -> None:
        # What becomes free while the store is asked says so itself, so nothing of it is overwritten here.
        queue.has_more, queue.next_due_ms = False, None
        claim = await self._store.claim(queue.lane, now_ms=self._clock.now_ms(), limit=limit)
        for event in claim.events:
            queue.hold(event)
        if claim.next_due_ms is not None:
            queue.due_later(claim.next_due_ms)

    async def _end_aged(self, queue: LaneQueue) -> None:
        if queue.is_stale:
            await self._read_policy(queue)
        policy = queue.policy
        if not isinstance(policy, Policy):
            return
        now_ms = self._clock.now_ms()
        before_ms = now_ms - policy.max_age_s * _MS
        for event in await self._store.aged(queue.lane, accepted_before_ms=before_ms, limit=_AGED_AT_ONCE):
            over = Over(Condition.EVENT_AGE_EXCEEDED, event.attempts)
            self._end(queue, event, over, None, now_ms)

    def _task(self, queue: LaneQueue, work: Awaitable[None]) -> None:
        queue.busy = True
        task = asyncio.ensure_future(self._guarded(queue, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, queue: LaneQueue, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - the lane waits and tries again; the others go on
            _log.exception("events could not be read", extra={"event": "events.read"})
            queue.has_more = True
            queue.refused(self._clock.now_ms())
        finally:
            queue.busy = False
        self._run(queue)

    def _wake_at(self, when_ms: int | None, now_ms: int) -> None:
        """Have every lane looked at then, unless that happens before."""
        if when_ms is None or when_ms <= now_ms:
            return  # what can be done now waits for an answer, not for time
        if self._timer is not None:
            if self._timer_ms <= when_ms:
                return
            self._timer.cancel()
        self._timer_ms = when_ms
        self._timer = self._later((when_ms - now_ms) / _MS, self._wake)

    def _wake(self) -> None:
        self._timer = None
        for queue in list(self._lanes.values()):
            self._run(queue)
