"""What `/lambdad/v1/functions/{name}/invocations` answers: the last invocations of a function; beyond AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from lambdad.composition.asked.queries import limit_of
from lambdad.domain.arn import parse_function
from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.http import Request
from lambdad.domain.limits import RECENT_INVOCATIONS
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.telemetry.recent_invocations import RecentInvocations
from lambdad.telemetry.told_invocations import told

_NAME = -2  # the part of the path


@dataclass(frozen=True, slots=True)
class InvocationsOperation:
    """The handler."""

    recent: RecentInvocations
    catalogue: CatalogueStore

    async def show(self, request: Request) -> Mapping[str, object]:
        """The last ones that are over, newest first."""
        limit = limit_of(request, RECENT_INVOCATIONS, RECENT_INVOCATIONS)
        scope = request.caller.scope
        named = parse_function(unquote(request.path.strip("/").split("/")[_NAME]), scope)
        if named.qualifier is not None:
            raise InvalidParameter("The function is named without a version or alias.")
        if await self.catalogue.read(scope, named.name) is None:
            raise NotFound(f"Function not found: {named.arn(scope)}")
        found = self.recent.of(scope, named.name)[:limit]
        return {
            "function": named.name,
            "kept": RECENT_INVOCATIONS,
            "invocations": [told(stream, record) for stream, record in found],
        }
