"""lambdad's own operations, `/lambdad/v1/…`: what no AWS API has a name for.

Documented in docs/reference/operations-api.md; command line and console use nothing else. A request
from inside a sandbox reaches none of them but `code`, whose links are signed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping

from lambdad.domain.errors import (
    AccessDenied,
    CallerError,
    CredentialsRefused,
    LambdadError,
    NotFound,
    UnknownOperation,
)
from lambdad.domain.http import Request, Response

Operation = Callable[[Request], Awaitable[Mapping[str, object] | Response]]
Raw = Callable[[Request], Awaitable[Response]]
Admit = Callable[[str, Request], Awaitable[None]]
_BASE = "/lambdad/v1/"
_PART = re.compile(r"\\\{[a-z]+\\\}")


class OwnApi:
    """Answers lambdad's own operations.

    Args:
        operations: by ``METHOD name``, where a part like ``{name}`` stands for any; each returns a JSON
            object, or a whole answer of another form.
        raw: by name; answers of their own form (downloads), open to sandboxes.
        admit: asked before each of `operations`; raises AccessDenied.
    """

    def __init__(self, operations: Mapping[str, Operation], raw: Mapping[str, Raw], admit: Admit) -> None:
        self._admit = admit
        self._operations = operations
        self._raw = raw
        self._patterns = {_pattern(name): name for name in operations if "{" in name}

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        name = request.path.removeprefix(_BASE).strip("/")
        try:
            raw = self._raw.get(name.partition("/")[0])
            if raw is not None:
                return await raw(request)
            answer = await self._run(name, request)
            return answer if isinstance(answer, Response) else _json(200, answer)
        except LambdadError as error:
            return _failure(error)

    async def _run(self, name: str, request: Request) -> Mapping[str, object] | Response:
        if request.caller.environment_id is not None:
            raise AccessDenied("lambdad's own operations cannot be called from inside a function.")
        wanted = f"{request.method} {name}"
        if wanted not in self._operations:
            wanted = next((one for each, one in self._patterns.items() if each.fullmatch(wanted)), wanted)
        operation = self._operations.get(wanted)
        if operation is None:
            known = ", ".join(sorted(self._operations))
            raise UnknownOperation(f"lambdad has no operation {request.method} {name}; it has {known}.")
        await self._admit(wanted, request)
        return await operation(request)


def _pattern(operation: str) -> re.Pattern[str]:
    """What requests for an operation with parts of any text look like."""
    return re.compile(_PART.sub("[^/]+", re.escape(operation)))


def _json(status: int, value: Mapping[str, object]) -> Response:
    body = json.dumps(value, separators=(",", ":"), default=str).encode()
    return Response(status, body, (("Content-Type", "application/json"),))


def _failure(error: LambdadError) -> Response:
    status = 500
    name = type(error).__name__ + "Exception"
    if isinstance(error, CredentialsRefused):
        status, name = 403, error.code
    elif isinstance(error, AccessDenied):
        status = 403
    elif isinstance(error, NotFound | UnknownOperation):
        status = 404
    elif isinstance(error, CallerError):
        status = 400
    response = _json(status, {"message": str(error)})
    return Response(status, response.body, (*response.headers, ("x-amzn-ErrorType", name)))
