"""Roles: made, shown, changed and deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lambdad.domain.errors import DeleteConflict, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.iam import ROLES, Role
from lambdad.domain.limits import DEFAULT_SESSION_S, MAX_ROLES, MAX_TRUST_POLICY_CHARACTERS
from lambdad.identity.directory import Directory
from lambdad.identity.iam import showing
from lambdad.identity.iam.attaching import attachable
from lambdad.identity.iam.documents import trust_policy
from lambdad.identity.iam.entities import ROLE, Handler, Params, below, new_id, page
from lambdad.identity.iam.tagging import given_tags
from lambdad.ports.clock import Clock


class Roles:
    """Handlers of the operations on roles themselves."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        return {
            "CreateRole": self.create,
            "GetRole": self.get,
            "ListRoles": self.listed,
            "UpdateRole": self.update,
            "UpdateRoleDescription": self.describe,
            "UpdateAssumeRolePolicy": self.trust,
            "DeleteRole": self.delete,
            "ListInstanceProfilesForRole": self.instance_profiles,
        }

    async def create(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A new role."""
        account, name, path = request.caller.scope.account, params["RoleName"], params.get("Path") or "/"
        trust = params["AssumeRolePolicyDocument"]
        trust_policy(trust, MAX_TRUST_POLICY_CHARACTERS)
        made = Role(
            name=name,
            path=path,
            arn=ROLE.arn(request, path, name),
            unique_id=new_id(ROLE.prefix),
            created_s=int(self._clock.now()),
            tags=given_tags(params.get("Tags")),
            boundary=params.get("PermissionsBoundary"),
            trust=trust,
            description=params.get("Description"),
            max_session_s=params.get("MaxSessionDuration") or DEFAULT_SESSION_S,
        )

        def decide(there: Role | None) -> Role:
            ROLE.absent(there, name)
            if made.boundary is not None:
                attachable(self._directory, account, made.boundary, "Scope ARN:")
            if len(self._directory.table(ROLES, account)) >= MAX_ROLES:
                raise QuotaExceeded(f"Cannot exceed quota for RolesPerAccount: {MAX_ROLES}")
            return made

        await self._directory.change(ROLES, account, name, decide)
        shown = dict(showing.role(made, whole=True))
        del shown["RoleLastUsed"]
        return {"Role": shown}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """One role, with all there is."""
        found = ROLE.find(self._directory, request.caller.scope.account, params["RoleName"])
        return {"Role": showing.role(found, whole=True)}

    async def listed(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of roles."""
        roles = below(params, self._directory.table(ROLES, request.caller.scope.account).values())
        return page(params, "Roles", roles, lambda role: role.name, showing.role)

    async def update(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Another description or longest session; what is not given stays."""

        def changed(role: Role) -> Role:
            return replace(
                role,
                description=params.get("Description", role.description),
                max_session_s=params.get("MaxSessionDuration") or role.max_session_s,
            )

        await self._change(params, request, changed)
        return {}

    async def describe(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Another description."""
        role = await self._change(
            params, request, lambda role: replace(role, description=params["Description"])
        )
        return {"Role": showing.role(role, whole=True)}

    async def trust(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Another trust policy."""
        document = params["PolicyDocument"]
        trust_policy(document, MAX_TRUST_POLICY_CHARACTERS)
        await self._change(params, request, lambda role: replace(role, trust=document))
        return {}

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A role that nothing hangs on goes; its sessions can do nothing from now on."""
        account, name = request.caller.scope.account, params["RoleName"]

        def decide(there: Role | None) -> None:
            role = ROLE.there(there, name)
            if role.attached:
                raise DeleteConflict("Cannot delete entity, must detach all policies first.")
            if role.inline:
                raise DeleteConflict("Cannot delete entity, must delete policies first.")

        await self._directory.change(ROLES, account, name, decide)
        return {}

    async def instance_profiles(self, params: Params, request: Request) -> Mapping[str, Any]:
        """None: there are no instances. Tools ask before they delete a role."""
        ROLE.find(self._directory, request.caller.scope.account, params["RoleName"])
        return {"InstanceProfiles": [], "IsTruncated": False}

    async def _change(self, params: Params, request: Request, change: Callable[[Role], Role]) -> Role:
        account, name = request.caller.scope.account, params["RoleName"]
        changed = await self._directory.change(
            ROLES, account, name, lambda there: change(ROLE.there(there, name))
        )
        return ROLE.there(changed, name)
