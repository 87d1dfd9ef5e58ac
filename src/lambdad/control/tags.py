"""Tags of functions: TagResource, UntagResource, ListTags."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from lambdad.control.checks import check_tags
from lambdad.control.context import ControlContext, Operations, Params
from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.http import Request

_OTHERS = {
    "event-source-mapping": "Event source mapping not found: {arn}",
    "capacity-provider": "Capacity provider not found: {arn}",
    "network-connector": "Network connector not found: {arn}",
    "code-signing-config": (
        "The code signing configuration cannot be found. "
        "Check that the provided configuration is not deleted: {arn}."
    ),
}
"""Taggable resources that do not exist in lambdad yet, so none is ever found.

Source: Tag test_tag_exceptions for the first two.
"""


class Tags:
    """Handlers for tags; changes of tags follow one another."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._changing = asyncio.Lock()

    @property
    def operations(self) -> Operations:
        """Handlers by operation."""
        return {
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTags": self.list_tags,
        }

    async def tag_resource(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Add tags, or give them other values."""
        added = params["Tags"]
        check_tags(added)
        return await self._change(params, request, lambda tags: tags | added)

    async def untag_resource(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove tags; unknown keys do no harm."""
        removed = frozenset(params["TagKeys"])
        return await self._change(
            params, request, lambda tags: {key: value for key, value in tags.items() if key not in removed}
        )

    async def list_tags(self, params: Params, request: Request) -> Mapping[str, Any]:
        """All tags of a function."""
        scope, reference = request.caller.scope, _tagged(params, request)
        await self._context.read(scope, reference)
        return {"Tags": await self._context.catalogue.read_tags(scope, reference.name)}

    async def _change(
        self, params: Params, request: Request, change: Callable[[dict[str, str]], dict[str, str]]
    ) -> Mapping[str, Any]:
        scope, reference = request.caller.scope, _tagged(params, request)
        await self._context.read(scope, reference)
        async with self._changing:
            tags = change(await self._context.catalogue.read_tags(scope, reference.name))
            check_tags(tags)
            if not await self._context.catalogue.write_tags(scope, reference.name, tags):
                raise NotFound(f"Function not found: {reference.arn(scope)}")
        return {}


def _tagged(params: Params, request: Request) -> FunctionReference:
    """The function a tag request is about.

    Raises:
        NotFound: a resource of another kind.
        InvalidParameter: an alias or version.
    """
    arn: str = params["Resource"]
    missing = _OTHERS.get(arn.split(":")[5])
    if missing is not None:
        raise NotFound(missing.format(arn=arn))
    reference = parse_function(arn, request.caller.scope)
    if reference.qualifier is not None:
        raise InvalidParameter(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return reference
