"""Makes what polls queues; its code is read when the first mapping of one is there."""

from __future__ import annotations

import asyncio

from lambdad.composition.sources import Polling
from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MAX_HELD_MESSAGE_BYTES, MAX_QUEUE_CALLS
from lambdad.domain.scope import Scope
from lambdad.frontend.resolve import resolve
from lambdad.frontend.splitting import Weighted
from lambdad.identity.authorization.poller_roles import RolesOfPollers
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.neighbours.sqs_queue import POLL_PATIENCE, SqsQueue
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.event_sources import PollerMaker
from lambdad.sources.calls import FunctionCalls
from lambdad.sources.functions import Functions
from lambdad.sources.holding import Holding
from lambdad.sources.sqs.poller import Tools
from lambdad.sources.sqs.queues import Queues
from lambdad.telemetry.mapping_metrics import MappingMetrics


def queue_pollers(polling: Polling) -> PollerMaker:
    """What makes pollers of queues."""
    calls = ServiceCalls(polling.endpoints, polling.clock, POLL_PATIENCE, MAX_QUEUE_CALLS)
    polling.stack.push_async_callback(calls.close)
    tools = Tools(
        SqsQueue(calls),
        FunctionCalls(polling.invoker),
        functions_of(polling.catalogue),
        RolesOfPollers(polling.allowed.authority, polling.clock),
        Holding(MAX_HELD_MESSAGE_BYTES),
        polling.clock,
        on_counts=counts_of(polling).counted,
    )
    return Queues(tools, is_configured=lambda: polling.endpoints.get("sqs") is not None)


def counts_of(polling: Polling) -> MappingMetrics:
    """What counts events for CloudWatch; what it has is put at the end."""
    counts = MappingMetrics(polling.metrics, polling.clock, asyncio.get_running_loop().call_later)
    polling.stack.callback(counts.put)
    return counts


def functions_of(catalogue: CatalogueStore) -> Functions:
    """What runs for the ARN in a mapping."""

    async def find(scope: Scope, arn: str) -> FunctionVersion | None:
        try:
            resolved = await resolve(catalogue, scope, arn)
        except LambdadError:
            return None
        return resolved.version if isinstance(resolved, Weighted) else resolved

    return find
