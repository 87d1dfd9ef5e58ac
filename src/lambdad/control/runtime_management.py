"""Runtime management of versions: put and get.

A host has one version of each runtime, its own interpreter: that is the one version ARN there is, and the one
that Manual may stay with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from lambdad.control.context import ControlContext, Operations, Params, named
from lambdad.control.rendering import runtime_version_arn
from lambdad.domain.arn import FunctionReference
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.function import FunctionVersion
from lambdad.domain.http import Request
from lambdad.domain.resource import Place
from lambdad.domain.runtime_management import RUNTIME_MANAGEMENT, RuntimeManagement, UpdateRuntimeOn
from lambdad.domain.scope import Scope

_DEFAULT: Final = RuntimeManagement(UpdateRuntimeOn.AUTO)
"""Source: AWS's page "Understanding how Lambda manages runtime version updates"."""


class RuntimeManagementConfig:
    """Handlers for runtime management."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PutRuntimeManagementConfig": self.put,
            "GetRuntimeManagementConfig": self.get,
        }

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Choose the mode of one version."""
        scope, reference = request.caller.scope, named(params, request)
        async with self._context.keeping.changing:  # or the version may go meanwhile
            version = await self._version(scope, reference)
            chosen = _chosen(params, version)
            place = Place(scope, version.name, version.version)
            await self._context.catalogue.resources.change(RUNTIME_MANAGEMENT, place, lambda _: chosen)
        return _shown(chosen, scope, reference)

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """The mode of one version, or the default."""
        scope, reference = request.caller.scope, named(params, request)
        version = await self._version(scope, reference)
        return _shown(await _management_of(self._context, version), scope, reference)

    async def _version(self, scope: Scope, reference: FunctionReference) -> FunctionVersion:
        """The version that is meant.

        Raises:
            InvalidParameter: an alias; in AWS's words. Source: DataBiosphere/azul issue 7730, where AWS
                answers so.
            NotFound: no such version.
        """
        if reference.version is None:
            raise InvalidParameter(
                f"The provided function name {reference.arn(scope)} is invalid. Aliases are not allowed."
            )
        return await self._context.read(scope, reference)


async def check_runtime_change(
    context: ControlContext, latest: FunctionVersion, changed: FunctionVersion
) -> None:
    """Refuse another runtime for a function that stays with one version of its runtime.

    Raises:
        InvalidParameter: in AWS's words. Source: hashicorp/terraform-provider-aws issue 42699.
    """
    if latest.runtime == changed.runtime:
        return
    if (await _management_of(context, latest)).update_runtime_on is UpdateRuntimeOn.MANUAL:
        raise InvalidParameter(
            "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. "
            "Change the runtime management configuration to 'Auto' or 'FunctionUpdate', then retry."
        )


async def _management_of(context: ControlContext, version: FunctionVersion) -> RuntimeManagement:
    place = Place(version.scope, version.name, version.version)
    return await context.catalogue.resources.read(RUNTIME_MANAGEMENT, place) or _DEFAULT


def _chosen(params: Params, version: FunctionVersion) -> RuntimeManagement:
    """What a request asks for.

    Raises:
        InvalidParameter: Manual without a version ARN or with one that is not here; another mode with one.
            AWS's page of PutRuntimeManagementConfig has the rules and not the words: they are lambdad's.
    """
    mode, arn = UpdateRuntimeOn(params["UpdateRuntimeOn"]), params.get("RuntimeVersionArn")
    if mode is not UpdateRuntimeOn.MANUAL:
        if arn:
            raise InvalidParameter(
                f"RuntimeVersionArn can only be specified when UpdateRuntimeOn is Manual, not {mode}."
            )
        return RuntimeManagement(mode)
    if not arn:
        raise InvalidParameter("RuntimeVersionArn is required when UpdateRuntimeOn is Manual.")
    here = runtime_version_arn(version)
    if arn != here:
        raise InvalidParameter(
            f"The runtime version {arn} is not available. This function can only use {here}, "
            f"the version of {version.runtime} on this host."
        )
    return RuntimeManagement(mode, arn)


def _shown(found: RuntimeManagement, scope: Scope, reference: FunctionReference) -> dict[str, Any]:
    """The answer; the ARN is qualified as the request was. Source: AWS's page "Manual" of runtime updates."""
    return {
        "UpdateRuntimeOn": found.update_runtime_on.value,
        "FunctionArn": reference.arn(scope),
        "RuntimeVersionArn": found.runtime_version_arn,
    }
