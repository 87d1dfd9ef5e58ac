"""InvokeAsync, the asynchronous invocation of 2014: an Event of at most 256 KB.

Source: spec api.md §3 (status 202, `Status` in the body), async-esm.md §1 (its limit).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_INVOKE_ASYNC_BYTES
from lambdad.events.queue import Accept, queued
from lambdad.frontend.invoke import Frontend
from lambdad.frontend.payload import checked


class InvokeAsync:
    """The handler."""

    def __init__(self, frontend: Frontend, accept: Accept) -> None:
        self._frontend = frontend
        self._accept = accept

    async def __call__(self, params: dict[str, Any], request: Request) -> Mapping[str, Any]:
        """Queue an event; answered when it is on disk."""
        key = (request.caller.scope, params["FunctionName"], None)
        route = self._frontend.cached(key) or await self._frontend.route(key)
        payload = checked(params["InvokeArgs"], MAX_INVOKE_ASYNC_BYTES)
        trace = request.headers.get("x-amzn-trace-id") or self._frontend.new_trace()
        refusal = await queued(self._accept, route.lane, request.request_id, payload, trace)
        if refusal is not None:
            raise refusal
        return {"Status": 202}
