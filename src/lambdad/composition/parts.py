"""The parts of a server, put together in order; whoever asked for them takes them apart in the other."""

from __future__ import annotations

import asyncio
import os
import resource
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import lambdad
from lambdad.composition.asked.asked_operations import asked_operations
from lambdad.composition.authorization import authorization
from lambdad.composition.bill_operation import BillOperation
from lambdad.composition.bucket_events import bucket_events
from lambdad.composition.clock import SystemClock
from lambdad.composition.events import event_queue, look_at_events, service_calls
from lambdad.composition.identity import identity_of, keep_accesses
from lambdad.composition.logs_service import LogsService
from lambdad.composition.mapping_operations import MappingOperations
from lambdad.composition.measuring import measuring_of
from lambdad.composition.metrics import roll_up
from lambdad.composition.monitoring.monitor import Monitor
from lambdad.composition.names import Names
from lambdad.composition.neighbours import NeighbourParts
from lambdad.composition.own_operations import OwnOperations
from lambdad.composition.queue_operations import queue_operations
from lambdad.composition.service_parts import Downloads, lambda_family, other_services, own_api
from lambdad.composition.sources import Polling, state_manager
from lambdad.composition.stores import Stores
from lambdad.composition.surroundings import network_of
from lambdad.composition.worker_parts import WorkerParts
from lambdad.control.plane import ControlPlane
from lambdad.edge.admission import Admission
from lambdad.edge.console_files import ConsoleFiles
from lambdad.edge.gate import Gate
from lambdad.edge.identity import Identities
from lambdad.edge.invoke_async import InvokeAsync
from lambdad.edge.server import EdgeServer, tls_context
from lambdad.edge.services import Services
from lambdad.edge.shared import Shared
from lambdad.edge.urls import Urls
from lambdad.events.queue import EventQueue
from lambdad.frontend.invoke import Frontend
from lambdad.neighbours.companion.offered import OFFERED
from lambdad.neighbours.object_source import FoundObjectSource
from lambdad.placement.sharing import capacity
from lambdad.settings import Settings
from lambdad.settings.model import AuthMode
from lambdad.sources.manager import StateManager
from lambdad.storage.data_dir import DataDir
from lambdad.worker.credentials import CredentialIssuer
from lambdad.worker.sandbox.plan import SandboxFactory


@dataclass(slots=True)
class Parts:
    """A running server's parts, as far as its life needs them."""

    edge: EdgeServer
    shared: Shared
    frontend: Frontend
    queue: EventQueue
    logs: LogsService
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
    stores = Stores(data_dir, clock, stack)
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
        accesses=identity.accesses,
    )
    credentials = CredentialIssuer(identity.functions)
    measures = measuring.measures
    monitor = Monitor(settings, clock, stack)
    worker = WorkerParts(
        *(settings, factory, stores, credentials, clock, stack, share, allowed.delivery), measures, monitor
    )
    measuring.begin(worker.frontend, worker.ledger, stores.catalogue, worker.host.snapshots.kept)
    neighbours = NeighbourParts(settings, data_dir, clock, stack)
    calls = service_calls(neighbours.endpoints, clock, stack)
    queue = event_queue(
        *(calls, stores.events, stores.catalogue, worker.frontend, clock, stack),
        most=min(share.environments, settings.account_concurrency),
        sending=allowed.sending,
        measures=measures,
    )
    polling = Polling(
        *(neighbours.endpoints, stores.catalogue, worker.frontend, allowed, clock),
        *(measuring.metrics, measures, data_dir, settings.kafka_clusters),
        await stack.enter_async_context(AsyncExitStack()),
    )
    sources = state_manager(polling, stack)
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
    downloads = Downloads(stores, secret, clock)
    buckets = bucket_events(settings, data_dir, stores.catalogue.resources, allowed.gate, queue.accept, clock)
    logs = LogsService(
        *(stores.logs, stores.catalogue, allowed.gate, queue.keep, allowed.authority),
        metrics=measuring.metrics,
        clock=clock,
    )
    stack.push_async_callback(logs.close)
    await logs.start()
    monitoring = monitor.operations(own, worker.ledger, stores.by_name, stores.logs, data_dir.path)
    shared = Shared(
        worker.frontend,
        queue.accept,
        Services(
            lambda_family(control, InvokeAsync(worker.frontend, queue.accept), allowed.gate),
            other_services(
                *(settings, measuring.metrics, identity, clock, allowed.authority, logs, neighbours),
                buckets,
            ),
            own_api(
                own,
                {
                    **queued.operations,
                    **billed.operations,
                    **monitoring,
                    **mapped.operations,
                    **buckets.operations,
                    **asked_operations(own, monitor.recent, stores.catalogue, settings, clock),
                },
                {"code": downloads, "custom-resources": neighbours.custom_resource, **buckets.links},
                settings,
            ),
            OFFERED,
            ConsoleFiles(Path(lambdad.__file__).parent / "console_files"),
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
        *(("measure", measuring.keep()), ("accesses", keep_accesses(identity.accesses))),
    )
    for name, upkeep in upkeeps:
        stack.push_async_callback(_cancelled, asyncio.create_task(upkeep, name=name))
    return Parts(edge, shared, worker.frontend, queue, logs, sources, factory, port)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
