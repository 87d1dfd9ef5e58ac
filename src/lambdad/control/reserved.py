"""Reserved concurrency of functions: put, get, delete.

What is asked for is made durable here; `ports.reservations` counts by it from the next call on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.control.commitments import check_reservation, committed
from lambdad.control.context import ControlContext, Operations, Params, named_function
from lambdad.domain.arn import FunctionReference
from lambdad.domain.function import LATEST
from lambdad.domain.http import Request
from lambdad.domain.reserved import RESERVED, Reserved
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope


class ReservedConcurrency:
    """Handlers for reserved concurrency; changes follow one another, so that their sum is right."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PutFunctionConcurrency": self.put,
            "GetFunctionConcurrency": self.get,
            "DeleteFunctionConcurrency": self.delete,
        }

    async def start(self) -> None:
        """Count by what the last server counted by; call once, before anything is invoked."""
        for stored in await self._context.catalogue.resources.everywhere(RESERVED):
            place = stored.place
            self._context.reservations.reserve(place.scope, place.function, stored.value.executions)

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Reserve; the function's next call counts by it."""
        context, scope = self._context, request.caller.scope
        name = await self._existing(params, request)
        executions: int = params["ReservedConcurrentExecutions"]
        async with context.keeping.changing:
            now = await committed(context.catalogue, scope)
            check_reservation(name, executions, now, context.account_concurrency)
            await context.catalogue.resources.change(
                RESERVED, _place(scope, name), lambda _: Reserved(executions)
            )
            context.reservations.reserve(scope, name, executions)
        context.rerouted(scope, name)
        return {"ReservedConcurrentExecutions": executions}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """What is reserved; nothing at all when nothing is."""
        scope, name = request.caller.scope, named_function(params, request)
        await self._context.read_latest(scope, name)
        return await reserved_of(self._context, scope, name) or {}

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Share with the others again; a function that had nothing reserved is no error."""
        context, scope = self._context, request.caller.scope
        name = await self._existing(params, request)
        async with context.keeping.changing:
            await context.catalogue.resources.change(RESERVED, _place(scope, name), lambda _: None)
            context.reservations.reserve(scope, name, None)
        context.rerouted(scope, name)
        return {}

    async def _existing(self, params: Params, request: Request) -> str:
        """The function that is to be changed.

        Raises:
            NotFound: it names ``$LATEST``. Source: put_function_concurrency_with_function_name_doesnotexist.
        """
        name = named_function(params, request)
        await self._context.read(request.caller.scope, FunctionReference(name, LATEST))
        return name


async def reserved_of(context: ControlContext, scope: Scope, name: str) -> dict[str, int] | None:
    """What a function has reserved, as AWS shows it; None when it has not."""
    found = await context.catalogue.resources.read(RESERVED, _place(scope, name))
    return None if found is None else {"ReservedConcurrentExecutions": found.executions}


def _place(scope: Scope, name: str) -> Place:
    return Place(scope, name, LATEST)
