"""Stands in front of what API Gateway publishes: a signature is passed on when it says something.

An API asks for one (`AWS_IAM`), for a token, or for nothing. Whose signature does not hold, or who may not
call this API, calls it as somebody who signed nothing, and the API refuses that where it matters.

Source: API Gateway developer guide, "Control access for invoking an API": action execute-api:Invoke on
``arn:aws:execute-api:region:account:api/stage/METHOD/path``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lambdad.domain.http import Request, Response
from lambdad.identity.authorization.authority import Asking, Authority
from lambdad.identity.authorization.guards import Guard
from lambdad.identity.authorization.needs import Need
from lambdad.ports.service import Service

_ACTION: Final = "execute-api:Invoke"
_HOST: Final = re.compile(r"([a-z0-9]{1,32})\.execute-api\.", re.ASCII | re.IGNORECASE)
_PATH: Final = re.compile(
    r"/(?:restapis|_aws/execute-api)/([^/]+)/([^/]+)(?:/_user_request_)?(/.*)?", re.DOTALL
)
_SIGNATURE: Final = "aws4-"
_OPEN: Final = Guard(elsewhere=True)


class ApiGate:
    """Implements `ports.service.Service`.

    Args:
        service: gets every request.
        authority: decides who may call.
    """

    def __init__(self, service: Service, authority: Authority) -> None:
        self._service = service
        self._authority = authority

    async def __call__(self, request: Request) -> Response:
        """Pass a request on, without a signature that says nothing."""
        headers = request.headers
        if headers.get("authorization", "").lower().startswith(_SIGNATURE) and not await self._may(request):
            kept = {name: value for name, value in headers.items() if name != "authorization"}
            request = replace(request, headers=kept)
        return await self._service(request)

    async def _may(self, request: Request) -> bool:
        """Whether whoever signed may call the API; everybody where nobody is known."""
        who = request.caller.who
        if who is None:
            return not self._authority.enforce
        allowed = False
        for resource in resources(request):
            outcome = await self._authority.outcome(who, request, Asking(Need(_ACTION, resource), _OPEN))
            if outcome.explicit and not outcome.allowed:
                return False
            allowed = allowed or outcome.allowed
        return allowed


def resources(request: Request) -> Iterator[str]:
    """What is called; a path whose first part may be a stage or not is both."""
    scope = request.caller.scope
    by_path = _PATH.fullmatch(request.path)
    if by_path is not None:
        api, stage, path = by_path[1], by_path[2], by_path[3] or "/"
        yield scope.arn("execute-api", f"{api}/{stage}/{request.method}{path}")
        return
    by_host = _HOST.match(request.headers.get("host", ""))
    if by_host is None:
        return
    api = by_host[1].lower()
    stage, _, path = request.path.lstrip("/").partition("/")
    yield scope.arn("execute-api", f"{api}/{stage}/{request.method}/{path}")
    yield scope.arn("execute-api", f"{api}/$default/{request.method}{request.path}")
