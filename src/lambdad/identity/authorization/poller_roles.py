"""Whether the role of a function lets Lambda read the source of a mapping.

Lambda assumes the role itself: the session is that of the function, without what only the function's own
calls carry (`lambda:SourceFunctionArn`).

Source: radkawar/stackd's recording sqs_mapping_authorization, finding "Poller SourceFunctionArn absence".
"""

from __future__ import annotations

from collections.abc import Sequence

from lambdad.identity.authorization import facts
from lambdad.identity.authorization.authority import Authority
from lambdad.identity.authorization.guards import Guard
from lambdad.identity.authorization.log_delivery import session_of
from lambdad.ports.clock import Clock

_ELSEWHERE = Guard(elsewhere=True)
"""The policy of a source is its service's to decide by."""


class RolesOfPollers:
    """Implements `ports.poller_roles.PollerRoles`."""

    def __init__(self, authority: Authority, clock: Clock) -> None:
        self._authority = authority
        self._clock = clock

    def lacking(self, role: str, function: str, actions: Sequence[str], resource: str) -> str | None:
        """The first of some actions that a role may not do on a resource."""
        who = session_of(role, function)
        if who is None:
            # No role of IAM at all: as those that nobody knows.
            return next(iter(actions), None) if self._authority.enforce else None
        standing, now = self._authority.standing(who), facts.at(self._clock.now())
        for action in actions:
            if not standing.decide(action, resource, _ELSEWHERE, now).allowed:
                return action
        return None
