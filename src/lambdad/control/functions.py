"""Functions: create, get, list, configure, delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lambdad.control.architecture import warn_if_foreign
from lambdad.control.attaching import attach, check_unzipped
from lambdad.control.checks import check_configuration, check_create, check_offered, check_tags
from lambdad.control.code import store_code
from lambdad.control.code_location import sign
from lambdad.control.configuration import configured, created
from lambdad.control.context import ControlContext, Operations, Params, check_revision, named, named_function
from lambdad.control.function_signing import check_code_of, check_code_of_new, create_signed
from lambdad.control.network import with_network
from lambdad.control.package import check_changed_package, check_new_package
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.control.rendering import asked_for, configuration, function, listed
from lambdad.control.reserved import reserved_of
from lambdad.control.runtime_management import check_runtime_change
from lambdad.control.states import Phase, check_settled, move
from lambdad.control.targets import check_source_key
from lambdad.control.versions import publish_with_update
from lambdad.domain.arn import FunctionReference, is_alias_name
from lambdad.domain.errors import Conflict, InvalidParameter, NotFound
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.http import Request
from lambdad.domain.scope import Scope


class Functions:
    """Handlers for functions."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "CreateFunction": self.create_function,
            "GetFunction": self.get_function,
            "GetFunctionConfiguration": self.get_function_configuration,
            "ListFunctions": self.list_functions,
            "UpdateFunctionConfiguration": self.update_function_configuration,
            "DeleteFunction": self.delete_function,
        }

    async def create_function(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Make a function, Pending at first, and publish its first version if asked to."""
        context, scope = self._context, request.caller.scope
        name = named(params, request).name
        check_new_package(params)
        check_create(name, params)
        check_configuration(params)
        check_source_key(params["Code"])
        params = with_network(params, context.network)
        check_offered(params["Code"])
        tags = params.get("Tags") or {}
        check_tags(tags)
        if await context.catalogue.read(scope, name) is not None:
            raise _exists(name)
        signed_by = params.get("CodeSigningConfigArn")
        await check_code_of_new(context, scope, name, signed_by)
        layers = await attach(context, scope, params.get("Layers") or ())
        code = await store_code(context, scope, params["Code"], publish=bool(params.get("Publish")))
        check_unzipped(code.unpacked_bytes, layers)
        made = created(
            scope,
            name,
            params,
            code,
            now=context.clock.now(),
            revision_id=context.new_id(),
            access_points=context.access_points,
        )
        latest = replace(made, layers=layers)
        if not await create_signed(context, latest, tags, signed_by):
            raise _exists(name)
        warn_if_foreign(latest)
        context.settler.schedule(latest)
        context.changed(scope, name)
        shown = await publish_with_update(context, latest) if params.get("Publish") else latest
        # Unqualified even when published. Source: Versions test_publish_version_on_create.
        return configuration(shown, qualified=False)

    async def get_function(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A version with a link to its code and the function's tags."""
        context, scope = self._context, request.caller.scope
        reference = named(params, request)
        version = await context.read(scope, reference)
        return function(
            version,
            arn=reference.arn(scope),
            location=sign(context.location_secret, request.base_url, version.code_key, context.clock.now()),
            tags=await context.catalogue.read_tags(scope, version.name),
            # Of a qualified request AWS leaves it out. Source: hashicorp/terraform-provider-aws, data source
            # lambda_function.
            concurrency=None if reference.qualifier else await reserved_of(context, scope, version.name),
        )

    async def get_function_configuration(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A version."""
        scope, reference = request.caller.scope, named(params, request)
        return asked_for(await self._context.read(scope, reference), reference.arn(scope))

    async def list_functions(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of functions, or of all their versions."""
        scope, size = request.caller.scope, page_size(params)
        everything = params.get("FunctionVersion") == "ALL"
        if params.get("MasterRegion"):
            return {"Functions": []}  # only replicas of Lambda@Edge functions have a master
        found = await (self._versions if everything else self._functions)(scope, params, size + 1)
        page = found[:size]
        marker = None
        if len(found) > size:
            marker = write_marker(page[-1].name, page[-1].version)
        return {
            "Functions": [listed(version, qualified=everything) for version in page],
            "NextMarker": marker,
        }

    async def update_function_configuration(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Change settings of `$LATEST`; of two racing updates with one RevisionId exactly one wins."""
        context, scope = self._context, request.caller.scope
        name = named_function(params, request)
        check_configuration(params)
        check_changed_package(params)
        params = with_network(params, context.network)
        given = params.get("Layers")
        while True:
            latest = await context.read_latest(scope, name)
            check_revision(latest, params)
            check_settled(latest)
            now = context.clock.now()
            changed = configured(latest, params, now=now, access_points=context.access_points)
            await check_runtime_change(context, latest, changed)
            if given is not None:
                changed = await self._with_layers(changed, given)
            updated = move(changed, Phase.BEING_UPDATED, context.new_id())
            if await context.catalogue.replace(updated, expected_revision=latest.revision_id):
                break
        context.settler.schedule(updated)
        context.changed(scope, name)
        return configuration(updated, qualified=False)

    async def delete_function(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Delete a function with all its versions, or one version.

        A version that does not exist counts as deleted; one that an alias points at is refused.

        Source: Function test_ops_with_arn_qualifier_mismatch[delete_function],
            test_delete_on_nonexisting_version,
            test_function_name_and_qualifier_validation[…-delete_function].
        """
        scope, reference = request.caller.scope, named(params, request)
        _check_deletable(reference)
        catalogue = self._context.catalogue
        whole = FunctionReference(reference.name)
        async with self._context.keeping.changing:
            if reference.qualifier is None:
                gone = await catalogue.delete_function(scope, reference.name)
            else:
                gone = await catalogue.read(scope, reference.name) is not None
                await catalogue.delete_version(scope, reference.name, reference.qualifier)
            if not gone:
                raise NotFound(f"Function not found: {whole.arn(scope)}")
            self._context.provisioner.withdraw(scope, reference.name, reference.qualifier)
            if reference.qualifier is None:
                self._context.reservations.reserve(scope, reference.name, None)
                self._context.loops(scope, reference.name, False)
        self._context.snapshots.forget(scope, reference.name, reference.qualifier)
        self._context.changed(scope, reference.name)
        return {"StatusCode": 204}

    async def _with_layers(self, version: FunctionVersion, arns: Sequence[str]) -> FunctionVersion:
        layers = await attach(self._context, version.scope, arns)
        if layers:
            await check_code_of(self._context, version.scope, version.name)
            check_unzipped(await self._context.codes.unpacked_bytes(version.code_key), layers)
        return replace(version, layers=layers)

    async def _functions(self, scope: Scope, params: Params, limit: int) -> list[FunctionVersion]:
        marker = read_marker(params, 2)
        after = None if marker is None else marker[0]
        return await self._context.catalogue.list_functions(scope, after=after, limit=limit)

    async def _versions(self, scope: Scope, params: Params, limit: int) -> list[FunctionVersion]:
        marker = read_marker(params, 2)
        after = None if marker is None else (marker[0], marker[1])
        return await self._context.catalogue.list_versions(scope, None, after=after, limit=limit)


def _exists(name: str) -> Conflict:
    return Conflict(f"Function already exist: {name}")


def _check_deletable(reference: FunctionReference) -> None:
    """Refuse qualifiers that cannot be deleted, whether the function exists or not."""
    if reference.qualifier == LATEST:
        raise InvalidParameter(f"{LATEST} version cannot be deleted without deleting the function.")
    if reference.qualifier is not None and is_alias_name(reference.qualifier):
        raise InvalidParameter("Deletion of aliases is not currently supported.")
