"""Inline policies of roles, users and groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from lambdad.domain.errors import NotFound
from lambdad.domain.http import Request
from lambdad.domain.iam import Holder
from lambdad.domain.limits import (
    MAX_GROUP_POLICY_CHARACTERS,
    MAX_ROLE_POLICY_CHARACTERS,
    MAX_USER_POLICY_CHARACTERS,
)
from lambdad.identity.directory import Directory
from lambdad.identity.iam.documents import escaped, identity_policy
from lambdad.identity.iam.entities import Entity, Handler, Params, page

H = TypeVar("H", bound=Holder)
_MOST = {
    "Role": MAX_ROLE_POLICY_CHARACTERS,
    "User": MAX_USER_POLICY_CHARACTERS,
    "Group": MAX_GROUP_POLICY_CHARACTERS,
}


class Inline(Generic[H]):
    """Handlers for one entity."""

    def __init__(self, directory: Directory, entity: Entity[H]) -> None:
        self._directory = directory
        self._entity = entity

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        title = self._entity.title
        return {
            f"Put{title}Policy": self.put,
            f"Get{title}Policy": self.get,
            f"List{title}Policies": self.listed,
            f"Delete{title}Policy": self.delete,
        }

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Add a policy, or write it anew."""
        entity, name = self._entity, self._entity.name(params)
        policy, document = params["PolicyName"], params["PolicyDocument"]
        most = _MOST[entity.title]
        exceeded = f"Maximum policy size of {most} bytes exceeded for {entity.word} {name}"
        identity_policy(document, exceeded, most)

        def decide(there: H | None) -> H:
            holder = entity.there(there, name)
            inline = {**holder.inline, policy: document}
            identity_policy(document, exceeded, most - sum(map(_size, inline.values())) + _size(document))
            return replace(holder, inline=inline)

        await self._directory.change(entity.kind, request.caller.scope.account, name, decide)
        return {}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """One policy."""
        holder, policy = self._found(params, request), params["PolicyName"]
        return {
            f"{self._entity.title}Name": holder.name,
            "PolicyName": policy,
            "PolicyDocument": escaped(self._there(holder, policy)),
        }

    async def listed(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of names."""
        return page(params, "PolicyNames", self._found(params, request).inline, str, str)

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove one."""
        entity, name, policy = self._entity, self._entity.name(params), params["PolicyName"]

        def decide(there: H | None) -> H:
            holder = entity.there(there, name)
            self._there(holder, policy)
            left = {key: document for key, document in holder.inline.items() if key != policy}
            return replace(holder, inline=left)

        await self._directory.change(entity.kind, request.caller.scope.account, name, decide)
        return {}

    def _found(self, params: Params, request: Request) -> H:
        return self._entity.find(self._directory, request.caller.scope.account, self._entity.name(params))

    def _there(self, holder: Holder, policy: str) -> str:
        document = holder.inline.get(policy)
        if document is None:
            raise NotFound(f"The {self._entity.word} policy with name {policy} cannot be found.")
        return document


def _size(document: str) -> int:
    return len("".join(document.split()))
