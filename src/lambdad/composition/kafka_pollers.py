"""Makes what polls Kafka; its code is read when the first mapping of it is there."""

from __future__ import annotations

from collections.abc import Mapping

from lambdad.composition.queue_pollers import counts_of, functions_of
from lambdad.composition.sources import Polling
from lambdad.composition.stream_pollers import ordered_tools
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.limits import MAX_HELD_MESSAGE_BYTES
from lambdad.identity.authorization.poller_roles import RolesOfPollers
from lambdad.neighbours.kafka.clusters import Clusters
from lambdad.neighbours.secrets_manager import SecretsManager
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.ports.event_sources import PollerMaker
from lambdad.sources.holding import Holding
from lambdad.sources.kafka.access import Accesses
from lambdad.sources.kafka.kafkas import Kafkas
from lambdad.sources.kafka.poller import Tools


def kafka_pollers(polling: Polling) -> Mapping[SourceKind, PollerMaker]:
    """What makes pollers of managed and self-managed clusters."""
    calls = ServiceCalls(polling.endpoints, polling.clock)
    polling.stack.push_async_callback(calls.close)
    roles = RolesOfPollers(polling.allowed.authority, polling.clock)
    counts = counts_of(polling)
    tools = Tools(
        Clusters(),
        Accesses(SecretsManager(calls), roles, polling.kafka_clusters),
        ordered_tools(polling, calls),
        functions_of(polling.catalogue),
        Holding(MAX_HELD_MESSAGE_BYTES),
        on_counts=counts.counted,
        on_lags=counts.lagging,
    )
    return {kind: Kafkas(kind, tools) for kind in (SourceKind.MSK, SourceKind.SELF_MANAGED_KAFKA)}
