"""The parts of a server, put together in order; whoever asked for them takes them apart in the other."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sys
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

from lambdad.assignment.pools import Pools
from lambdad.awsapi.model import load
from lambdad.awsapi.routes import LAMBDA_FAMILY
from lambdad.awsapi.service import Authorize, Handler, ModelledService
from lambdad.composition.auth_operations import AuthOperations
from lambdad.composition.authorization import authorization
from lambdad.composition.bill_operation import BillOperation
from lambdad.composition.clock import SystemClock
from lambdad.composition.events import event_queue, look_at_events, service_calls
from lambdad.composition.expected import Expected
from lambdad.composition.identity import IdentityParts, identity_of
from lambdad.composition.log_filters import log_parts
from lambdad.composition.mapping_operations import MappingOperations
from lambdad.composition.measuring import measuring_of
from lambdad.composition.metrics import MetricsService, roll_up
from lambdad.composition.monitoring.monitor import Monitor
from lambdad.composition.names import Names
from lambdad.composition.neighbours import NeighbourParts
from lambdad.composition.own_operations import OwnOperations
from lambdad.composition.queue_operations import queue_operations
from lambdad.composition.sources import state_manager
from lambdad.composition.surroundings import network_of
from lambdad.control import code_location
from lambdad.control.plane import ControlPlane
from lambdad.counting.ledger import Ledger
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.http import Request, Response
from lambdad.domain.limits import (
    MEMORY_LOOK_S,
    MIB,
    POOL_MEMORY_SHARE,
    PROVISIONED_LOOK_S,
    SNAPSHOT_MEMORY_SHARE,
    STARTS_PER_CPU,
)
from lambdad.domain.scope import Scope
from lambdad.edge.admission import Admission
from lambdad.edge.connection import HttpConnection
from lambdad.edge.gate import Gate
from lambdad.edge.identity import Identities
from lambdad.edge.invoke_async import InvokeAsync
from lambdad.edge.operations import Operation, OwnApi
from lambdad.edge.server import EdgeServer, tls_context
from lambdad.edge.services import Services
from lambdad.edge.shared import Shared
from lambdad.edge.urls import Urls
from lambdad.events.queue import EventQueue
from lambdad.frontend.invoke import Frontend
from lambdad.frontend.provisioning import Provisioning
from lambdad.frontend.resolve import resolve
from lambdad.frontend.splitting import Weighted
from lambdad.identity.authorization import logs_needs, metrics_needs
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.iam_needs import IamNeeds
from lambdad.identity.authorization.log_delivery import LogDelivery
from lambdad.identity.authorization.neighbours.guarded import Guarded
from lambdad.identity.authorization.own_gate import OwnGate
from lambdad.identity.authorization.service_gate import ServiceGate
from lambdad.neighbours.companion.offered import OFFERED
from lambdad.neighbours.forward import ExternalService
from lambdad.neighbours.object_source import FoundObjectSource
from lambdad.placement.capacity import Placement
from lambdad.placement.sharing import Capacity, capacity, memory_ceiling_bytes
from lambdad.ports.measures import Measures
from lambdad.ports.metric_store import MetricStore
from lambdad.ports.service import Service
from lambdad.settings import Settings
from lambdad.settings.model import AuthMode
from lambdad.settings.observability import token_of
from lambdad.sources.manager import StateManager
from lambdad.storage.data_dir import DataDir
from lambdad.storage.files.code_store import FileCodeStore
from lambdad.storage.files.compiled_store import FileCompiledStore
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue
from lambdad.storage.sqlite.events_sqlite import SqliteEvents
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore
from lambdad.storage.sqlite.metrics_sqlite import SqliteMetricStore
from lambdad.telemetry.live_tail import LiveTails
from lambdad.telemetry.logs_api import LogsParts, logs_handlers
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


@dataclass(slots=True)
class Parts:
    """A running server's parts, as far as its life needs them."""

    edge: EdgeServer
    shared: Shared
    frontend: Frontend
    queue: EventQueue
    tails: LiveTails
    sources: StateManager
    factory: SandboxFactory
    port: int


async def make_parts(
    settings: Settings, data_dir: DataDir, factory: SandboxFactory, clock: SystemClock, stack: AsyncExitStack
) -> Parts:
    """Everything made, and listening.

    Args:
        settings: of the server.
        data_dir: open.
        factory: makes its sandboxes.
        clock: of the machine.
        stack: is told how each part ends; `data_dir` and `factory` are its already.

    Raises:
        LambdadError: what is kept cannot be read.
        OSError: the address cannot be listened on, or a certificate cannot be read.
    """
    stores = _Stores(data_dir, clock, stack)
    measuring = measuring_of(settings, data_dir, stores.logs, stores.metrics, clock, stack)
    share = capacity(settings, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    network = network_of(settings)
    identity = await identity_of(settings, data_dir, stores.catalogue.resources, clock, stack)
    allowed = authorization(
        identity.directory,
        identity.directory,
        stores.catalogue,
        network,
        measuring.logs,
        clock,
        enforce=settings.auth is AuthMode.ENFORCE,
    )
    credentials = CredentialIssuer(identity.functions)
    measures = measuring.measures
    monitor = Monitor(settings, clock, stack)
    worker = _Worker(
        *(settings, factory, stores, credentials, clock, stack, share, allowed.delivery), measures, monitor
    )
    measuring.begin(worker.frontend, worker.ledger, stores.catalogue, worker.host.snapshots.kept)
    neighbours = NeighbourParts(settings, data_dir, clock, stack)
    calls = service_calls(neighbours.endpoints, clock, stack)
    queue = event_queue(
        *(calls, stores.events, stores.catalogue, worker.frontend, clock, stack),
        most_environments=share.environments,
        sending=allowed.sending,
        measures=measures,
    )
    sources = state_manager(neighbours.endpoints, stores.catalogue, worker.frontend, allowed, clock, stack)
    secret = os.urandom(32)
    urls = Urls(stores.catalogue.resources)
    control = ControlPlane(
        stores.catalogue,
        stores.codes,
        clock,
        objects=FoundObjectSource(lambda: neighbours.endpoints.get("s3"), clock),
        provisioner=worker.provisioning,
        reservations=worker.ledger,
        snapshots=worker.host.snapshots,
        sources=sources,
        location_secret=secret,
        on_change=(
            *(worker.frontend.forget, worker.ahead.changed, worker.expected.changed),
            *(urls.forget, queue.changed, allowed.guards.forget, sources.function_changed),
        ),
        on_reroute=(worker.frontend.reroute, queue.changed, sources.function_changed),
        on_loops=(worker.frontend.loops.allow,),
        function_url_domain=settings.function_url_domain,
        resolves=Names(clock),
        account_concurrency=settings.account_concurrency,
        block_public_policies=settings.block_public_policies,
        network=network,
        access_points=frozenset(settings.file_systems),
    )
    stack.push_async_callback(control.close)
    own = OwnOperations(
        worker.frontend,
        worker.pools,
        worker.host,
        worker.housing,
        factory,
        None if data_dir.in_memory else data_dir.path,
        time.monotonic(),
        queue,
        allowed,
        identity.functions.unknown_roles,
        stores.logs.losses,
        worker.is_draining,
        neighbours.status,
    )
    mapped = MappingOperations(sources, stores.catalogue.resources, clock)
    queued = queue_operations(queue, stores.catalogue, calls, worker.frontend, clock)
    billed = BillOperation(measuring.usage, measuring.look, stores.catalogue, settings.price_file, clock)
    downloads = _Downloads(stores, secret, clock)
    logs = await log_parts(
        stores.logs, stores.catalogue, allowed.gate, queue.keep, clock, stack, metrics=measuring.metrics
    )
    monitoring = monitor.operations(own, worker.ledger, stores.by_name, stores.logs, data_dir.path)
    shared = Shared(
        worker.frontend,
        queue.accept,
        Services(
            _lambda_family(control, InvokeAsync(worker.frontend, queue.accept), allowed.gate),
            _services(
                *(settings, stores, measuring.metrics, identity, clock, allowed.authority, logs, neighbours)
            ),
            _own_api(
                own,
                {**queued.operations, **billed.operations, **monitoring, **mapped.operations},
                {"code": downloads, "custom-resources": neighbours.custom_resource},
                settings,
            ),
            OFFERED,
        ),
        Gate(settings.allowed_hosts, settings.cors_origins),
        Identities(settings.default_region, identity.directory, clock),
        Admission(settings.signature_skew_s, clock, enforces=settings.auth is AuthMode.ENFORCE),
        urls,
        clock,
        share.clients,
        allowed.gate,
        measures,
    )
    shared.reads_traceparent = monitor.trace_share is not None
    edge = worker.edge = EdgeServer(shared)
    stack.callback(edge.close)
    await control.start()
    await queue.start()
    worker.expected.begin()
    tls = tls_context(settings.tls_cert, settings.tls_key) if settings.tls_cert and settings.tls_key else None
    port = await edge.listen(settings.host, settings.port, tls)
    await neighbours.open(
        shared, worker.frontend, queue.accept, allowed, identity.directory, port, factory.tier, stack
    )
    await sources.start()
    upkeeps = (
        *(("reclaim", worker.reclaim()), ("keep", worker.keep()), ("relieve", worker.relieve())),
        *(("events", look_at_events(queue)), ("metrics", roll_up(stores.metrics))),
        ("measure", measuring.keep()),
    )
    for name, upkeep in upkeeps:
        stack.push_async_callback(_cancelled, asyncio.create_task(upkeep, name=name))
    return Parts(edge, shared, worker.frontend, queue, logs.tails, sources, factory, port)


class _Stores:
    """What is kept."""

    def __init__(self, data_dir: DataDir, clock: SystemClock, stack: AsyncExitStack) -> None:
        self.catalogue = SqliteCatalogue(data_dir.catalogue)
        stack.callback(self.catalogue.close)
        self.logs = SqliteLogStore(data_dir.logs, clock)
        stack.callback(self.logs.close)
        self.metrics = SqliteMetricStore(data_dir.metrics, clock)
        stack.callback(self.metrics.close)
        self.events = SqliteEvents(data_dir.events)
        stack.callback(self.events.close)
        self.codes = FileCodeStore(data_dir.code)
        stack.push_async_callback(self.codes.close)
        self.compiled = FileCompiledStore(data_dir.code)
        stack.push_async_callback(self.compiled.close)

    @property
    def by_name(self) -> Mapping[str, SqliteCatalogue | SqliteLogStore | SqliteEvents | SqliteMetricStore]:
        """Those with a writer."""
        return {
            "catalogue": self.catalogue,
            "logs": self.logs,
            "events": self.events,
            "metrics": self.metrics,
        }


class _Worker:
    """The synchronous path behind the edge."""

    def __init__(
        self,
        settings: Settings,
        factory: SandboxFactory,
        stores: _Stores,
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
        while True:
            await asyncio.sleep(_RECLAIM_S)
            try:
                self.pools.reclaim()
            except Exception:  # noqa: BLE001 - or nothing would ever be reclaimed again
                _log.exception("idle environments were not ended", extra={"event": "worker.reclaim"})

    async def keep(self) -> None:
        """Keep provisioned environments initialised, over pauses and ages."""
        while True:
            await asyncio.sleep(PROVISIONED_LOOK_S)
            try:
                self.pools.look()
            except Exception:  # noqa: BLE001 - or nothing would ever be kept again
                _log.exception("provisioned environments were not kept", extra={"event": "provisioned.keep"})

    async def relieve(self) -> None:
        """End blanks and idle environments when all together have grown over the memory ceiling."""
        while True:
            await asyncio.sleep(MEMORY_LOOK_S)
            try:
                self._look_at_blanks()
                self.pools.relieve()
            except Exception:  # noqa: BLE001 - or memory would never be looked at again
                _log.exception("memory was not looked at", extra={"event": "worker.relieve"})

    def _look_at_blanks(self) -> None:
        blanks = self.housing.pools
        if blanks is not None:
            blanks.tell_memory(lacks=self.pools.placement.is_over(self._clock.monotonic()))
            blanks.look()


class _Downloads:
    """Sends the archive behind a signed code location."""

    def __init__(self, stores: _Stores, secret: bytes, clock: SystemClock) -> None:
        self._stores = stores
        self._secret = secret
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        """Answer `GET /lambdad/v1/code/<key>.zip`."""
        key = code_location.verify(self._secret, request.path, dict(request.query), self._clock.now())
        body = await asyncio.to_thread(self._stores.codes.archive(key).read_bytes)
        return Response(200, body, (("Content-Type", "application/zip"),))


def _lambda_family(control: ControlPlane, invoke_async: Handler, gate: Authorize) -> dict[str, Service]:
    handlers = {**control.operations, "InvokeAsync": invoke_async}
    return {
        name: _Lazy(name, handlers if name == "lambda" else {}, gate if name == "lambda" else None)
        for name in LAMBDA_FAMILY
    }


class _Lazy:
    """A modelled service whose model is read at its first request."""

    def __init__(self, name: str, handlers: Mapping[str, Handler], authorize: Authorize | None) -> None:
        self._name = name
        self._authorize = authorize
        self._handlers = handlers
        self._service: ModelledService | None = None

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if self._service is None:
            self._service = ModelledService(load(self._name), self._handlers, authorize=self._authorize)
        return await self._service(request)


def _services(
    settings: Settings,
    stores: _Stores,
    metrics: MetricStore,
    identity: IdentityParts,
    clock: SystemClock,
    authority: Authority,
    logs: LogsParts,
    neighbours: NeighbourParts,
) -> dict[str, Service]:
    services: dict[str, Service] = {
        name: Guarded(name, ExternalService(name, endpoint, clock), authority)
        for name, endpoint in settings.services.items()
    }
    for name, service in neighbours.services(authority).items():
        services.setdefault(name, service)
    services.setdefault(
        "logs",
        ModelledService(
            load("logs"),
            logs_handlers(stores.logs, clock, logs),
            authorize=ServiceGate(authority, logs_needs.needs_of),
        ),
    )
    services.setdefault(
        "monitoring",
        MetricsService(metrics, clock, ServiceGate(authority, metrics_needs.needs_of)),
    )
    gates = {"iam": ServiceGate(authority, IamNeeds(identity.directory.arn_of))}
    for name, handlers in identity.handlers().items():
        services.setdefault(name, _Lazy(name, handlers, gates.get(name)))
    return services


def _own_api(
    own: OwnOperations, more: Mapping[str, Operation], links: Mapping[str, Service], settings: Settings
) -> OwnApi:
    token = None if settings.metrics_token_file is None else token_of(settings.metrics_token_file)
    return OwnApi(
        {
            "GET health": own.health,
            "GET status": own.status,
            "POST drain": own.drain,
            "POST backup": own.backup,
            **more,
            **AuthOperations(own.allowed.explainer).operations,
        },
        links,
        OwnGate(own.allowed.authority, token),
    )


def _blanks(settings: Settings, factory: SandboxFactory, clock: SystemClock) -> BlankPools | None:
    if not settings.pools or factory.tier is Tier.PROCESS:
        return None
    ceiling = min(settings.pool_memory_mib * MIB, int(group_memory.host_bytes() * POOL_MEMORY_SHARE))
    return BlankPools(factory, clock, ceiling_bytes=ceiling, outbound=settings.outbound)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
