"""Tags of roles, users and policies.

Source: IAM user guide, "Tags for IAM resources": keys are the same in any case; texts as the API
answers them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from lambdad.domain.errors import InvalidInput, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.iam import Holder, Tags
from lambdad.domain.limits import MAX_TAGS
from lambdad.identity.directory import Directory
from lambdad.identity.iam import showing
from lambdad.identity.iam.entities import Entity, Handler, Params, cut

H = TypeVar("H", bound=Holder)


def given_tags(listed: Sequence[Mapping[str, str]] | None, before: Tags = ()) -> Tags:
    """Tags of a request put to those there are.

    Raises:
        InvalidInput: a key twice, or one that is AWS's.
        QuotaExceeded: too many.
    """
    given = [(one["Key"], one["Value"]) for one in listed or ()]
    keys = [key.lower() for key, _ in given]
    if len(set(keys)) < len(keys):
        raise InvalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.startswith("aws:") for key in keys):
        raise InvalidInput("Tag keys beginning with 'aws:' are reserved for system use.")
    kept = tuple(tag for tag in before if tag[0].lower() not in keys)
    if len(kept) + len(given) > MAX_TAGS:
        raise QuotaExceeded(f"The number of tags has reached the maximum limit: {MAX_TAGS}")
    return (*kept, *given)


def without(before: Tags, keys: Sequence[str]) -> Tags:
    """Those that are left when these keys are gone."""
    gone = {key.lower() for key in keys}
    return tuple(tag for tag in before if tag[0].lower() not in gone)


def tag_page(params: Params, tags: Tags) -> Mapping[str, Any]:
    """A page of tags, in the order they were given."""
    return cut(params, "Tags", tags, lambda tag: tag[0], lambda tag: showing.tags((tag,))[0])


class Tagging(Generic[H]):
    """Handlers for one entity."""

    def __init__(self, directory: Directory, entity: Entity[H]) -> None:
        self._directory = directory
        self._entity = entity

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        title = self._entity.title
        return {f"Tag{title}": self.tag, f"Untag{title}": self.untag, f"List{title}Tags": self.listed}

    async def tag(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Add tags, and change those that are there."""
        return await self._retag(params, request, lambda before: given_tags(params["Tags"], before))

    async def untag(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove tags; those that are not there do no harm."""
        return await self._retag(params, request, lambda before: without(before, params["TagKeys"]))

    async def listed(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of the tags."""
        name = self._entity.name(params)
        found = self._entity.find(self._directory, request.caller.scope.account, name)
        return tag_page(params, found.tags)

    async def _retag(self, params: Params, request: Request, change: Any) -> Mapping[str, Any]:
        entity, name = self._entity, self._entity.name(params)

        def decide(there: H | None) -> H:
            found = entity.there(there, name)
            return replace(found, tags=change(found.tags))

        await self._directory.change(entity.kind, request.caller.scope.account, name, decide)
        return {}
