"""Makes the queue of asynchronous invocation, and keeps it going."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Final

from lambdad.domain.event import Delivery
from lambdad.events.policies import CataloguePolicies
from lambdad.events.queue import LOOK_S, EventQueue
from lambdad.neighbours.couriers import Couriers
from lambdad.neighbours.endpoints import Endpoints
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.invoker import Invoker
from lambdad.storage.data_dir import DataDir
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
    data_dir: DataDir,
    catalogue: CatalogueStore,
    invoker: Invoker,
    clock: Clock,
    stack: AsyncExitStack,
    most_environments: int,
) -> EventQueue:
    """The queue on its file; it ends with the stack.

    Raises:
        StorageRefused: the file cannot be used.
    """
    store = SqliteEvents(data_dir.events)
    stack.callback(store.close)

    async def to_function(delivery: Delivery) -> None:
        await queue.to_function(delivery)

    queue = EventQueue(
        store,
        invoker,
        CataloguePolicies(catalogue),
        Couriers(calls, to_function),
        clock,
        # One function's slow events never have more than half of what the host can hold.
        ceiling=max(1, min(_MOST_AT_ONCE, most_environments // 2)),
    )
    stack.push_async_callback(queue.close)
    return queue


async def look_at_events(queue: EventQueue) -> None:
    """End events that became too old while they waited, now and then, for ever."""
    while True:
        await asyncio.sleep(LOOK_S)
        try:
            queue.look()
        except Exception:  # noqa: BLE001 - or nothing would ever be looked at again
            _log.exception("events were not looked at", extra={"event": "events.look"})
