"""Stands in front of lambdad's own operations: each is an action of its own, such as ``lambdad:QueuePurge``.

They are about the whole server or about queues, so their resource is ``*``; AdministratorAccess has them all.
"""

from __future__ import annotations

from typing import Final

from lambdad.domain.http import Request
from lambdad.identity.authorization.authority import Asking, Authority
from lambdad.identity.authorization.needs import EVERYTHING, Need

_OPEN: Final = frozenset({"GET health"})
"""What anybody may ask."""


def action_of(operation: str) -> str:
    """The action of an operation: ``POST queue/purge`` is ``lambdad:QueuePurge``."""
    words = operation.partition(" ")[2].replace("-", "/").split("/")
    return "lambdad:" + "".join(word.capitalize() for word in words)


class OwnGate:
    """Decides on requests to lambdad's own operations."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    async def __call__(self, operation: str, request: Request) -> None:
        """Let an operation through.

        Args:
            operation: method and name, as it is offered.
            request: the request.

        Raises:
            AccessDenied, CredentialsRefused: see `Authority.admit`.
        """
        if operation not in _OPEN:
            await self._authority.admit(request, [Asking(Need(action_of(operation), EVERYTHING))])
