"""Recursion configuration of functions: put and get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lambdad.control.context import ControlContext, Operations, Params, named_function
from lambdad.domain.function import LATEST
from lambdad.domain.http import Request
from lambdad.domain.recursion import RECURSION, Recursion, RecursiveLoop
from lambdad.domain.resource import Place

_DEFAULT: Final = Recursion(RecursiveLoop.TERMINATE)
"""Source: AWS's page of PutFunctionRecursionConfig."""


class RecursionConfig:
    """Handlers for recursion configuration."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PutFunctionRecursionConfig": self.put,
            "GetFunctionRecursionConfig": self.get,
        }

    async def start(self) -> None:
        """Tell which functions may call themselves without end; call once, before anything is invoked."""
        for stored in await self._context.catalogue.resources.everywhere(RECURSION):
            self._tell(stored.place, stored.value)

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Choose; what was chosen is answered."""
        chosen = Recursion(RecursiveLoop(params["RecursiveLoop"]))
        place = Place(request.caller.scope, named_function(params, request), LATEST)
        await self._context.catalogue.resources.change(RECURSION, place, lambda _: chosen)
        self._tell(place, chosen)
        self._context.rerouted(place.scope, place.function)
        return {"RecursiveLoop": chosen.recursive_loop.value}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """What was chosen, or the default."""
        scope, name = request.caller.scope, named_function(params, request)
        await self._context.read_latest(scope, name)
        found = await self._context.catalogue.resources.read(RECURSION, Place(scope, name, LATEST))
        return {"RecursiveLoop": (found or _DEFAULT).recursive_loop.value}

    def _tell(self, place: Place, chosen: Recursion) -> None:
        allowed = chosen.recursive_loop is RecursiveLoop.ALLOW
        self._context.loops(place.scope, place.function, allowed)
