"""Makes the state manager of event sources, and what polls for it once a mapping wants it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from lambdad.composition.authorization import Authorization
from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from lambdad.neighbours.endpoints import Endpoints
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import Poller, PollerMaker, StartFrom
from lambdad.ports.invoker import Invoker
from lambdad.ports.metric_store import MetricSink
from lambdad.sources.manager import StateManager


class LaterMaker:
    """A `ports.event_sources.PollerMaker` that is made when it is asked for something first."""

    def __init__(self, make: Callable[[], PollerMaker]) -> None:
        self._make = make
        self._made: PollerMaker | None = None

    @property
    def _maker(self) -> PollerMaker:
        if self._made is None:
            self._made = self._make()
        return self._made

    def poller(self, scope: Scope, mapping: EventSourceMapping) -> Poller:
        """See `ports.event_sources.PollerMaker`."""
        return self._maker.poller(scope, mapping)

    def not_polled(self) -> str | None:
        """See `ports.event_sources.PollerMaker`."""
        return self._maker.not_polled()

    async def admit(self, scope: Scope, mapping: EventSourceMapping, version: FunctionVersion) -> None:
        """See `ports.event_sources.PollerMaker`."""
        await self._maker.admit(scope, mapping, version)

    async def forget(self, scope: Scope, mapping: EventSourceMapping) -> None:
        """See `ports.event_sources.PollerMaker`."""
        await self._maker.forget(scope, mapping)

    async def reset(self, scope: Scope, mapping: EventSourceMapping, start: StartFrom) -> None:
        """See `ports.event_sources.PollerMaker`."""
        await self._maker.reset(scope, mapping, start)


async def state_manager(
    endpoints: Endpoints,
    catalogue: CatalogueStore,
    invoker: Invoker,
    allowed: Authorization,
    clock: Clock,
    stack: AsyncExitStack,
    metrics: MetricSink,
) -> StateManager:
    """The state manager with a maker of pollers for each kind that is polled; it ends with the stack."""
    # What is made later ends here, after the manager.
    pollers = await stack.enter_async_context(AsyncExitStack())

    def queues() -> PollerMaker:
        from lambdad.composition.queue_pollers import queue_pollers

        return queue_pollers(endpoints, catalogue, invoker, allowed, clock, pollers, metrics)

    maker = LaterMaker(queues)
    manager = StateManager(catalogue.resources, {SourceKind.SQS: maker, SourceKind.SQS_FIFO: maker})
    stack.push_async_callback(manager.close)
    return manager
