"""Brings messages to SQS, SNS, EventBridge and S3 at their configured endpoints, and to functions here.

Implements `ports.courier.Courier`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable

from lambdad.domain.arn import region_of, service_of
from lambdad.domain.event import Delivery
from lambdad.neighbours.courier_requests import SERVICES, Outgoing, outgoing
from lambdad.neighbours.service_calls import NeverDone, NotDone, ServiceCalls, refused
from lambdad.ports.courier import NotDelivered, Undeliverable

_ANSWER_BYTES = 64 * 1024
_OK = 200
_LAMBDA = "lambda"

ToFunction = Callable[[Delivery], Awaitable[None]]
"""Queues a message for a function of this server; raises NotDelivered."""


class Couriers:
    """One courier for every kind of target.

    Args:
        calls: reaches the services.
        to_function: for targets that are functions.
    """

    def __init__(self, calls: ServiceCalls, to_function: ToFunction) -> None:
        self._calls = calls
        self._to_function = to_function

    async def bring(self, delivery: Delivery) -> None:
        """Deliver a message.

        Raises:
            NotDelivered: no endpoint, no answer, or a refusal.
            Undeliverable: a refusal of the message itself, which would be refused at any time.
        """
        service = service_of(delivery.target)
        if service == _LAMBDA:
            await self._to_function(delivery)
            return
        try:
            await self._send(service, delivery)
        except NeverDone as error:
            raise Undeliverable(str(error)) from error
        except NotDone as error:
            raise NotDelivered(str(error)) from error

    async def _send(self, service: str, delivery: Delivery) -> None:
        if service not in SERVICES:
            raise NotDone(_no_kind(delivery.target))
        made = outgoing(delivery, self._calls.endpoint(service), lambda: str(uuid.uuid4()))
        if made is None:
            raise NotDone(_no_kind(delivery.target))
        said = await self._calls.send(made, delivery.scope, region_of(delivery.target), _ANSWER_BYTES)
        if _has_failed_entry(made, said):
            raise refused(service, _OK, said)


def _no_kind(target: str) -> str:
    return f"{target} is of no kind that takes messages"


def _has_failed_entry(made: Outgoing, said: bytes) -> bool:
    """PutEvents answers 200 also when it took nothing."""
    if made.service != "events":
        return False
    try:
        return bool(json.loads(said).get("FailedEntryCount"))
    except (ValueError, AttributeError):
        return True
