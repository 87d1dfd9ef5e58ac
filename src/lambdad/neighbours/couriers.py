"""Brings messages to SQS, SNS, EventBridge and S3 at their configured endpoints, and to functions here.

Implements `ports.courier.Courier`. Messages are signed with the endpoint's credentials; where it has none,
the account of the function is the access key, as clients of local AWS endpoints do.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable, Mapping

from lambdad.domain.event import Delivery
from lambdad.neighbours.courier_requests import SERVICES, Outgoing, outgoing, region_of, service_of
from lambdad.neighbours.http_client import HttpClient, Patience, Unreachable
from lambdad.neighbours.sigv4_sign import Signer, hash_of
from lambdad.ports.clock import Clock
from lambdad.ports.courier import NotDelivered
from lambdad.settings import AwsKeys, ServiceEndpoint

_NAMELESS_SECRET = "unchecked"  # noqa: S105 - stands where an endpoint checks no signatures
_ANSWER_BYTES = 64 * 1024
_SAID = 300  # characters of an answer that are told to people
_PATIENCE = Patience(connect=5.0, answer=20.0, next_piece=10.0)
_LAMBDA = "lambda"

ToFunction = Callable[[Delivery], Awaitable[None]]
"""Queues a message for a function of this server; raises NotDelivered."""


class Couriers:
    """One client per service that has an endpoint.

    Args:
        endpoints: by service.
        to_function: for targets that are functions.
    """

    def __init__(
        self, endpoints: Mapping[str, ServiceEndpoint], clock: Clock, to_function: ToFunction
    ) -> None:
        self._endpoints = endpoints
        self._clock = clock
        self._to_function = to_function
        self._clients: dict[str, HttpClient] = {}

    async def bring(self, delivery: Delivery) -> None:
        """Deliver a message.

        Raises:
            NotDelivered: no endpoint, no answer, or a refusal.
        """
        service = service_of(delivery.target)
        if service == _LAMBDA:
            await self._to_function(delivery)
            return
        endpoint = self._endpoints.get(service)
        if endpoint is None:
            raise NotDelivered(_unconfigured(service, delivery.target))
        made = outgoing(delivery, endpoint.endpoint, lambda: str(uuid.uuid4()))
        if made is None:
            raise NotDelivered(_unconfigured("", delivery.target))
        await self._send(made, delivery, endpoint)

    async def close(self) -> None:
        """Close kept connections."""
        for client in self._clients.values():
            await client.close()

    async def _send(self, made: Outgoing, delivery: Delivery, endpoint: ServiceEndpoint) -> None:
        client = self._client(made.service, endpoint)
        keys = endpoint.credentials or AwsKeys(delivery.scope.account, _NAMELESS_SECRET)
        region = endpoint.region or region_of(delivery.target) or delivery.scope.region
        headers = Signer(keys, region, made.service).sign(
            made.method,
            made.path,
            [],
            {**made.headers, "host": client.authority},
            hash_of(made.body),
            self._clock.now(),
        )
        try:
            answer = await client.send(made.method, made.path, list(headers.items()), made.body)
            said = await answer.read(_ANSWER_BYTES) or b""
        except Unreachable as error:
            raise NotDelivered(f"{made.service} at {endpoint.endpoint} did not answer: {error}") from error
        if answer.status >= 300 or _has_failed_entry(made, said):
            shown = said.decode("utf-8", "replace")[:_SAID]
            raise NotDelivered(f"{made.service} answered {answer.status}: {shown}")

    def _client(self, service: str, endpoint: ServiceEndpoint) -> HttpClient:
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = HttpClient(
                endpoint.endpoint, verify=endpoint.verify, patience=_PATIENCE
            )
        return client


def _unconfigured(service: str, target: str) -> str:
    if service not in SERVICES:
        return f"{target} is of no kind that takes messages"
    return f"{service} is not configured: add [services.{service}] endpoint to lambdad.toml"


def _has_failed_entry(made: Outgoing, said: bytes) -> bool:
    """PutEvents answers 200 also when it took nothing."""
    if made.service != "events":
        return False
    try:
        return bool(json.loads(said).get("FailedEntryCount"))
    except (ValueError, AttributeError):
        return True
