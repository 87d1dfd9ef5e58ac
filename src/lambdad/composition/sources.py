"""Makes the state manager of event sources, and what polls for it once a mapping wants it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from typing import Final

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
from lambdad.ports.measures import Measures
from lambdad.ports.metric_store import MetricSink
from lambdad.sources.manager import StateManager
from lambdad.storage.data_dir import DataDir

REFUSED: Final = {
    SourceKind.MQ: "lambdad does not offer Amazon MQ brokers as event sources.",
    SourceKind.DOCUMENTDB: "lambdad does not offer Amazon DocumentDB clusters as event sources.",
}
"""Kinds that no mapping can be made of, and what is said to who tries."""


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


@dataclass(frozen=True, slots=True)
class Polling:
    """What pollers are made of, of whatever kind.

    Attributes:
        endpoints: where sources and destinations are.
        invoker: calls functions.
        allowed: decides what roles of functions may.
        metrics: takes CloudWatch's metrics of mappings.
        measures: takes what functions are measured by.
        data_dir: where checkpoints are kept.
        kafka_clusters: where clusters of MSK begin, by ARN.
        stack: what pollers share ends with it, after the state manager.
    """

    endpoints: Endpoints
    catalogue: CatalogueStore
    invoker: Invoker
    allowed: Authorization
    clock: Clock
    metrics: MetricSink
    measures: Measures
    data_dir: DataDir
    kafka_clusters: Mapping[str, tuple[str, ...]]
    stack: AsyncExitStack


def state_manager(polling: Polling, stack: AsyncExitStack) -> StateManager:
    """The state manager with a maker of pollers for each kind that is polled; it ends with the stack."""

    def queues() -> PollerMaker:
        from lambdad.composition.queue_pollers import queue_pollers

        return queue_pollers(polling)

    @cache
    def streams() -> Mapping[SourceKind, PollerMaker]:
        from lambdad.composition.stream_pollers import stream_pollers

        return stream_pollers(polling)

    @cache
    def clusters() -> Mapping[SourceKind, PollerMaker]:
        from lambdad.composition.kafka_pollers import kafka_pollers

        return kafka_pollers(polling)

    queue = LaterMaker(queues)
    makers = {
        SourceKind.SQS: queue,
        SourceKind.SQS_FIFO: queue,
        SourceKind.KINESIS: LaterMaker(lambda: streams()[SourceKind.KINESIS]),
        SourceKind.DYNAMODB: LaterMaker(lambda: streams()[SourceKind.DYNAMODB]),
        SourceKind.MSK: LaterMaker(lambda: clusters()[SourceKind.MSK]),
        SourceKind.SELF_MANAGED_KAFKA: LaterMaker(lambda: clusters()[SourceKind.SELF_MANAGED_KAFKA]),
    }
    manager = StateManager(polling.catalogue.resources, makers, refused=REFUSED)
    stack.push_async_callback(manager.close)
    return manager
