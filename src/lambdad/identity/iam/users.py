"""Users: made, shown, renamed in nothing but path, and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.errors import DeleteConflict, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.iam import ACCESS_KEYS, USERS, User
from lambdad.domain.identity import Who
from lambdad.domain.limits import MAX_USERS
from lambdad.identity.directory import Directory
from lambdad.identity.iam import showing
from lambdad.identity.iam.attaching import attachable
from lambdad.identity.iam.entities import USER, Handler, Params, below, new_id, page
from lambdad.identity.iam.tagging import given_tags
from lambdad.identity.principals import who_asks
from lambdad.ports.clock import Clock


class Users:
    """Handlers of the operations on users themselves."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        return {
            "CreateUser": self.create,
            "GetUser": self.get,
            "ListUsers": self.listed,
            "DeleteUser": self.delete,
        }

    async def create(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A new user."""
        account, name, path = request.caller.scope.account, params["UserName"], params.get("Path") or "/"
        made = User(
            name=name,
            path=path,
            arn=USER.arn(request, path, name),
            unique_id=new_id(USER.prefix),
            created_s=int(self._clock.now()),
            tags=given_tags(params.get("Tags")),
            boundary=params.get("PermissionsBoundary"),
        )

        def decide(there: User | None) -> User:
            USER.absent(there, name)
            if made.boundary is not None:
                attachable(self._directory, account, made.boundary, "Scope ARN:")
            if len(self._directory.table(USERS, account)) >= MAX_USERS:
                raise QuotaExceeded(f"Cannot exceed quota for UsersPerAccount: {MAX_USERS}")
            return made

        await self._directory.change(USERS, account, name, decide)
        return {"User": showing.user(made, whole=True)}

    async def get(self, params: Params, request: Request) -> Mapping[str, Any]:
        """One user, or the one who asks."""
        who = who_asks(request)
        name = params.get("UserName")
        if name is None and who.is_root:
            return {"User": _root(who)}
        found = USER.find(self._directory, who.account, name or name_of(who))
        return {"User": showing.user(found, whole=True)}

    async def listed(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of users."""
        users = below(params, self._directory.table(USERS, request.caller.scope.account).values())
        return page(params, "Users", users, lambda user: user.name, showing.user)

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A user that nothing hangs on goes."""
        account, name = request.caller.scope.account, params["UserName"]

        def decide(there: User | None) -> None:
            user = USER.there(there, name)
            keys = self._directory.table(ACCESS_KEYS, account).values()
            if any(key.user == name for key in keys):
                raise DeleteConflict("Cannot delete entity, must delete access keys first.")
            if user.groups:
                raise DeleteConflict("Cannot delete entity, must remove user from all groups first.")
            if user.attached:
                raise DeleteConflict("Cannot delete entity, must detach all policies first.")
            if user.inline:
                raise DeleteConflict("Cannot delete entity, must delete policies first.")

        await self._directory.change(USERS, account, name, decide)
        return {}


def name_of(who: Who) -> str:
    """The name of the user who asks; one that no user has when it is a session of a role."""
    return who.arn.rpartition("/")[2] if who.role_arn is None else who.arn


def _root(who: Who) -> Mapping[str, Any]:
    return {"Path": "/", "UserName": "root", "UserId": who.unique_id, "Arn": who.arn}
