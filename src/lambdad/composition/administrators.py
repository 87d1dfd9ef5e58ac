"""What is done to accounts while no server uses them: the first administrator, lost keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from lambdad.composition.clock import SystemClock
from lambdad.composition.identity import identity_of
from lambdad.domain.errors import LambdadError
from lambdad.domain.http import Caller, Request
from lambdad.domain.iam import ACCESS_KEYS, SERVER_KEYS, USERS
from lambdad.domain.resource import Kind
from lambdad.domain.scope import Scope
from lambdad.settings import Settings
from lambdad.storage.data_dir import MEMORY, DataDir, open_data_dir
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


class AlreadyThere(LambdadError):
    """The user exists."""


async def first_administrator(settings: Settings, scope: Scope, user: str) -> tuple[str, str]:
    """Make a user that may do everything; access key and secret, which nobody is told again.

    Raises:
        AlreadyThere: the user exists.
        LambdadError: a server uses the directory, the key is missing, or the name is refused.
    """
    async with AsyncExitStack() as stack:
        data_dir, catalogue = await stack.enter_async_context(_opened(settings))
        identity = await identity_of(settings, data_dir, catalogue.resources, SystemClock(), stack)
        if user.lower() in identity.directory.table(USERS, scope.account):
            raise AlreadyThere(f"the account {scope.account} has a user {user} already; name another: --user")
        iam = identity.handlers()["iam"]

        async def call(operation: str, **params: Any) -> Any:
            return await iam[operation](params, _request(scope))

        await call("CreateUser", UserName=user)
        await call("AttachUserPolicy", UserName=user, PolicyArn=ADMINISTRATOR_ACCESS)
        key = (await call("CreateAccessKey", UserName=user))["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]


async def forget_keys(settings: Settings) -> int:
    """Remove all that is sealed: access keys, and what session tokens are signed with; how many keys.

    Raises:
        LambdadError: a server uses the directory.
    """
    async with _opened(settings) as (_, catalogue):
        keys = await catalogue.resources.everywhere(ACCESS_KEYS)
        kinds: tuple[Kind[Any], ...] = (ACCESS_KEYS, SERVER_KEYS)
        for kind in kinds:
            for stored in await catalogue.resources.everywhere(kind):
                await catalogue.resources.change(kind, stored.place, lambda _: None)
        return len(keys)


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[DataDir, SqliteCatalogue]]:
    with open_data_dir(settings.data_dir or MEMORY) as data_dir:
        catalogue = SqliteCatalogue(data_dir.catalogue)
        try:
            yield data_dir, catalogue
        finally:
            catalogue.close()


def _request(scope: Scope) -> Request:
    """As the account's root would ask; nothing of HTTP is looked at."""
    return Request("POST", "/", (), {}, b"", Caller(scope), "", "")
