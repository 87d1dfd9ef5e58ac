"""Access keys of users. The secret is answered once and is sealed from then on."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lambdad.domain.errors import NotFound, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.iam import ACCESS_KEYS, AccessKey
from lambdad.domain.limits import MAX_ACCESS_KEYS
from lambdad.identity.directory import Directory
from lambdad.identity.iam.entities import USER, Handler, Params, moment, new_id, page
from lambdad.identity.iam.users import name_of
from lambdad.identity.principals import who_asks
from lambdad.identity.sealing import Sealer
from lambdad.ports.clock import Clock

_ID_CHARACTERS = 20
_SECRET_BYTES = 30


class AccessKeys:
    """Handlers of the operations on access keys."""

    def __init__(self, directory: Directory, sealer: Sealer, clock: Clock) -> None:
        self._directory = directory
        self._sealer = sealer
        self._clock = clock

    @property
    def operations(self) -> Mapping[str, Handler]:
        """By name."""
        return {
            "CreateAccessKey": self.create,
            "ListAccessKeys": self.listed,
            "UpdateAccessKey": self.update,
            "DeleteAccessKey": self.delete,
        }

    async def create(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A new key."""
        account, user = request.caller.scope.account, self._user(params, request)
        key_id = new_id("AKIA")[:_ID_CHARACTERS]
        secret = base64.b64encode(os.urandom(_SECRET_BYTES)).decode()
        sealed = self._sealer.seal(secret.encode(), key_id)
        made = AccessKey(key_id, user, sealed, int(self._clock.now()))

        def decide(_: AccessKey | None) -> AccessKey:
            USER.find(self._directory, account, user)
            if len(self._of(account, user)) >= MAX_ACCESS_KEYS:
                raise QuotaExceeded(f"Cannot exceed quota for AccessKeysPerUser: {MAX_ACCESS_KEYS}")
            return made

        await self._directory.change(ACCESS_KEYS, account, key_id, decide)
        return {"AccessKey": {**_shown(made), "SecretAccessKey": secret}}

    async def listed(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of a user's keys."""
        account, user = request.caller.scope.account, self._user(params, request)
        USER.find(self._directory, account, user)
        return page(
            params, "AccessKeyMetadata", self._of(account, user), lambda key: key.access_key_id, _shown
        )

    async def update(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Switch a key on or off."""
        active = params["Status"] == "Active"
        return await self._change(params, request, lambda key: replace(key, active=active))

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove a key."""
        return await self._change(params, request, lambda _: None)

    async def _change(self, params: Params, request: Request, change: Any) -> Mapping[str, Any]:
        account, user = request.caller.scope.account, self._user(params, request)
        key_id = params["AccessKeyId"]

        def decide(there: AccessKey | None) -> AccessKey | None:
            if there is None or there.user != user:
                raise NotFound(f"The Access Key with id {key_id} cannot be found.")
            changed: AccessKey | None = change(there)
            return changed

        await self._directory.change(ACCESS_KEYS, account, key_id, decide)
        return {}

    def _of(self, account: str, user: str) -> list[AccessKey]:
        return [key for key in self._directory.table(ACCESS_KEYS, account).values() if key.user == user]

    def _user(self, params: Params, request: Request) -> str:
        """The user that is named, or whose key it is, or who asks."""
        name = params.get("UserName")
        if name is not None:
            return str(name)
        who = who_asks(request)
        if not who.is_root:
            return name_of(who)
        key = self._directory.table(ACCESS_KEYS, who.account).get(params.get("AccessKeyId", "").lower())
        return who.arn if key is None else key.user


def _shown(key: AccessKey) -> dict[str, Any]:
    return {
        "UserName": key.user,
        "AccessKeyId": key.access_key_id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": moment(key.created_s),
    }
