"""Aliases: create, get, list, update, delete.

Where an alias points is decided and stored in one step; that it points at versions that are there, and that
those stay as long as it does, is the catalogue's to see to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from lambdad.control.context import ControlContext, Operations, Params, check_revision, named_function
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.control.provisioned import check_alias
from lambdad.control.rendering import Members
from lambdad.domain.alias import ALIASES, Alias
from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import Conflict, InvalidParameter, NotFound
from lambdad.domain.function import LATEST
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_ALIAS_WEIGHTS
from lambdad.domain.resource import Place, Stored

_READ_AT_ONCE: Final = 1_000
"""Aliases, when those of one version are looked for."""


class Aliases:
    """Handlers for aliases."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "CreateAlias": self.create_alias,
            "GetAlias": self.get_alias,
            "ListAliases": self.list_aliases,
            "UpdateAlias": self.update_alias,
            "DeleteAlias": self.delete_alias,
        }

    async def create_alias(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Make an alias of a version that is there."""
        context, place = self._context, _place(params, request)
        empty = Alias(place.name, params["FunctionVersion"], "", "")
        alias = changed(empty, params, context.new_id())

        def decide(there: Alias | None) -> Alias:
            if there is not None:
                raise Conflict(f"Alias already exists: {_arn(place)}")
            return alias

        # A missing function is told with the version, too. Source: routing_config_exc_fn_doesnotexist.
        await context.read(place.scope, FunctionReference(place.function, alias.version))
        await context.catalogue.resources.change(ALIASES, place, decide)
        return shown(place, alias)

    async def get_alias(self, params: Params, request: Request) -> Mapping[str, Any]:
        """An alias."""
        place = _place(params, request)
        alias = await self._context.catalogue.resources.read(ALIASES, place)
        if alias is None:
            raise NotFound(f"Cannot find alias arn: {_arn(place)}")
        return shown(place, alias)

    async def list_aliases(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a function's aliases by name, of all or of those that invoke one version."""
        scope, name = request.caller.scope, named_function(params, request)
        await self._context.read_latest(scope, name)
        size, marker = page_size(params), read_marker(params, 1)
        after = None if marker is None else Place(scope, name, marker[0])
        version: str | None = params.get("FunctionVersion")
        limit = size + 1 if version is None else _READ_AT_ONCE
        found: list[Stored[Alias]] = []
        while len(found) <= size:
            read = await self._context.catalogue.resources.page(
                ALIASES, scope, function=name, after=after, limit=limit
            )
            found += [one for one in read if version is None or version in ALIASES.versions(one.value)]
            if len(read) < limit:
                break
            after = read[-1].place
        page = found[:size]
        return {
            "Aliases": [shown(one.place, one.value) for one in page],
            "NextMarker": write_marker(page[-1].place.name) if len(found) > size else None,
        }

    async def update_alias(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Change an alias; the next call goes where it points then, and so does what is kept initialised.

        Of two racing updates with one RevisionId exactly one wins.
        """
        context, place = self._context, _place(params, request)
        resources, keeping = context.catalogue.resources, context.keeping
        revision_id = context.new_id()

        def decide(there: Alias | None) -> Alias:
            if there is None:
                raise NotFound(f"Alias not found: {_arn(place)}")
            check_revision(there, params)
            return changed(there, params, revision_id)

        async with keeping.changing:
            before = await keeping.wanted(place.scope, place.function)
            current = await resources.read(ALIASES, place)
            planned = decide(current)
            is_provisioned = place.name in before.configs
            if is_provisioned:
                await check_alias(context, place.scope, place.function, planned, before)
            await resources.change(ALIASES, place, decide)
            context.rerouted(place.scope, place.function)
            if is_provisioned:
                await keeping.follow(place.scope, place.function, before)
        return shown(place, planned)

    async def delete_alias(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Delete an alias with what is qualified by it; one that does not exist counts as deleted.

        Source: Alias test_non_existent_alias_deletion.
        """
        context, place = self._context, _place(params, request)
        async with context.keeping.changing:
            before = await context.keeping.wanted(place.scope, place.function)
            await context.catalogue.resources.change(ALIASES, place, lambda _: None)
            context.rerouted(place.scope, place.function)
            if place.name in before.configs:
                await context.keeping.follow(place.scope, place.function, before)
        return {}


def changed(alias: Alias, params: Params, revision_id: str) -> Alias:
    """The alias as a create or update wants it; what is not given stays.

    Raises:
        InvalidParameter: a rule of routing is broken; in AWS's words.

    Source: Alias test_notfound_and_invalid_routingconfigs.
    """
    routing = params.get("RoutingConfig")
    weights = alias.weights if routing is None else routing.get("AdditionalVersionWeights") or {}
    version = params.get("FunctionVersion", alias.version)
    if len(weights) > MAX_ALIAS_WEIGHTS:
        raise InvalidParameter(
            f"Number of items in AdditionalVersionWeights cannot be greater than {MAX_ALIAS_WEIGHTS}"
        )
    if version in weights:
        raise InvalidParameter(
            f"Invalid function version {version}. "
            f"Function version {version} is already included in routing configuration."
        )
    if weights and version == LATEST:
        raise InvalidParameter(f"{LATEST} is not supported for an alias pointing to more than 1 version")
    description = params.get("Description", alias.description)
    return replace(
        alias,
        version=version,
        description=description,
        weights=dict(weights),
        revision_id=revision_id,
    )


def shown(place: Place, alias: Alias) -> Members:
    """AliasConfiguration; without weights there is no RoutingConfig.

    Source: recorded answers of the group Alias.
    """
    return {
        "AliasArn": _arn(place),
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RoutingConfig": {"AdditionalVersionWeights": dict(alias.weights)} if alias.weights else None,
        "RevisionId": alias.revision_id,
    }


def _place(params: Params, request: Request) -> Place:
    return Place(request.caller.scope, named_function(params, request), params["Name"])


def _arn(place: Place) -> str:
    return FunctionReference(place.function, place.name).arn(place.scope)
