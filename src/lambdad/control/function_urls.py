"""Function URLs: create, get, list, update, delete their configuration.

The function as a whole has one, and each alias; versions have none. What they answer to is `edge.urls`.

Source: recorded answers Function …[get_function_url_config], and those of LocalStack's suite (TestLambdaUrl,
TestLambdaURL): which of the two texts is said where, and when InvokeMode is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from lambdad.control.context import ControlContext, Operations, Params, named
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.control.tenancy import refuse_with_tenants
from lambdad.domain.alias import ALIASES
from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import Conflict, NotFound
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.function_url import (
    FUNCTION_URLS,
    AuthType,
    Cors,
    FunctionUrl,
    InvokeMode,
    by_name,
    by_path,
    domain_of,
    new_url_id,
)
from lambdad.domain.http import Request
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope

Members = dict[str, Any]
_CORS = {
    "AllowCredentials": "allow_credentials",
    "AllowHeaders": "allow_headers",
    "AllowMethods": "allow_methods",
    "AllowOrigins": "allow_origins",
    "ExposeHeaders": "expose_headers",
    "MaxAge": "max_age_s",
}


class FunctionUrls:
    """Handlers for function URLs."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "CreateFunctionUrlConfig": self.create,
            "GetFunctionUrlConfig": self.get,
            "ListFunctionUrlConfigs": self.list_configs,
            "UpdateFunctionUrlConfig": self.update,
            "DeleteFunctionUrlConfig": self.delete,
        }

    async def create(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Give a function or an alias a URL."""
        place = _place(params, request)
        refuse_with_tenants(await self._need_function(place), "Function URL")
        now = _timestamp(self._context.clock.now())
        made = FunctionUrl(
            new_url_id(), AuthType(params["AuthType"]), _mode(params), _cors(params.get("Cors")), now, now
        )

        def decide(before: FunctionUrl | None) -> FunctionUrl:
            if before is not None:
                raise Conflict(
                    f"Failed to create function url config for [functionArn = {_arn(place)}]. "
                    "Error message:  FunctionUrlConfig exists for this Lambda function"
                )
            return made

        await self._context.catalogue.resources.change(FUNCTION_URLS, place, decide)
        shown = await self._shown(place, made, request) | {"InvokeMode": made.invoke_mode}
        del shown["LastModifiedTime"]
        return shown

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """How a URL is configured."""
        place = _place(params, request)
        found = await self._context.catalogue.resources.read(FUNCTION_URLS, place)
        if found is None:
            raise _no_config()
        return await self._shown(place, found, request)

    async def list_configs(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a function's URLs, its own and those of its aliases."""
        context, scope, name = self._context, request.caller.scope, named(params, request).name
        await self._need_function(Place(scope, name, LATEST))
        size, marker = page_size(params), read_marker(params, 1)
        after = None if marker is None else Place(scope, name, marker[0])
        found = await context.catalogue.resources.page(
            FUNCTION_URLS, scope, function=name, after=after, limit=size + 1
        )
        page = found[:size]
        return {
            "FunctionUrlConfigs": [await self._shown(one.place, one.value, request) for one in page],
            "NextMarker": write_marker(page[-1].place.name) if len(found) > size else None,
        }

    async def update(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Change what is given of a URL's configuration; an empty `Cors` takes CORS away."""
        place = _place(params, request)
        await self._need_function(place)
        now = _timestamp(self._context.clock.now())

        def decide(before: FunctionUrl | None) -> FunctionUrl:
            if before is None:
                raise _no_config()
            return replace(
                before,
                auth_type=AuthType(params.get("AuthType", before.auth_type)),
                invoke_mode=_mode(params) or before.invoke_mode,
                cors=_cors(params["Cors"]) if "Cors" in params else before.cors,
                modified=now,
            )

        changed = await self._context.catalogue.resources.change(FUNCTION_URLS, place, decide)
        if changed is None:
            raise _no_config()
        return await self._shown(place, changed, request) | {"InvokeMode": changed.invoke_mode}

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Take a URL away for good: another one has another address."""
        resources, place = self._context.catalogue.resources, _place(params, request)
        if await resources.read(FUNCTION_URLS, place) is None:
            raise _no_config()
        await resources.change(FUNCTION_URLS, place, lambda _: None)
        return {}

    async def _need_function(self, place: Place) -> FunctionVersion:
        """The function's `$LATEST`; refuses a function, or an alias, that does not exist."""
        catalogue = self._context.catalogue
        latest = await catalogue.read(place.scope, place.function)
        if latest is None or (
            place.name != LATEST and await catalogue.resources.read(ALIASES, place) is None
        ):
            raise NotFound("Function does not exist")
        return latest

    async def _shown(self, place: Place, url: FunctionUrl, request: Request) -> Members:
        return {
            "FunctionUrl": await self._address(url.url_id, place.scope.region, request),
            "FunctionArn": _arn(place),
            "AuthType": url.auth_type.value,
            "Cors": None if url.cors is None else _shown_cors(url.cors),
            "CreationTime": url.created,
            "LastModifiedTime": url.modified,
            "InvokeMode": (url.invoke_mode or InvokeMode.BUFFERED).value,
        }

    async def _address(self, url_id: str, region: str, request: Request) -> str:
        """One that works for whoever asks: a name where names resolve, else a path.

        What stands in `Host` is a function's own choice inside a sandbox, so nothing is looked up for it.
        """
        domain = self._context.function_url_domain
        if domain is None:
            is_inside = request.caller.environment_id is not None
            domain = "localhost" if is_inside else domain_of(request.base_url)
            if not await self._context.resolves(domain):
                return by_path(url_id, request.base_url)
        return by_name(url_id, region, request.base_url, domain)


def _place(params: Params, request: Request) -> Place:
    reference = named(params, request)
    return Place(request.caller.scope, reference.name, reference.qualifier or LATEST)


def _arn(place: Place) -> str:
    scope: Scope = place.scope
    return FunctionReference(place.function, None if place.name == LATEST else place.name).arn(scope)


def _mode(params: Params) -> InvokeMode | None:
    return InvokeMode(params["InvokeMode"]) if params.get("InvokeMode") else None


def _cors(given: Mapping[str, Any] | None) -> Cors | None:
    """None when nothing is given, in any of the ways clients say that."""
    members = {_CORS[name]: value for name, value in (given or {}).items() if value not in (None, [])}
    if not members:
        return None
    return msgspec.convert(members, Cors)


def _shown_cors(cors: Cors) -> Members:
    found = {name: getattr(cors, attribute) for name, attribute in _CORS.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def _timestamp(now: float) -> str:
    """Seconds since the epoch as AWS writes them here: ``2024-10-01T12:27:05.457348Z``."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _no_config() -> NotFound:
    return NotFound("The resource you requested does not exist.")
