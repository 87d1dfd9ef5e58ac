"""Stands in front of a service of ours other than Lambda: an operation needs what a function of it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lambdad.domain.http import Request
from lambdad.identity.authorization.authority import Asking, Authority, guard_of
from lambdad.identity.authorization.needs import Need

NeedsOf = Callable[[str, Mapping[str, Any], Request], list[Need]]
"""From an operation, its checked parameters and its request to what it needs."""


class ServiceGate:
    """Decides on requests to one service; an `awsapi.service.Authorize`."""

    def __init__(self, authority: Authority, needs_of: NeedsOf) -> None:
        self._authority = authority
        self._needs_of = needs_of

    async def __call__(self, operation: str, params: Mapping[str, Any], request: Request) -> Request:
        """Let an operation through.

        Raises:
            AccessDenied, CredentialsRefused: see `Authority.admit`.
        """
        if self._authority.asks(request.caller) is not None:
            needs = self._needs_of(operation, params, request)
            await self._authority.admit(request, [Asking(need, guard_of(need)) for need in needs])
        return request
