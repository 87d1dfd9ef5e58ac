"""Groups of users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lambdad.domain.errors import DeleteConflict, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.iam import GROUPS, USERS, Group, User
from lambdad.domain.limits import MAX_GROUPS, MAX_GROUPS_OF_USER
from lambdad.identity.directory import Directory
from lambdad.identity.iam import showing
from lambdad.identity.iam.entities import GROUP, USER, Handler, Params, below, new_id, page
from lambdad.ports.clock import Clock


class Groups:
    """Handlers of the operations on groups and on who is in them."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        return {
            "CreateGroup": self.create,
            "GetGroup": self.get,
            "ListGroups": self.listed,
            "DeleteGroup": self.delete,
            "AddUserToGroup": self.add,
            "RemoveUserFromGroup": self.remove,
            "ListGroupsForUser": self.of_user,
        }

    async def create(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A new group."""
        account, name, path = request.caller.scope.account, params["GroupName"], params.get("Path") or "/"
        made = Group(name, path, GROUP.arn(request, path, name), new_id(GROUP.prefix), int(self._clock.now()))

        def decide(there: Group | None) -> Group:
            GROUP.absent(there, name)
            if len(self._directory.table(GROUPS, account)) >= MAX_GROUPS:
                raise QuotaExceeded(f"Cannot exceed quota for GroupsPerAccount: {MAX_GROUPS}")
            return made

        await self._directory.change(GROUPS, account, name, decide)
        return {"Group": showing.group(made)}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A group with a page of its users."""
        account, name = request.caller.scope.account, params["GroupName"]
        group = GROUP.find(self._directory, account, name)
        users = self._members(account, name)
        return {
            "Group": showing.group(group),
            **page(params, "Users", users, lambda user: user.name, showing.user),
        }

    async def listed(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of groups."""
        groups = below(params, self._directory.table(GROUPS, request.caller.scope.account).values())
        return page(params, "Groups", groups, lambda group: group.name, showing.group)

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A group that nothing hangs on goes."""
        account, name = request.caller.scope.account, params["GroupName"]

        def decide(there: Group | None) -> None:
            group = GROUP.there(there, name)
            if self._members(account, name):
                raise DeleteConflict("Cannot delete entity, must remove users from group first.")
            if group.attached:
                raise DeleteConflict("Cannot delete entity, must detach all policies first.")
            if group.inline:
                raise DeleteConflict("Cannot delete entity, must delete policies first.")

        await self._directory.change(GROUPS, account, name, decide)
        return {}

    async def add(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A user comes in; once more does nothing."""

        def changed(groups: tuple[str, ...], name: str) -> tuple[str, ...]:
            if name not in groups and len(groups) >= MAX_GROUPS_OF_USER:
                raise QuotaExceeded(f"Cannot exceed quota for GroupsPerUser: {MAX_GROUPS_OF_USER}")
            return groups if name in groups else (*groups, name)

        return await self._move(params, request, changed)

    async def remove(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A user goes out."""
        return await self._move(
            params, request, lambda groups, name: tuple(one for one in groups if one != name)
        )

    async def of_user(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of the groups that a user is in."""
        account = request.caller.scope.account
        user = USER.find(self._directory, account, params["UserName"])
        groups = self._directory.table(GROUPS, account)
        found = [groups[name.lower()] for name in user.groups]
        return page(params, "Groups", found, lambda group: group.name, showing.group)

    async def _move(
        self, params: Params, request: Request, change: Callable[[tuple[str, ...], str], tuple[str, ...]]
    ) -> Mapping[str, Any]:
        account, name, group = request.caller.scope.account, params["UserName"], params["GroupName"]

        def decide(there: User | None) -> User:
            GROUP.find(self._directory, account, group)
            user = USER.there(there, name)
            return replace(user, groups=change(user.groups, group))

        await self._directory.change(USERS, account, name, decide)
        return {}

    def _members(self, account: str, group: str) -> list[User]:
        return [user for user in self._directory.table(USERS, account).values() if group in user.groups]
