"""Published versions: PublishVersion, ListVersionsByFunction, and publishing with a create or update."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdad.control.checks import check_storage
from lambdad.control.configuration import content_digest
from lambdad.control.context import ControlContext, Operations, Params, check_revision, named, named_function
from lambdad.control.paging import page_size, read_marker, write_marker
from lambdad.control.rendering import configuration, listed
from lambdad.control.snap_start import starts_pending
from lambdad.control.states import Phase, check_settled, enter
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.function import LATEST, FunctionVersion
from lambdad.domain.http import Request


class Versions:
    """Handlers for versions."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "PublishVersion": self.publish_version,
            "ListVersionsByFunction": self.list_versions_by_function,
        }

    async def publish_version(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Publish `$LATEST`; what is published already is answered again.

        Source: Versions test_version_lifecycle, third_publish_response: a description alone makes
            no new version.
        """
        context, scope = self._context, request.caller.scope
        if params.get("PublishTo"):
            raise InvalidParameter("PublishTo is only supported for functions with a capacity provider.")
        name = named_function(params, request)
        while True:
            latest = await context.read_latest(scope, name)
            _check_publishable(latest, params)
            before = await _last_published(context, latest)
            if before is not None and before.published_from == content_digest(latest):
                return configuration(before, qualified=True)
            described = replace(latest, description=params.get("Description", latest.description))
            to = Phase.BEING_CREATED if starts_pending(latest) else Phase.SETTLED
            published = await _publish(context, latest, described, to)
            if published is not None:
                if to is Phase.BEING_CREATED:
                    context.settler.schedule(published)
                return configuration(published, qualified=True)

    async def list_versions_by_function(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a function's versions, `$LATEST` first."""
        context, scope = self._context, request.caller.scope
        name = named(params, request).name
        await context.read_latest(scope, name)
        size = page_size(params)
        marker = read_marker(params, 1)
        after = None if marker is None else (name, marker[0])
        versions = await context.catalogue.list_versions(scope, name, after=after, limit=size + 1)
        page = versions[:size]
        return {
            "Versions": [listed(version, qualified=True) for version in page],
            "NextMarker": write_marker(page[-1].version) if len(versions) > size else None,
        }


async def publish_with_update(context: ControlContext, latest: FunctionVersion) -> FunctionVersion:
    """Publish what a create or update has just made of `$LATEST`; the version settles like it does.

    Source: Versions test_publish_with_update.
    """
    while (published := await _publish(context, latest, latest, Phase.BEING_CREATED)) is None:
        # The number was taken by another publication; a deleted function is found here.
        await context.read_latest(latest.scope, latest.name)
    context.settler.schedule(published)
    return published


async def _publish(
    context: ControlContext, latest: FunctionVersion, content: FunctionVersion, phase: Phase
) -> FunctionVersion | None:
    """Store `content` under the next number; None when another took that number or the function is gone."""
    check_storage(await context.catalogue.usage(latest.scope), content.code_bytes)
    number = await context.catalogue.last_version_number(latest.scope, latest.name) + 1
    published = enter(
        replace(content, version=str(number), published_from=content_digest(latest)), phase, context.new_id()
    )
    return published if await context.catalogue.publish(published) else None


async def _last_published(context: ControlContext, latest: FunctionVersion) -> FunctionVersion | None:
    """The version with the highest number ever; None when none was published or it is deleted."""
    number = await context.catalogue.last_version_number(latest.scope, latest.name)
    return await context.catalogue.read(latest.scope, latest.name, str(number)) if number else None


def _check_publishable(latest: FunctionVersion, params: Params) -> None:
    check_revision(latest, params)
    check_settled(latest)
    given = params.get("CodeSha256")
    if given and given != latest.code_sha256:
        raise InvalidParameter(
            f"CodeSHA256 ({given}) is different from current CodeSHA256 in {LATEST} ({latest.code_sha256}). "
            f"Please try again with the CodeSHA256 in {LATEST}."
        )
