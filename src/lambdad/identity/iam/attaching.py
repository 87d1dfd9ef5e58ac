"""Managed policies attached to roles, users and groups, and permissions boundaries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from lambdad.domain.errors import NotFound, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.iam import Holder, ManagedPolicy
from lambdad.domain.limits import MAX_ATTACHED_POLICIES
from lambdad.identity.directory import Directory
from lambdad.identity.iam.entities import Entity, Handler, Params, page

H = TypeVar("H", bound=Holder)


def attachable(directory: Directory, account: str, arn: str, said: str = "Policy") -> ManagedPolicy:
    """The policy with this ARN.

    Raises:
        NotFound: there is none.
    """
    found = directory.policy(account, arn)
    if found is None:
        raise NotFound(f"{said} {arn} does not exist or is not attachable.")
    return found


class Attaching(Generic[H]):
    """Handlers for one entity.

    Args:
        bounded: whether it can have a permissions boundary; groups cannot.
    """

    def __init__(self, directory: Directory, entity: Entity[H], *, bounded: bool = True) -> None:
        self._directory = directory
        self._entity = entity
        self._bounded = bounded

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        title = self._entity.title
        handlers = {
            f"Attach{title}Policy": self.attach,
            f"Detach{title}Policy": self.detach,
            f"ListAttached{title}Policies": self.listed,
        }
        if self._bounded:
            handlers[f"Put{title}PermissionsBoundary"] = self.bind
            handlers[f"Delete{title}PermissionsBoundary"] = self.unbind
        return handlers

    async def attach(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Attach a policy; once more does nothing."""
        arn, title = params["PolicyArn"], self._entity.title

        def changed(holder: H) -> H:
            attachable(self._directory, request.caller.scope.account, arn)
            if arn in holder.attached:
                return holder
            if len(holder.attached) >= MAX_ATTACHED_POLICIES:
                raise QuotaExceeded(f"Cannot exceed quota for PoliciesPer{title}: {MAX_ATTACHED_POLICIES}")
            return replace(holder, attached=(*holder.attached, arn))

        return await self._change(params, request, changed)

    async def detach(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Detach a policy."""
        arn = params["PolicyArn"]

        def changed(holder: H) -> H:
            if arn not in holder.attached:
                raise NotFound(f"Policy {arn} was not found.")
            return replace(holder, attached=tuple(one for one in holder.attached if one != arn))

        return await self._change(params, request, changed)

    async def listed(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of what is attached."""
        account = request.caller.scope.account
        holder = self._entity.find(self._directory, account, self._entity.name(params))
        policies = [self._directory.policy(account, arn) for arn in holder.attached]
        prefix = params.get("PathPrefix") or "/"
        return page(
            params,
            "AttachedPolicies",
            [one for one in policies if one is not None and one.path.startswith(prefix)],
            lambda policy: policy.name,
            lambda policy: {"PolicyName": policy.name, "PolicyArn": policy.arn},
        )

    async def bind(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Set the permissions boundary."""
        arn = params["PermissionsBoundary"]

        def changed(holder: H) -> H:
            attachable(self._directory, request.caller.scope.account, arn, "Scope ARN:")
            return replace(holder, boundary=arn)

        return await self._change(params, request, changed)

    async def unbind(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove the permissions boundary."""
        return await self._change(params, request, lambda holder: replace(holder, boundary=None))

    async def _change(self, params: Params, request: Request, change: Callable[[H], H]) -> Mapping[str, Any]:
        entity, name = self._entity, self._entity.name(params)
        await self._directory.change(
            entity.kind,
            request.caller.scope.account,
            name,
            lambda there: change(entity.there(there, name)),
        )
        return {}
