"""Layers: publish, get, list and delete their versions.

Source: answers recorded from AWS by the public suite that `tests/parity/data` is from (TestLambdaLayer, not
among the copied groups): members left out, refusals, numbers going on after deletions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.control.attaching import denied
from lambdad.control.checks import check_offered
from lambdad.control.code import store_code
from lambdad.control.code_location import sign
from lambdad.control.configuration import timestamp
from lambdad.control.context import ControlContext, Operations, Params
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.control.rendering import layer_version, listed_layer_version
from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.http import Request
from lambdad.domain.layer import LayerReference, LayerVersion, parse_layer, parse_layer_version
from lambdad.ports.layer_store import LayerFilter

_FIRST = 1


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
        layer = _own(parse_layer(params["LayerName"], scope), request, "lambda:PublishLayerVersion")
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
        _check_account(layer, request, "lambda:ListLayerVersions")
        size, marker = page_size(params), read_marker(params, 1)
        before = None if marker is None else _number(marker[0])
        found = await self._layers.list_versions(
            layer.scope, layer.name, where=_where(params), before=before, limit=size + 1
        )
        page = found[:size]
        return {
            "LayerVersions": [listed_layer_version(version) for version in page],
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
        _check_number(params["VersionNumber"])
        layer = _own(layer, request, "lambda:DeleteLayerVersion")
        await self._layers.delete(layer.scope, layer.name, params["VersionNumber"])
        return {}

    async def _get(self, layer: LayerReference, number: int, request: Request) -> Mapping[str, Any]:
        _check_number(number)
        layer = _own(layer, request, "lambda:GetLayerVersion")
        version = await self._layers.read(layer.scope, layer.name, number)
        if version is None:
            raise _missing()
        return self._shown(version, request)

    def _shown(self, version: LayerVersion, request: Request) -> Mapping[str, Any]:
        context = self._context
        location = sign(context.location_secret, request.base_url, version.code_key, context.clock.now())
        return layer_version(version, location=location)


def _own(layer: LayerReference, request: Request, action: str) -> LayerReference:
    """The layer, if it is the caller's and of this region.

    Raises:
        AccessDenied: another account's.
        NotFound: of another region.
    """
    _check_account(layer, request, action)
    if layer.scope.region != request.caller.scope.region:
        raise _missing()
    return layer


def _check_account(layer: LayerReference, request: Request, action: str) -> None:
    if layer.scope.account != request.caller.scope.account:
        raise denied(request.caller.scope, layer.arn, action)


def _check_number(number: int) -> None:
    if number < _FIRST:
        raise InvalidParameter("Layer Version Cannot be less than 1")


def _missing() -> NotFound:
    return NotFound("The resource you requested does not exist.")


def _given(params: Params, member: str) -> tuple[str, ...] | None:
    return None if params.get(member) is None else tuple(params[member])


def _where(params: Params) -> LayerFilter:
    return LayerFilter(params.get("CompatibleRuntime"), params.get("CompatibleArchitecture"))


def _number(marker: str) -> int:
    if not (marker.isascii() and marker.isdigit()) or len(marker) > 18:
        raise InvalidParameter("Invalid pagination token")
    return int(marker)
