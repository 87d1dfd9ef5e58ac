"""The services behind the edge: Lambda, the others that are ours, neighbours, and our own operations."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial

from lambdad.awsapi.model import load
from lambdad.awsapi.routes import LAMBDA_FAMILY
from lambdad.awsapi.service import Authorize, Handler, ModelledService
from lambdad.composition.auth_operations import AuthOperations
from lambdad.composition.bucket_events import BucketEvents
from lambdad.composition.clock import SystemClock
from lambdad.composition.identity import IdentityParts
from lambdad.composition.logs_service import LogsService
from lambdad.composition.metrics import metrics_service
from lambdad.composition.neighbours import NeighbourParts
from lambdad.composition.own_operations import OwnOperations
from lambdad.composition.stores import Stores
from lambdad.control import code_location
from lambdad.control.plane import ControlPlane
from lambdad.domain.http import Request, Response
from lambdad.edge.operations import Operation, OwnApi
from lambdad.identity.authorization import metrics_needs
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.iam_needs import IamNeeds
from lambdad.identity.authorization.neighbours.guarded import Guarded
from lambdad.identity.authorization.own_gate import OwnGate
from lambdad.identity.authorization.service_gate import ServiceGate
from lambdad.neighbours.forward import ExternalService
from lambdad.ports.metric_store import MetricStore
from lambdad.ports.service import Service
from lambdad.settings import Settings
from lambdad.settings.observability import token_of


def lambda_family(control: ControlPlane, invoke_async: Handler, gate: Authorize) -> dict[str, Service]:
    """Lambda's own model and those beside it, by name."""
    handlers = {**control.operations, "InvokeAsync": invoke_async}
    family = {name: _Lazy(partial(_modelled, name, {}, None)) for name in LAMBDA_FAMILY}
    return {**family, "lambda": _Lazy(partial(_modelled, "lambda", handlers, gate))}


class _Lazy:
    """A modelled service that is made, and its model read, at its first request."""

    def __init__(self, make: Callable[[], ModelledService]) -> None:
        self._make = make
        self._service: ModelledService | None = None

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        if self._service is None:
            self._service = self._make()
        return await self._service(request)


def _modelled(name: str, handlers: Mapping[str, Handler], authorize: Authorize | None) -> ModelledService:
    return ModelledService(load(name), handlers, authorize=authorize)


def other_services(
    settings: Settings,
    metrics: MetricStore,
    identity: IdentityParts,
    clock: SystemClock,
    authority: Authority,
    logs: LogsService,
    neighbours: NeighbourParts,
    buckets: BucketEvents,
) -> dict[str, Service]:
    """Every other service by signing name: at an endpoint that is named, else ours or the companion's."""
    at_endpoints: dict[str, Service] = {
        name: ExternalService(name, endpoint, clock) for name, endpoint in settings.services.items()
    }
    if "s3" in at_endpoints:
        at_endpoints["s3"] = buckets.around(at_endpoints["s3"])
    services: dict[str, Service] = {
        name: Guarded(name, service, authority) for name, service in at_endpoints.items()
    }
    for name, service in neighbours.services(authority).items():
        services.setdefault(name, service)
    services.setdefault("logs", logs)
    services.setdefault(
        "monitoring",
        _Lazy(partial(metrics_service, metrics, clock, ServiceGate(authority, metrics_needs.needs_of))),
    )
    gates = {"iam": ServiceGate(authority, IamNeeds(identity.directory.arn_of))}
    for name, handlers in identity.handlers().items():
        services.setdefault(name, _Lazy(partial(_modelled, name, handlers, gates.get(name))))
    return services


def own_api(
    own: OwnOperations, more: Mapping[str, Operation], links: Mapping[str, Service], settings: Settings
) -> OwnApi:
    """Our own operations, and what is behind our links.

    Args:
        own: of the server as a whole.
        more: others.
        links: by the first part of their path.
        settings: name who may read metrics.
    """
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


class Downloads:
    """Sends the archive behind a signed code location."""

    def __init__(self, stores: Stores, secret: bytes, clock: SystemClock) -> None:
        self._stores = stores
        self._secret = secret
        self._clock = clock

    async def __call__(self, request: Request) -> Response:
        """Answer `GET /lambdad/v1/code/<key>.zip`."""
        key = code_location.verify(self._secret, request.path, dict(request.query), self._clock.now())
        body = await asyncio.to_thread(self._stores.codes.archive(key).read_bytes)
        return Response(200, body, (("Content-Type", "application/zip"),))
