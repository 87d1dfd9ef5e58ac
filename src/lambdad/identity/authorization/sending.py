"""Whether the role of a function may send to a destination or a dead-letter queue.

Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations": the permission that
each kind of destination needs.
"""

from __future__ import annotations

from typing import Final

from lambdad.domain.arn import service_of
from lambdad.identity.authorization import denials, facts
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.guards import Guard
from lambdad.identity.authorization.log_delivery import session_of
from lambdad.identity.authorization.needs import account_of
from lambdad.ports.clock import Clock

_ACTIONS: Final = {
    "events": "events:PutEvents",
    "lambda": "lambda:InvokeFunction",
    "s3": "s3:PutObject",
    "sns": "sns:Publish",
    "sqs": "sqs:SendMessage",
}
_ELSEWHERE: Final = Guard(elsewhere=True)
"""The policy of a queue, topic, bus or bucket is its service's to decide by."""


class Sending:
    """Decides for roles of functions.

    Args:
        authority: on what binds the role.
        clock: for conditions on time.
    """

    def __init__(self, authority: Authority, clock: Clock) -> None:
        self._authority = authority
        self._clock = clock

    def refusal(self, role: str, function: str, target: str, folder: str | None = None) -> str | None:
        """Why a role may not send to a target, in AWS's words; None when it may, or nobody knows the kind.

        Args:
            role: its ARN.
            function: name of the function that has it.
            target: ARN of the destination.
            folder: where an object is put in a bucket, None for where those of asynchronous events are; the
                rest of its name is the time and a number.
        """
        service = service_of(target)
        who, action = session_of(role, function), _ACTIONS.get(service)
        if who is None or action is None:
            return None
        place = folder or f"aws/lambda/async/{function}/"
        resource = f"{target}/{place}" if service == "s3" else target
        guard = Guard(account_of(target)) if service == "lambda" else _ELSEWHERE
        outcome = self._authority.standing(who).decide(action, resource, guard, facts.at(self._clock.now()))
        return None if outcome.allowed else denials.words(who.arn, action, resource, outcome)
