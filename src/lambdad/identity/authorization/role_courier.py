"""Destinations are told with the permissions of the function's role, as on AWS.

In front of the courier that knows how: what a role may not send stays owed and is asked about again, so that
a permission that is given later still brings it.

Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations": the permissions that
each kind of destination needs.
"""

from __future__ import annotations

from lambdad.domain.event import Delivery
from lambdad.domain.identity import Who
from lambdad.identity.authorization import denials, facts
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.guards import Guard
from lambdad.identity.authorization.log_delivery import session_of
from lambdad.identity.authorization.needs import account_of
from lambdad.ports.clock import Clock
from lambdad.ports.courier import Courier, NotAllowed

_ACTIONS = {
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "s3": "s3:PutObject",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
}
_ELSEWHERE = Guard(elsewhere=True)
"""The policy of a queue, topic, bus or bucket is its service's to decide by."""


class RoleCourier:
    """Brings what the function's role may send; implements `ports.courier.Courier`.

    Args:
        courier: brings it.
        authority: decides.
        clock: for conditions on time.
    """

    def __init__(self, courier: Courier, authority: Authority, clock: Clock) -> None:
        self._courier = courier
        self._authority = authority
        self._clock = clock

    async def bring(self, delivery: Delivery) -> None:
        """Deliver a message.

        Raises:
            NotAllowed: the role has not the permission; in AWS's words.
            NotDelivered: as the courier says.
        """
        who = _who(delivery)
        if who is not None:
            self._check(who, delivery)
        await self._courier.bring(delivery)

    def _check(self, who: Who, delivery: Delivery) -> None:
        service = (delivery.target.split(":", 3) + [""] * 3)[2]
        action = _ACTIONS.get(service)
        if action is None:
            return  # of no kind that the courier knows: it says so
        resource = _resource(service, delivery)
        guard = Guard(account_of(delivery.target)) if service == "lambda" else _ELSEWHERE
        outcome = self._authority.standing(who).decide(action, resource, guard, facts.at(self._clock.now()))
        if not outcome.allowed:
            raise NotAllowed(denials.words(who.arn, action, resource, outcome))


def _who(delivery: Delivery) -> Who | None:
    """The session of the function's role; None of a message that an older version left."""
    function = (delivery.function_arn.split(":") + [""] * 7)[6]
    return None if delivery.role is None else session_of(delivery.role, function)


def _resource(service: str, delivery: Delivery) -> str:
    if service != "s3":
        return delivery.target
    # Where the courier puts it; the rest of the name is the time and a number.
    return f"{delivery.target}/aws/lambda/async/{(delivery.function_arn.split(':') + [''] * 7)[6]}/"
