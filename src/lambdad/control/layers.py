"""Layers: publish, get, list and delete their versions.

Source: answers recorded from AWS by the public suite that `tests/parity/data` is from (TestLambdaLayer, not
among the copied groups): members left out, refusals, numbers going on after deletions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lambdad.control.checks import check_offered
from lambdad.control.code import store_code
from lambdad.control.code_location import sign
from lambdad.control.configuration import timestamp
from lambdad.control.context import ControlContext, Operations, Params
from lambdad.control.layer_access import (
    check_access,
    check_number,
    check_region,
    denied,
    may_use,
    missing,
    own,
)
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.control.rendering import layer_version, listed_layer_version
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request
from lambdad.domain.layer import LayerReference, LayerVersion, parse_layer, parse_layer_version
from lambdad.ports.layer_store import LayerFilter

_GET = "lambda:GetLayerVersion"


class Layers:
    """Handlers for layers."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._layers = context.catalogue.layers

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PublishLayerVersion": self.publish_layer_version,
            "GetLayerVersion": self.get_layer_version,
            "GetLayerVersionByArn": self.get_layer_version_by_arn,
            "ListLayerVersions": self.list_layer_versions,
            "ListLayers": self.list_layers,
            "DeleteLayerVersion": self.delete_layer_version,
        }

    async def publish_layer_version(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Store a new version of a layer, and the layer with its first."""
        context, scope = self._context, request.caller.scope
        layer = own(parse_layer(params["LayerName"], scope), request, "lambda:PublishLayerVersion")
        check_offered(params["Content"])
        code = await store_code(context, scope, params["Content"])
        draft = LayerVersion(
            scope=scope,
            name=layer.name,
            number=0,
            description=params.get("Description") or "",
            license_info=params.get("LicenseInfo"),
            runtimes=_given(params, "CompatibleRuntimes"),
            architectures=_given(params, "CompatibleArchitectures"),
            code_sha256=code.sha256_base64,
            code_bytes=code.archive_bytes,
            unpacked_bytes=code.unpacked_bytes,
            code_key=code.key,
            created=timestamp(context.clock.now()),
        )
        return self._shown(await self._layers.publish(draft), request)

    async def get_layer_version(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A version with a link to its archive."""
        reference = parse_layer(params["LayerName"], request.caller.scope)
        return await self._get(reference, params["VersionNumber"], request)

    async def get_layer_version_by_arn(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A version named by its ARN."""
        reference = parse_layer_version(params["Arn"])
        return await self._get(reference, reference.number or 0, request)

    async def list_layer_versions(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a layer's versions, the newest first; an unknown layer has none."""
        layer = parse_layer(params["LayerName"], request.caller.scope)
        size, marker = page_size(params), read_marker(params, 1)
        before = None if marker is None else _number(marker[0])
        found = await self._layers.list_versions(
            layer.scope, layer.name, where=_where(params), before=before, limit=size + 1
        )
        page = found[:size]
        shown = await self._usable(page, layer, request)
        return {
            "LayerVersions": [listed_layer_version(version) for version in shown],
            "NextMarker": write_marker(str(page[-1].number)) if len(found) > size else None,
        }

    async def list_layers(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of layers that have a version, each with the newest that matches."""
        size, marker = page_size(params), read_marker(params, 1)
        after = None if marker is None else marker[0]
        found = await self._layers.list_layers(
            request.caller.scope, where=_where(params), after=after, limit=size + 1
        )
        page = found[:size]
        return {
            "Layers": [
                {
                    "LayerName": newest.name,
                    "LayerArn": newest.layer_arn,
                    "LatestMatchingVersion": listed_layer_version(newest),
                }
                for newest in page
            ],
            "NextMarker": write_marker(page[-1].name) if len(found) > size else None,
        }

    async def delete_layer_version(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Delete a version; functions that use it keep it, and one that does not exist counts as deleted."""
        layer = parse_layer(params["LayerName"], request.caller.scope)
        check_number(params["VersionNumber"])
        layer = own(layer, request, "lambda:DeleteLayerVersion")
        await self._layers.delete(layer.scope, layer.name, params["VersionNumber"])
        return {}

    async def _get(self, layer: LayerReference, number: int, request: Request) -> Mapping[str, Any]:
        check_number(number)
        layer = LayerReference(layer.scope, layer.name, number)
        await check_access(self._context, request.caller.scope, layer, _GET)
        check_region(layer, request)
        version = await self._layers.read(layer.scope, layer.name, number)
        if version is None:
            raise missing()
        return self._shown(version, request)

    async def _usable(
        self, versions: Sequence[LayerVersion], layer: LayerReference, request: Request
    ) -> Sequence[LayerVersion]:
        """Those whose policies let the caller in.

        Raises:
            AccessDenied: another account's layer, and none of them does.
        """
        caller = request.caller.scope
        usable = []
        for version in versions:
            one = LayerReference(layer.scope, layer.name, version.number)
            if await may_use(self._context, caller, one, _GET):
                usable.append(version)
        if not usable and layer.scope.account != caller.account:
            raise denied(caller, layer.arn, "lambda:ListLayerVersions")
        return usable

    def _shown(self, version: LayerVersion, request: Request) -> Mapping[str, Any]:
        context = self._context
        location = sign(context.location_secret, request.base_url, version.code_key, context.clock.now())
        return layer_version(version, location=location)


def _given(params: Params, member: str) -> tuple[str, ...] | None:
    return None if params.get(member) is None else tuple(params[member])


def _where(params: Params) -> LayerFilter:
    return LayerFilter(params.get("CompatibleRuntime"), params.get("CompatibleArchitecture"))


def _number(marker: str) -> int:
    if not (marker.isascii() and marker.isdigit()) or len(marker) > 18:
        raise InvalidParameter("Invalid pagination token")
    return int(marker)
