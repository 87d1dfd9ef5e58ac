"""Managed policies, the account's own; those of AWS are shown and attached, and changed by nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lambdad.domain.errors import AccessDenied, Conflict, DeleteConflict, NotFound, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.iam import (
    GROUPS,
    MANAGED_POLICIES,
    ROLES,
    USERS,
    Holder,
    ManagedPolicy,
    PolicyVersion,
    Tags,
)
from lambdad.domain.limits import MAX_MANAGED_POLICIES, MAX_MANAGED_POLICY_CHARACTERS
from lambdad.domain.resource import Kind
from lambdad.identity.directory import Directory
from lambdad.identity.iam import showing
from lambdad.identity.iam.documents import identity_policy
from lambdad.identity.iam.entities import Handler, Params, iam_arn, new_id, page
from lambdad.identity.iam.tagging import given_tags, tag_page, without
from lambdad.identity.principals import who_asks
from lambdad.ports.clock import Clock

_TOO_LONG = f"Cannot exceed quota for PolicySize: {MAX_MANAGED_POLICY_CHARACTERS}"


def found_policy(directory: Directory, account: str, arn: str) -> ManagedPolicy:
    """The policy with this ARN.

    Raises:
        NotFound: there is none.
    """
    found = directory.policy(account, arn)
    if found is None:
        raise NotFound(f"Policy {arn} was not found.")
    return found


async def change_policy(
    directory: Directory,
    params: Params,
    request: Request,
    change: Callable[[ManagedPolicy], ManagedPolicy | None],
) -> ManagedPolicy | None:
    """Change one of the account's own, by its ARN.

    Raises:
        NotFound: there is none.
        AccessDenied: it is AWS's.
    """
    account, arn = request.caller.scope.account, params["PolicyArn"]
    if arn in directory.aws_managed:
        who = who_asks(request)
        raise AccessDenied(
            f"User: {who.arn} is not authorized to perform this action on resource: policy {arn}"
        )

    def decide(there: ManagedPolicy | None) -> ManagedPolicy | None:
        if there is None or there.arn != arn:
            raise NotFound(f"Policy {arn} was not found.")
        return change(there)

    return await directory.change(MANAGED_POLICIES, account, arn.rpartition("/")[2], decide)


class ManagedPolicies:
    """Handlers of the operations on policies themselves."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        return {
            "CreatePolicy": self.create,
            "GetPolicy": self.get,
            "ListPolicies": self.listed,
            "DeletePolicy": self.delete,
            "ListEntitiesForPolicy": self.entities,
            "TagPolicy": self.tag,
            "UntagPolicy": self.untag,
            "ListPolicyTags": self.tags,
        }

    async def create(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A new policy with its first version."""
        account, name, path = request.caller.scope.account, params["PolicyName"], params.get("Path") or "/"
        document, now = params["PolicyDocument"], int(self._clock.now())
        identity_policy(document, _TOO_LONG, MAX_MANAGED_POLICY_CHARACTERS)
        made = ManagedPolicy(
            name=name,
            path=path,
            arn=iam_arn(request, f"policy{path}{name}"),
            unique_id=new_id("ANPA"),
            created_s=now,
            updated_s=now,
            versions=(PolicyVersion("v1", document, now),),
            description=params.get("Description"),
            tags=given_tags(params.get("Tags")),
        )

        def decide(there: ManagedPolicy | None) -> ManagedPolicy:
            if there is not None:
                raise Conflict(f"A policy called {name} already exists. Duplicate names are not allowed.")
            if len(self._directory.table(MANAGED_POLICIES, account)) >= MAX_MANAGED_POLICIES:
                raise QuotaExceeded(f"Cannot exceed quota for PoliciesPerAccount: {MAX_MANAGED_POLICIES}")
            return made

        await self._directory.change(MANAGED_POLICIES, account, name, decide)
        shown = dict(showing.policy(self._directory, account, made, whole=True))
        shown["Description"] = None  # the model: not in the answers of CreatePolicy and ListPolicies
        return {"Policy": shown | ({} if made.tags else {"Tags": None})}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """One policy, without its document."""
        account = request.caller.scope.account
        found = found_policy(self._directory, account, params["PolicyArn"])
        return {"Policy": showing.policy(self._directory, account, found, whole=True)}

    async def listed(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of policies: the account's own, AWS's, or both."""
        account, scope = request.caller.scope.account, params.get("Scope") or "All"
        policies: list[ManagedPolicy] = []
        if scope != "AWS":
            policies += self._directory.table(MANAGED_POLICIES, account).values()
        if scope != "Local":
            policies += self._directory.aws_managed.values()
        prefix = params.get("PathPrefix") or "/"
        shown = [
            showing.policy(self._directory, account, one, whole=False)
            for one in sorted(policies, key=lambda one: one.arn.lower())
            if one.path.startswith(prefix)
        ]
        usage = params.get("PolicyUsageFilter")
        if params.get("OnlyAttached") or usage == "PermissionsPolicy":
            shown = [one for one in shown if one["AttachmentCount"]]
        if usage == "PermissionsBoundary":
            shown = [one for one in shown if one["PermissionsBoundaryUsageCount"]]
        return page(params, "Policies", shown, lambda one: str(one["Arn"]), lambda one: one)

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A policy that is not used and has no other version goes."""
        account = request.caller.scope.account

        def gone(policy: ManagedPolicy) -> None:
            holders = self._directory.holders(account)
            if any(policy.arn in holder.attached or policy.arn == holder.boundary for holder in holders):
                raise DeleteConflict("Cannot delete a policy attached to entities.")
            if len(policy.versions) > 1:
                raise DeleteConflict(
                    "This policy has more than one version. Before you delete a policy, you must delete the "
                    "policy's versions. The default version is deleted with the policy."
                )

        await change_policy(self._directory, params, request, gone)
        return {}

    async def entities(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Who has a policy attached."""
        account, arn = request.caller.scope.account, params["PolicyArn"]
        found_policy(self._directory, account, arn)
        wanted, usage = params.get("EntityFilter"), params.get("PolicyUsageFilter")

        def having(kind: Kind[Any], title: str) -> list[Mapping[str, str]]:
            if wanted not in (None, title):
                return []
            holders: list[Holder] = list(self._directory.table(kind, account).values())
            return [
                {f"{title}Name": one.name, f"{title}Id": one.unique_id}
                for one in sorted(holders, key=lambda one: one.name.lower())
                if _uses(one, arn, usage) and one.path.startswith(params.get("PathPrefix") or "/")
            ]

        return {
            "PolicyGroups": having(GROUPS, "Group"),
            "PolicyUsers": having(USERS, "User"),
            "PolicyRoles": having(ROLES, "Role"),
            "IsTruncated": False,
        }

    async def tag(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Add tags, and change those that are there."""
        return await self._retag(params, request, lambda before: given_tags(params["Tags"], before))

    async def untag(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove tags."""
        return await self._retag(params, request, lambda before: without(before, params["TagKeys"]))

    async def tags(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of the tags."""
        found = found_policy(self._directory, request.caller.scope.account, params["PolicyArn"])
        return tag_page(params, found.tags)

    async def _retag(
        self, params: Params, request: Request, change: Callable[[Tags], Tags]
    ) -> Mapping[str, Any]:
        await change_policy(
            self._directory, params, request, lambda policy: replace(policy, tags=change(policy.tags))
        )
        return {}


def _uses(holder: Holder, arn: str, usage: str | None) -> bool:
    if usage == "PermissionsBoundary":
        return holder.boundary == arn
    return arn in holder.attached or (usage is None and holder.boundary == arn)
