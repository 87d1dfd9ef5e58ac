"""In front of ministack: who is not the server does not come in, and its own operations nobody reaches.

Every path that ministack has for itself begins with ``/_`` or is its health; bucket names do not begin so.
What is left of them are the calls that functions make back to CloudFormation.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

from .source import CALLER, SERVICE, SIGNED, TRACE

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]

TOKEN: Final = b"x-lambdad-token"
_CALLER: Final = b"x-lambdad-caller"
_TRACE: Final = b"x-amzn-trace-id"
_FOR: Final = b"x-lambdad-for"
_SIGNED: Final = b"x-lambdad-signed"
_OURS: Final = b"x-lambdad-"
_PROBE: Final = "/_lambdad/health"
_LET_THROUGH: Final = ("/_aws/execute-api/", "/_ministack/cfn-response/", "/_ministack/cfn-signal/")
_OWN: Final = frozenset({"/health"})


def guarded(app: App, token: str, counted: Callable[[], None] = lambda: None) -> App:
    """`app` for requests that carry the token.

    Args:
        app: what answers.
        token: of the server.
        counted: told of each request that is let through.
    """
    wanted = token.encode()

    async def guard(scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # ends the connection: nothing is offered that is no request and answer
        headers = scope["headers"]
        given = next((value for name, value in headers if name == TOKEN), b"")
        if not hmac.compare_digest(given, wanted):
            await _answer(send, 403, b"Only lambdad may call.")
        elif scope["path"] == _PROBE:
            await _answer(send, 200, b"ok")
        elif is_own(scope["path"]):
            await _answer(send, 404, b"There is nothing here.")
        else:
            said = {name: value.decode("latin-1") for name, value in headers if name.startswith(_OURS)}
            kept = [pair for pair in headers if pair[0] not in said]
            # Each request has a context of its own: what is set here ends with it.
            CALLER.set(said.get(_CALLER))
            SERVICE.set(said.get(_FOR))
            SIGNED.set(_SIGNED in said)
            trace = next((value for name, value in headers if name == _TRACE), None)
            TRACE.set(None if trace is None else trace.decode("latin-1"))
            counted()
            await app({**scope, "headers": kept}, receive, send)

    return guard


def is_own(path: str) -> bool:
    """Whether a path, however often it was encoded, is one of ministack's own."""
    plain = unquote(path)
    if any(each.startswith(_LET_THROUGH) for each in (path, plain)) and "/.." not in plain:
        return False
    return any(each in _OWN or each.lstrip("/").startswith("_") for each in (path, plain))


async def _answer(send: Any, status: int, body: bytes) -> None:
    length = str(len(body)).encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
