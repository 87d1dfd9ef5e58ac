"""A service behind the edge: one coroutine from request to response."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.http import Request, Response


class Service(Protocol):
    """Lambda's control plane, CloudWatch Logs, a neighbour … : whatever answers whole requests."""

    async def __call__(self, request: Request) -> Response:
        """Answer one request; LambdadError is rendered by the service itself, never raised."""
        ...
