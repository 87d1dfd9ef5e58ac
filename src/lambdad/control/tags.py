"""Tags of every resource that can have them: TagResource, UntagResource, ListTags.

A kind of resource is one entry of `Tags`' table: how its tags are read, and how they are changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Protocol, Self, TypeVar

from lambdad.control.checks import check_tags
from lambdad.control.context import ControlContext, Operations, Params
from lambdad.domain.arn import FunctionReference, parse_function
from lambdad.domain.code_signing import CODE_SIGNING_CONFIGS, config_id_of
from lambdad.domain.errors import InvalidParameter, NotFound
from lambdad.domain.event_source_mapping import MAPPINGS, uuid_of
from lambdad.domain.http import Request
from lambdad.domain.resource import ACCOUNT, Kind, Place
from lambdad.domain.scope import Scope

TagMap = Mapping[str, str]
Change = Callable[[dict[str, str]], dict[str, str]]
"""From a resource's tags to what they shall be; raises CallerError to refuse."""

_NOT_OFFERED: Final = {
    "capacity-provider": "Capacity provider not found: {arn}",
    "network-connector": "Network connector not found: {arn}",
}
"""Taggable resources that do not exist in lambdad, so none is ever found.

Source: Tag test_tag_exceptions for the first.
"""


class Tagged(Protocol):
    """A resource that keeps its tags itself."""

    @property
    def tags(self) -> TagMap:
        """Its tags, in the order they were set."""
        ...

    def tagged(self, tags: TagMap) -> Self:
        """The same resource with these tags instead."""
        ...


T = TypeVar("T", bound=Tagged)


class TagKeeper(Protocol):
    """Where one kind of resource has its tags."""

    async def read(self, scope: Scope, arn: str) -> TagMap:
        """The tags of a resource.

        Raises:
            NotFound: in AWS's words.
        """
        ...

    async def change(self, scope: Scope, arn: str, change: Change) -> None:
        """Change the tags of a resource in one step.

        Raises:
            NotFound: in AWS's words.
            CallerError: what `change` raised.
        """
        ...


class Tags:
    """Handlers for tags."""

    def __init__(self, context: ControlContext) -> None:
        self._keepers: Mapping[str, TagKeeper] = {
            "function": FunctionTags(context),
            "event-source-mapping": ResourceTags(
                context, MAPPINGS, uuid_of, "Event source mapping not found: {arn}"
            ),
            "code-signing-config": ResourceTags(
                context,
                CODE_SIGNING_CONFIGS,
                config_id_of,
                "The code signing configuration cannot be found. "
                "Check that the provided configuration is not deleted: {arn}.",
            ),
        }

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
        await self._change(params, request, lambda tags: tags | added)
        return {}

    async def untag_resource(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove tags; unknown keys do no harm."""
        removed = frozenset(params["TagKeys"])
        await self._change(
            params, request, lambda tags: {key: value for key, value in tags.items() if key not in removed}
        )
        return {}

    async def list_tags(self, params: Params, request: Request) -> Mapping[str, Any]:
        """All tags of a resource."""
        arn: str = params["Resource"]
        return {"Tags": dict(await self._keeper(arn).read(request.caller.scope, arn))}

    async def _change(self, params: Params, request: Request, change: Change) -> None:
        def checked(tags: dict[str, str]) -> dict[str, str]:
            changed = change(tags)
            check_tags(changed)
            return changed

        arn: str = params["Resource"]
        await self._keeper(arn).change(request.caller.scope, arn, checked)

    def _keeper(self, arn: str) -> TagKeeper:
        kind = arn.split(":")[5]
        if kind in _NOT_OFFERED:
            raise NotFound(_NOT_OFFERED[kind].format(arn=arn))
        return self._keepers.get(kind, self._keepers["function"])


class FunctionTags:
    """Tags of functions, which the catalogue keeps beside them; changes follow one another."""

    def __init__(self, context: ControlContext) -> None:
        self._context = context
        self._changing = asyncio.Lock()

    async def read(self, scope: Scope, arn: str) -> TagMap:
        """The tags of a function.

        Raises:
            NotFound, InvalidParameter: no function, or an alias or version.
        """
        reference = await self._function(scope, arn)
        return await self._context.catalogue.read_tags(scope, reference.name)

    async def change(self, scope: Scope, arn: str, change: Change) -> None:
        """Change the tags of a function.

        Raises:
            NotFound, InvalidParameter: no function, or an alias or version.
            CallerError: what `change` raised.
        """
        catalogue, reference = self._context.catalogue, await self._function(scope, arn)
        async with self._changing:
            tags = change(await catalogue.read_tags(scope, reference.name))
            if not await catalogue.write_tags(scope, reference.name, tags):
                raise NotFound(f"Function not found: {reference.arn(scope)}")

    async def _function(self, scope: Scope, arn: str) -> FunctionReference:
        reference = parse_function(arn, scope)
        if reference.qualifier is not None:
            raise InvalidParameter(
                "Tags on function aliases and versions are not supported. Please specify a function ARN."
            )
        await self._context.read(scope, reference)
        return reference


class ResourceTags(Generic[T]):
    """Tags of a kind of the account's resources, inside its values.

    Args:
        name_of: the name of a resource of this account and region from its ARN; None for others.
        missing: what is said of a resource that is not there, with its ARN.
    """

    def __init__(
        self,
        context: ControlContext,
        kind: Kind[T],
        name_of: Callable[[Scope, str], str | None],
        missing: str,
    ) -> None:
        self._resources = context.catalogue.resources
        self._kind, self._name_of, self._missing = kind, name_of, missing

    async def read(self, scope: Scope, arn: str) -> TagMap:
        """The tags of a resource.

        Raises:
            NotFound: in AWS's words.
        """
        found = await self._resources.read(self._kind, self._place(scope, arn))
        if found is None:
            raise self._not_found(arn)
        return found.tags

    async def change(self, scope: Scope, arn: str, change: Change) -> None:
        """Change the tags of a resource.

        Raises:
            NotFound: in AWS's words.
            CallerError: what `change` raised.
        """

        def decide(found: T | None) -> T:
            if found is None:
                raise self._not_found(arn)
            return found.tagged(change(dict(found.tags)))

        await self._resources.change(self._kind, self._place(scope, arn), decide)

    def _place(self, scope: Scope, arn: str) -> Place:
        name = self._name_of(scope, arn)
        if name is None:
            raise self._not_found(arn)
        return Place(scope, ACCOUNT, name)

    def _not_found(self, arn: str) -> NotFound:
        return NotFound(self._missing.format(arn=arn))
