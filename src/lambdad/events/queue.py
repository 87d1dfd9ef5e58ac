"""The queue of asynchronous invocation put together: accept, run, deliver, and what people may do with it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final, Protocol

from lambdad.domain.arn import parse_function
from lambdad.domain.errors import LambdadError, ServiceFault
from lambdad.domain.event import Backlog, Condition, Delivery, Event, Glimpse, Lane, Owed, lane_of
from lambdad.domain.limits import MAX_ASYNC_REQUEST_BYTES
from lambdad.domain.measured import Measured
from lambdad.domain.request_ids import Ids
from lambdad.domain.scope import Scope
from lambdad.events.books import Books, Counts
from lambdad.events.decisions import Over
from lambdad.events.delivering import Deliverer
from lambdad.events.poller import Policies, Poller
from lambdad.events.steady import SteadyClock
from lambdad.ports.clock import Clock
from lambdad.ports.courier import Courier, NotDelivered, Undeliverable
from lambdad.ports.event_store import EventStore, Stored
from lambdad.ports.invoker import Invoker
from lambdad.ports.measures import UNMEASURED, Measures

_MS: Final = 1000

LOOK_S: Final = 10.0
"""How often events that became too old while they waited are looked for."""


@dataclass(frozen=True, slots=True)
class LaneReport:
    """What people see of a lane.

    Attributes:
        age_s: of the oldest event; 0 without one.
        next_attempt_s: until the first event is tried; 0 when it is due, None when nothing waits for time.
        running: events under way.
        throttled_s: so long nothing is started, because the last event could not be run.
    """

    backlog: Backlog
    counts: Counts
    age_s: float
    next_attempt_s: float | None
    running: int
    throttled_s: float


@dataclass(frozen=True, slots=True)
class GlimpseReport:
    """What people see of an event.

    Attributes:
        next_attempt_s: until it is tried; 0 when it is due or under way.
    """

    event: Glimpse
    age_s: float
    next_attempt_s: float


@dataclass(frozen=True, slots=True)
class OwedReport:
    """What people see of a target.

    Attributes:
        next_attempt_s: until the first message is tried; 0 when it is due.
        last_error: why the last message did not arrive; None when the last did, or none was tried yet.
    """

    owed: Owed
    next_attempt_s: float
    last_error: str | None


class EventQueue:
    """Asynchronous invocation.

    Args:
        courier: brings messages to other services; those to functions come back by `to_function`.
        ceiling: events of one function at once, at most.
        most: of all functions together, about.
        measures: is told what becomes of events.
    """

    def __init__(
        self,
        store: EventStore,
        invoker: Invoker,
        policies: Policies,
        courier: Courier,
        clock: Clock,
        *,
        ceiling: int,
        most: int,
        measures: Measures = UNMEASURED,
    ) -> None:
        later = asyncio.get_running_loop().call_later
        self._store = store
        self._measures = measures
        self._ids = Ids()
        self.books = Books()
        self._clock = SteadyClock(clock)
        self._poller = Poller(
            store, invoker, policies, self._clock, self, ceiling=ceiling, most=most, later=later
        )
        self._deliverer = Deliverer(store, courier, self._clock, self._failed, later)
        self._stopped = False

    async def start(self) -> int:
        """Go on with what is queued and owed; how many events."""
        queued = await self._poller.start()
        self._deliverer.wake()
        return queued

    def accept(
        self,
        lane: Lane,
        request_id: str,
        payload: bytes,
        trace: str,
        stored: Stored,
        tenant: str | None = None,
    ) -> None:
        """Queue an event; `stored` is called when it is on disk, or cannot be."""
        if self._stopped:
            stored(ServiceFault("The server is shutting down."))
        else:
            self.keep(lane, request_id, payload, trace, stored, tenant)

    def keep(
        self,
        lane: Lane,
        request_id: str,
        payload: bytes,
        trace: str,
        stored: Stored,
        tenant: str | None = None,
    ) -> None:
        """As `accept`, and until the end: when the server stops, the event is for the next one."""
        now_ms = self._clock.now_ms()
        given: list[Event] = []

        def done(error: LambdadError | None) -> None:
            stored(error)
            if error is None:
                self._measures.noted((Measured.ASYNC_RECEIVED, lane, None, now_ms, 1.0))
                self._poller.accepted(given[0])

        event = Event(lane, request_id, payload, trace, now_ms, now_ms, tenant=tenant)
        given.append(self._store.accept(event, done))
        self.books.of(lane).received += 1

    async def to_function(self, delivery: Delivery) -> None:
        """Queue a message for the function that is its target.

        Raises:
            NotDelivered: it could not be stored.
            Undeliverable: it is none of ours, or too large for an event.

        Source: metrics guide, `DestinationDeliveryFailures` ("errors can occur due to … size limits").
        """
        if len(delivery.body) > MAX_ASYNC_REQUEST_BYTES:
            raise Undeliverable(
                f"the record has {len(delivery.body)} bytes, an event at most {MAX_ASYNC_REQUEST_BYTES}"
            )
        try:
            reference = parse_function(delivery.target, delivery.scope)
        except LambdadError as error:
            raise Undeliverable(str(error)) from error
        lane = Lane(delivery.scope, reference.name, reference.qualifier)
        refusal = await queued(self.accept, lane, self._ids.request_id(), delivery.body, delivery.trace)
        if refusal is not None:
            raise NotDelivered(str(refusal))

    def changed(self, scope: Scope, name: str) -> None:
        """A function, or how its events are treated, is another now."""
        self._poller.changed(scope, name)

    def look(self) -> None:
        """End what has become too old while it waited; call every `LOOK_S`."""
        self._poller.look()

    async def report(self) -> list[LaneReport]:
        """Every lane with events, or paused, or in which something has happened since the start."""
        found = {backlog.lane: backlog for backlog in await self._store.backlogs()}
        for lane in self.books.lanes:
            found.setdefault(lane, Backlog(lane, 0, 0, 0, paused=False))
        now_ms = self._clock.now_ms()
        return [self._reported(backlog, now_ms) for backlog in found.values()]

    async def first(self, lane: Lane, limit: int) -> list[GlimpseReport]:
        """The first events of a lane, as they are due."""
        now_ms = self._clock.now_ms()
        return [
            GlimpseReport(one, max(0, now_ms - one.accepted_ms) / _MS, max(0, one.due_ms - now_ms) / _MS)
            for one in await self._store.first(lane, limit)
        ]

    async def owed_report(self) -> list[OwedReport]:
        """What is owed, by target."""
        found = await self._store.owed_by_target()
        now_ms = self._clock.now_ms()
        told = []
        for one in found:
            last_error, blocked_ms = self._deliverer.trouble(one.target)
            due_ms = max(one.next_due_ms, blocked_ms)
            told.append(OwedReport(one, max(0, due_ms - now_ms) / _MS, last_error))
        return told

    def _reported(self, backlog: Backlog, now_ms: int) -> LaneReport:
        running, blocked_ms = self._poller.glance(backlog.lane)
        waits = backlog.events > running and not backlog.paused
        return LaneReport(
            backlog,
            replace(self.books.of(backlog.lane)),
            max(0, now_ms - backlog.oldest_ms) / _MS if backlog.events else 0.0,
            max(0, max(backlog.next_due_ms, blocked_ms) - now_ms) / _MS if waits else None,
            running,
            max(0, blocked_ms - now_ms) / _MS if backlog.events else 0.0,
        )

    @property
    def stopped(self) -> bool:
        """Whether nothing is accepted and started any more."""
        return self._stopped

    def glance(self) -> tuple[int, int]:
        """How many events are queued, those under way too, and how many are under way."""
        return self._poller.load()

    async def pause(self, lane: Lane, *, paused: bool) -> None:
        """Start nothing of a lane, over restarts, or go on with it."""
        await self._poller.pause(lane, paused=paused)

    async def purge(self, lane: Lane) -> int:
        """Remove the events of a lane that are not under way; how many."""
        return await self._poller.purge(lane)

    def stop(self) -> None:
        """Accept and start nothing more; what runs is still settled."""
        self._stopped = True
        self._poller.stop()

    async def close(self) -> None:
        """End everything; what is not settled is tried again by the next server."""
        self.stop()
        await self._deliverer.close()
        await self._poller.close()

    def tried(self, event: Event, started_ms: int, *, ran: bool) -> None:
        """See `poller.Listener`."""
        self.books.tried(event.lane, ran=ran)
        if ran:
            age_ms = max(0, started_ms - event.accepted_ms)
            self._measures.noted((Measured.ASYNC_AGE, event.lane, None, started_ms, float(age_ms)))

    def ended(self, event: Event, over: Over, owed: int) -> None:
        """See `poller.Listener`."""
        self.books.ended(event, over.condition, told=owed > 0, looped=over.looped)
        if over.condition is not Condition.SUCCESS:
            self._note(Measured.ASYNC_DROPPED, event.lane)

    def owed(self) -> None:
        """See `poller.Listener`."""
        self._deliverer.wake()

    def _failed(self, delivery: Delivery, given_up: bool) -> None:
        self.books.not_delivered(delivery, given_up=given_up)
        is_letter = bool(delivery.attributes)
        what = Measured.DEAD_LETTER_ERRORS if is_letter else Measured.DESTINATION_FAILURES
        self._note(what, lane_of(delivery.scope, delivery.function_arn))

    def _note(self, what: Measured, lane: Lane) -> None:
        self._measures.noted((what, lane, None, self._clock.now_ms(), 1.0))


class Accept(Protocol):
    """`EventQueue.accept`, for whoever takes events in."""

    def __call__(
        self,
        lane: Lane,
        request_id: str,
        payload: bytes,
        trace: str,
        stored: Stored,
        tenant: str | None = None,
    ) -> None:
        """Queue an event; `stored` is called when it is on disk, or cannot be."""
        ...


async def queued(
    accept: Accept, lane: Lane, request_id: str, payload: bytes, trace: str
) -> LambdadError | None:
    """Queue an event and wait until it is on disk: None then, or why it cannot be."""
    done: asyncio.Future[LambdadError | None] = asyncio.get_running_loop().create_future()
    accept(lane, request_id, payload, trace, done.set_result)
    return await done
