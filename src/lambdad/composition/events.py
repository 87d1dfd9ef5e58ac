"""Makes the queue of asynchronous invocation, and keeps it going."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack
from typing import Final

from lambdad.composition.upkeep import repeated
from lambdad.domain.event import Delivery
from lambdad.events.policies import CataloguePolicies
from lambdad.events.queue import LOOK_S, EventQueue
from lambdad.identity.authorization.role_courier import RoleCourier
from lambdad.identity.authorization.sending import Sending
from lambdad.neighbours.couriers import Couriers
from lambdad.neighbours.endpoints import Endpoints
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.invoker import Invoker
from lambdad.ports.measures import Measures
from lambdad.storage.sqlite.events_sqlite import SqliteEvents

_MOST_AT_ONCE: Final = 64
"""Events of one function at once; a function that takes long has so many environments busy."""

_log = logging.getLogger("lambdad")


def service_calls(endpoints: Endpoints, clock: Clock, stack: AsyncExitStack) -> ServiceCalls:
    """What reaches other services; it ends with the stack."""
    calls = ServiceCalls(endpoints, clock)
    stack.push_async_callback(calls.close)
    return calls


def event_queue(
    calls: ServiceCalls,
    store: SqliteEvents,
    catalogue: CatalogueStore,
    invoker: Invoker,
    clock: Clock,
    stack: AsyncExitStack,
    most: int,
    sending: Sending,
    measures: Measures,
) -> EventQueue:
    """The queue on its store; it ends with the stack, before the store."""

    async def to_function(delivery: Delivery) -> None:
        await queue.to_function(delivery)

    queue = EventQueue(
        store,
        invoker,
        CataloguePolicies(catalogue),
        RoleCourier(Couriers(calls, to_function), sending),
        clock,
        ceiling=_MOST_AT_ONCE,
        most=most,
        measures=measures,
    )
    stack.push_async_callback(queue.close)
    return queue


async def look_at_events(queue: EventQueue) -> None:
    """End events that became too old while they waited, now and then, for ever."""
    await repeated(LOOK_S, queue.look, _log, "events were not looked at", {"event": "events.look"})
