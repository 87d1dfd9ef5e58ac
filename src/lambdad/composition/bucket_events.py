"""Whether buckets of an S3 server that is elsewhere call functions; what they need is imported if so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lambdad.edge.operations import Operation
from lambdad.events.queue import Accept
from lambdad.identity.authorization.lambda_gate import LambdaGate
from lambdad.ports.clock import Clock
from lambdad.ports.resource_store import ResourceStore
from lambdad.ports.service import Service
from lambdad.settings import Settings
from lambdad.storage.data_dir import DataDir


def _as_it_is(server: Service) -> Service:
    return server


@dataclass(frozen=True, slots=True)
class BucketEvents:
    """What there is of it; nothing where S3 is not elsewhere, or where requests go there as they were signed.

    Attributes:
        around: S3 at its endpoint, with its notifications.
        links: the webhook, by the first part of its path.
        operations: by ``METHOD name``.
    """

    around: Callable[[Service], Service] = _as_it_is
    links: Mapping[str, Service] = field(default_factory=dict)
    operations: Mapping[str, Operation] = field(default_factory=dict)


def bucket_events(
    settings: Settings,
    data_dir: DataDir,
    rules: ResourceStore,
    gate: LambdaGate,
    accept: Accept,
    clock: Clock,
) -> BucketEvents:
    """Make it.

    Raises:
        StorageRefused: the file with the token cannot be used.
    """
    endpoint = settings.services.get("s3")
    if endpoint is None or endpoint.credentials is None:
        return BucketEvents()
    from lambdad.composition.notifying_buckets import notifying_buckets

    return notifying_buckets(data_dir, rules, gate, accept, clock)
