"""Event invoke configuration of functions, versions and aliases: put, update, get, list, delete.

Source: recorded answers of the group EventInvokeConfig.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from lambdad.control.context import ControlContext, Operations, Params, named
from lambdad.control.destinations import read_destinations
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.event_invoke import EVENT_INVOKE_CONFIGS, EventInvokeConfig
from lambdad.domain.function import LATEST
from lambdad.domain.http import Request
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.ports.resource_store import Decide

_MEMBERS = {"MaximumRetryAttempts": "max_retries", "MaximumEventAgeInSeconds": "max_age_s"}
"""Numbers of a request and what they are called in the configuration."""


class EventInvokeConfigs:
    """Handlers for event invoke configuration."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PutFunctionEventInvokeConfig": self.put,
            "UpdateFunctionEventInvokeConfig": self.update,
            "GetFunctionEventInvokeConfig": self.get,
            "ListFunctionEventInvokeConfigs": self.list_configs,
            "DeleteFunctionEventInvokeConfig": self.delete,
        }

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Configure anew: what the request does not say is not set."""
        async with self._context.keeping.changing:  # or what is configured may go meanwhile
            place = await self._existing(params, request)
            given = await self._given(params, place)
            return await self._stored(place, lambda _: replace(EventInvokeConfig(0.0), **given))

    async def update(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Configure what the request says; the rest stays."""
        async with self._context.keeping.changing:
            place = await self._existing(params, request)
            given = await self._given(params, place)

            def changed(before: EventInvokeConfig | None) -> EventInvokeConfig:
                if before is None:
                    raise _has_none(place)
                return replace(before, **given)

            return await self._stored(place, changed)

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """One configuration; a function that does not exist has none."""
        place = _place(request.caller.scope, named(params, request))
        return _shown(place, await self._read(place))

    async def list_configs(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of the configurations of a function."""
        scope, name = request.caller.scope, named(params, request).name
        await self._check_exists(scope, FunctionReference(name))
        size, marker = page_size(params), read_marker(params, 1)
        after = None if marker is None else Place(scope, name, marker[0])
        found = await self._context.catalogue.resources.page(
            EVENT_INVOKE_CONFIGS, scope, function=name, after=after, limit=size + 1
        )
        page = found[:size]
        return {
            "FunctionEventInvokeConfigs": [_shown(one.place, one.value) for one in page],
            "NextMarker": write_marker(page[-1].place.name) if len(found) > size else None,
        }

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Configure nothing any more; to have configured nothing is an error."""
        place = _place(request.caller.scope, named(params, request))
        await self._read(place)

        def removed(before: EventInvokeConfig | None) -> None:
            if before is None:
                raise _has_none(place)

        await self._context.catalogue.resources.change(EVENT_INVOKE_CONFIGS, place, removed)
        self._context.rerouted(place.scope, place.function)
        return {}

    async def _read(self, place: Place) -> EventInvokeConfig:
        found = await self._context.catalogue.resources.read(EVENT_INVOKE_CONFIGS, place)
        if found is None:
            raise _has_none(place)
        return found

    async def _stored(self, place: Place, decide: Decide[EventInvokeConfig]) -> Mapping[str, Any]:
        config = await self._context.catalogue.resources.change(EVENT_INVOKE_CONFIGS, place, decide)
        if config is None:
            raise _has_none(place)
        self._context.rerouted(place.scope, place.function)
        return _shown(place, config)

    async def _existing(self, params: Params, request: Request) -> Place:
        scope, reference = request.caller.scope, named(params, request)
        if not any(member in params for member in (*_MEMBERS, "DestinationConfig")):
            raise InvalidParameter("You must specify at least one of error handling or destination setting.")
        await self._check_exists(scope, reference)
        return _place(scope, reference)

    async def _check_exists(self, scope: Scope, reference: FunctionReference) -> None:
        try:
            await self._context.read(scope, reference)
        except NotFound:
            raise NotFound("The function doesn't exist.") from None

    async def _given(self, params: Params, place: Place) -> dict[str, Any]:
        """What a request says, by the names of the configuration."""
        given = {name: params[member] for member, name in _MEMBERS.items() if member in params}
        if "DestinationConfig" in params:
            found = await read_destinations(
                self._context, place.scope, place.function, params["DestinationConfig"]
            )
            given |= {"on_success": found.on_success, "on_failure": found.on_failure}
        return given | {"last_modified": self._context.clock.now()}


def _place(scope: Scope, reference: FunctionReference) -> Place:
    return Place(scope, reference.name, reference.qualifier or LATEST)


def _arn(place: Place) -> str:
    return FunctionReference(place.function, place.name).arn(place.scope)


def _has_none(place: Place) -> NotFound:
    return NotFound(f"The function {_arn(place)} doesn't have an EventInvokeConfig")


def _shown(place: Place, config: EventInvokeConfig) -> dict[str, Any]:
    return {
        "LastModified": datetime.fromtimestamp(config.last_modified, UTC),
        "FunctionArn": _arn(place),
        "MaximumRetryAttempts": config.max_retries,
        "MaximumEventAgeInSeconds": config.max_age_s,
        "DestinationConfig": {
            "OnSuccess": {"Destination": config.on_success},
            "OnFailure": {"Destination": config.on_failure},
        },
    }
