"""Stands in front of lambdad's own operations: each is an action of its own, such as ``lambdad:QueuePurge``.

They are about the whole server or about queues, so their resource is ``*``; AdministratorAccess has them all.
"""

from __future__ import annotations

import hmac
from typing import Final

from lambdad.domain.errors import AccessDenied
from lambdad.domain.http import Request
from lambdad.identity.authorization.authority import Asking, Authority
from lambdad.identity.authorization.needs import EVERYTHING, Need

_OPEN: Final = frozenset({"GET health", "GET ready"})
"""What anybody may ask."""

_METRICS: Final = "GET metrics"
_BEARER: Final = "bearer "


def action_of(operation: str) -> str:
    """The action of an operation: ``POST queue/purge`` is ``lambdad:QueuePurge``.

    What stands for any text is no part of it: ``GET functions/{name}/invocations``.
    """
    words = operation.partition(" ")[2].replace("-", "/").split("/")
    return "lambdad:" + "".join(word.capitalize() for word in words if not word.startswith("{"))


class OwnGate:
    """Decides on requests to lambdad's own operations.

    Args:
        authority: decides.
        metrics_token: who brings it may read metrics, and nothing else; None when there is none.
    """

    def __init__(self, authority: Authority, metrics_token: str | None = None) -> None:
        self._authority = authority
        self._metrics_token = metrics_token

    async def __call__(self, operation: str, request: Request) -> None:
        """Let an operation through.

        Args:
            operation: method and name, as it is offered.
            request: the request.

        Raises:
            AccessDenied, CredentialsRefused: see `Authority.admit`; a token that is not ours.
        """
        if operation == _METRICS and self._has_token(request):
            return
        if operation not in _OPEN:
            await self._authority.admit(request, [Asking(Need(action_of(operation), EVERYTHING))])

    def _has_token(self, request: Request) -> bool:
        """Whether it brings the token.

        Raises:
            AccessDenied: it brings another one.
        """
        given = request.headers.get("authorization", "")
        if self._metrics_token is None or not given.lower().startswith(_BEARER):
            return False
        token = given[len(_BEARER) :].strip()
        if hmac.compare_digest(token.encode("latin-1", "replace"), self._metrics_token.encode()):
            return True
        raise AccessDenied("The bearer token is not that of metrics_token_file.")
