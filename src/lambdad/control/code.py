"""Code of a function: where a request says it is, and UpdateFunctionCode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.control.architecture import warn_if_foreign
from lambdad.control.attaching import check_unzipped
from lambdad.control.checks import check_offered, check_storage
from lambdad.control.configuration import with_code
from lambdad.control.context import ControlContext, Operations, Params, check_revision, named_function
from lambdad.control.function_signing import check_code_of
from lambdad.control.package import check_changed_package
from lambdad.control.rendering import configuration
from lambdad.control.states import Phase, check_settled, move
from lambdad.control.targets import check_source_key
from lambdad.control.versions import publish_with_update
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.function import FunctionVersion
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_UNZIPPED_BYTES
from lambdad.domain.scope import Scope
from lambdad.ports.code_store import StoredCode


class Code:
    """Handlers for code."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {"UpdateFunctionCode": self.update_function_code}

    async def update_function_code(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Give `$LATEST` other code, and publish it if asked to."""
        scope, name = request.caller.scope, named_function(params, request)
        check_offered(params)
        context = self._context
        before = await context.read_latest(scope, name)
        _check_changeable(before, params)
        check_changed_package(params)
        check_source_key(params)
        await check_code_of(context, scope, name)
        publish = bool(params.get("Publish"))
        code = await store_code(context, scope, params, publish=publish, replaced_bytes=before.code_bytes)
        while True:
            latest = await context.read_latest(scope, name)
            _check_changeable(latest, params)
            check_unzipped(code.unpacked_bytes, latest.layers)
            changed = with_code(latest, params, code, now=context.clock.now())
            if params.get("DryRun"):
                return configuration(changed, qualified=False)
            updated = move(changed, Phase.BEING_UPDATED, context.new_id())
            if await context.catalogue.replace(updated, expected_revision=latest.revision_id):
                break
        warn_if_foreign(updated)
        context.settler.schedule(updated)
        context.changed(scope, name)
        if params.get("Publish"):
            return configuration(await publish_with_update(context, updated), qualified=True)
        return configuration(updated, qualified=False)


async def store_code(
    context: ControlContext,
    scope: Scope,
    params: Params,
    *,
    publish: bool = False,
    replaced_bytes: int = 0,
) -> StoredCode:
    """Take the code that `Code` of a create, `Content` of a layer or the members of an update name
    into the code store.

    Args:
        context: where to.
        scope: whose.
        params: that say where the code is.
        publish: whether a version is published with it, which takes as much again.
        replaced_bytes: what the code that goes for it takes.

    Raises:
        InvalidParameter: no source, two sources, S3 refused, or not a fit zip file.
        RequestTooLarge: too big an upload.
        CodeStorageExceeded: no room.
        NotOffered: from S3, and none is configured.
    """
    uploaded = params.get("ZipFile")
    if uploaded is not None:
        if any(params.get(other) for other in ("S3Bucket", "S3Key", "S3ObjectVersion", "ImageUri")):
            raise InvalidParameter(
                "Please do not provide other FunctionCode parameters when providing a ZipFile."
            )
        if not uploaded:
            raise InvalidParameter("Uploaded file must be a non-empty zip")
        code = await context.codes.put(uploaded)
    else:
        archive = await _fetch(context, scope, params)
        code = await context.codes.put(archive, max_archive_bytes=MAX_UNZIPPED_BYTES)
    added_bytes = code.archive_bytes * (2 if publish else 1) - replaced_bytes
    check_storage(await context.catalogue.usage(scope), added_bytes)
    return code


async def _fetch(context: ControlContext, scope: Scope, params: Params) -> bytes:
    bucket, key = params.get("S3Bucket"), params.get("S3Key")
    if not bucket or not key:
        raise InvalidParameter("Please provide a source for function code.")
    version = params.get("S3ObjectVersion")
    return await context.objects.fetch(scope, bucket, key, version, MAX_UNZIPPED_BYTES)


def _check_changeable(latest: FunctionVersion, params: Params) -> None:
    check_revision(latest, params)
    check_settled(latest)
