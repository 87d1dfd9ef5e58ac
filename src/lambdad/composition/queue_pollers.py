"""Makes what polls queues; its code is read when the first mapping of one is there."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from lambdad.composition.authorization import Authorization
from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MAX_HELD_MESSAGE_BYTES, MAX_QUEUE_CALLS
from lambdad.domain.scope import Scope
from lambdad.frontend.resolve import resolve
from lambdad.frontend.splitting import Weighted
from lambdad.identity.authorization.poller_roles import RolesOfPollers
from lambdad.neighbours.endpoints import Endpoints
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.neighbours.sqs_queue import POLL_PATIENCE, SqsQueue
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import PollerMaker
from lambdad.ports.invoker import Invoker
from lambdad.ports.metric_store import MetricSink
from lambdad.sources.calls import FunctionCalls
from lambdad.sources.functions import Functions
from lambdad.sources.holding import Holding
from lambdad.sources.sqs.poller import Tools
from lambdad.sources.sqs.queues import Queues
from lambdad.telemetry.mapping_metrics import MappingMetrics


def queue_pollers(
    endpoints: Endpoints,
    catalogue: CatalogueStore,
    invoker: Invoker,
    allowed: Authorization,
    clock: Clock,
    stack: AsyncExitStack,
    metrics: MetricSink,
) -> PollerMaker:
    """What makes pollers of queues; what they share ends with the stack."""
    calls = ServiceCalls(endpoints, clock, POLL_PATIENCE, MAX_QUEUE_CALLS)
    stack.push_async_callback(calls.close)
    counts = MappingMetrics(metrics, clock, asyncio.get_running_loop().call_later)
    stack.callback(counts.put)
    tools = Tools(
        SqsQueue(calls),
        FunctionCalls(invoker),
        functions_of(catalogue),
        RolesOfPollers(allowed.authority, clock),
        Holding(MAX_HELD_MESSAGE_BYTES),
        clock,
        on_counts=counts.counted,
    )
    return Queues(tools, is_configured=lambda: endpoints.get("sqs") is not None)


def functions_of(catalogue: CatalogueStore) -> Functions:
    """What runs for the ARN in a mapping."""

    async def find(scope: Scope, arn: str) -> FunctionVersion | None:
        try:
            resolved = await resolve(catalogue, scope, arn)
        except LambdadError:
            return None
        return resolved.version if isinstance(resolved, Weighted) else resolved

    return find
