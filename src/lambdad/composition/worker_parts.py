"""The synchronous path behind the edge, put together; and what looks after it now and then."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack

from lambdad.assignment.pools import Pools
from lambdad.composition.clock import SystemClock
from lambdad.composition.expected import Expected
from lambdad.composition.monitoring.monitor import Monitor
from lambdad.composition.stores import Stores
from lambdad.composition.upkeep import repeated
from lambdad.counting.ledger import Ledger
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.limits import (
    MEMORY_LOOK_S,
    MIB,
    POOL_MEMORY_SHARE,
    PROVISIONED_LOOK_S,
    SNAPSHOT_MEMORY_SHARE,
    STARTS_PER_CPU,
)
from lambdad.domain.scope import Scope
from lambdad.edge.connection import HttpConnection
from lambdad.edge.server import EdgeServer
from lambdad.frontend.invoke import Frontend
from lambdad.frontend.provisioning import Provisioning
from lambdad.frontend.resolve import resolve
from lambdad.frontend.splitting import Weighted
from lambdad.identity.authorization.log_delivery import LogDelivery
from lambdad.placement.capacity import Placement
from lambdad.placement.sharing import Capacity, memory_ceiling_bytes
from lambdad.ports.measures import Measures
from lambdad.settings import Settings
from lambdad.worker.ahead.ahead import Ahead
from lambdad.worker.ahead.compiling import Compiler
from lambdad.worker.credentials import CredentialIssuer
from lambdad.worker.environment.making import Maker
from lambdad.worker.file_systems import FileSystems
from lambdad.worker.host import Host
from lambdad.worker.pools.blank_pools import BlankPools
from lambdad.worker.pools.housing import Housing
from lambdad.worker.runtime_api.connections import ConnectionCount, SharedConnections
from lambdad.worker.runtimes.catalogue import RuntimeCatalogue
from lambdad.worker.sandbox import group_memory
from lambdad.worker.sandbox.plan import SandboxFactory, Tier

_log = logging.getLogger("lambdad")
_RECLAIM_S = 5.0


class WorkerParts:
    """The synchronous path behind the edge."""

    def __init__(
        self,
        settings: Settings,
        factory: SandboxFactory,
        stores: Stores,
        credentials: CredentialIssuer,
        clock: SystemClock,
        stack: AsyncExitStack,
        share: Capacity,
        delivery: LogDelivery,
        measures: Measures,
        monitor: Monitor,
    ) -> None:
        self.edge: EdgeServer | None = None
        self._clock = clock
        self.credentials = credentials
        runtimes = RuntimeCatalogue()

        async def latest(scope: Scope, function: str) -> FunctionVersion | None:
            return await stores.catalogue.read(scope, function, LATEST)

        self.housing = Housing(factory, _blanks(settings, factory, clock))
        self.ahead = Ahead(Compiler(factory, stores.compiled), stores.codes, runtimes, latest)
        maker = Maker(
            factory,
            runtimes,
            stores.codes,
            self.credentials,
            self._endpoint,
            settings.outbound,
            ahead=self.ahead,
            housing=self.housing,
            file_systems=FileSystems(settings.file_systems),
            starts=monitor.started,
        )
        self.expected = Expected(stores.catalogue, maker)
        stack.push_async_callback(self.expected.close)
        self.host = Host(
            maker,
            stores.logs,
            clock,
            self._environment_gone,
            settings.max_environment_age_s,
            freezes=settings.freeze,
            connections=SharedConnections(share.shared_connections),
            on_removed=self._environment_removed,
            snapshot_bytes=int(group_memory.host_bytes() * SNAPSHOT_MEMORY_SHARE),
            sink_of=monitor.observing(delivery.of),
            ran=measures.ran,
        )
        stack.push_async_callback(self.host.close)
        if self.housing.pools is not None:
            stack.push_async_callback(self.housing.pools.close)
        stack.push_async_callback(self.ahead.close)  # before the host ends the factory
        memory = group_memory.of(factory)
        there = min(group_memory.host_bytes(), (memory and memory.limit_bytes()) or sys.maxsize)
        placement = Placement(self.host, share.environments, memory, memory_ceiling_bytes(settings, there))
        most_starting = max(1, int(STARTS_PER_CPU * (os.cpu_count() or 1)))
        later = asyncio.get_running_loop().call_later
        self.pools = Pools(placement, clock, settings.idle_environment_s, most_starting, later)

        async def find(scope: Scope, function: str, qualifier: str | None) -> FunctionVersion | Weighted:
            return await resolve(stores.catalogue, scope, function, qualifier)

        stack.callback(self.pools.close)  # before the host ends what is kept
        self.ledger = Ledger(settings.account_concurrency, clock.monotonic)
        self.provisioning = Provisioning(self.pools, self.ledger)
        self.frontend = Frontend(
            *(monitor.timing(find), self.pools, self.ledger, clock),
            measures=measures,
            trace_share=monitor.trace_share,
        )

    def _endpoint(self, environment_id: str, scope: Scope, connections: ConnectionCount) -> HttpConnection:
        if self.edge is None:
            raise RuntimeError("an environment was started before the edge was there")
        return self.edge.inside(environment_id, scope, connections)

    def is_draining(self) -> bool:
        """Whether the server takes nobody new in."""
        return self.frontend.draining or (self.edge is not None and self.edge.is_draining)

    def _environment_gone(self, environment_id: str) -> None:
        if self.edge is not None:
            self.edge.forget_environment(environment_id)

    def _environment_removed(self) -> None:
        self.pools.removed()

    async def reclaim(self) -> None:
        """End environments that nobody used for long."""
        failed = "idle environments were not ended"
        await repeated(_RECLAIM_S, self.pools.reclaim, _log, failed, {"event": "worker.reclaim"})

    async def keep(self) -> None:
        """Keep provisioned environments initialised, over pauses and ages."""
        failed = "provisioned environments were not kept"
        await repeated(PROVISIONED_LOOK_S, self.pools.look, _log, failed, {"event": "provisioned.keep"})

    async def relieve(self) -> None:
        """End blanks and idle environments when all together have grown over the memory ceiling."""
        failed = "memory was not looked at"
        await repeated(MEMORY_LOOK_S, self._look_at_memory, _log, failed, {"event": "worker.relieve"})

    def _look_at_memory(self) -> None:
        blanks = self.housing.pools
        if blanks is not None:
            blanks.tell_memory(lacks=self.pools.placement.is_over(self._clock.monotonic()))
            blanks.look()
        self.pools.relieve()


def _blanks(settings: Settings, factory: SandboxFactory, clock: SystemClock) -> BlankPools | None:
    if not settings.pools or factory.tier is Tier.PROCESS:
        return None
    ceiling = min(settings.pool_memory_mib * MIB, int(group_memory.host_bytes() * POOL_MEMORY_SHARE))
    return BlankPools(factory, clock, ceiling_bytes=ceiling, outbound=settings.outbound)
