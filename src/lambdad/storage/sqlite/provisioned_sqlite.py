"""Provisioned concurrency in the catalogue's SQLite file: `ports.provisioned_store.ProvisionedStore`."""

from __future__ import annotations

from lambdad.domain.provisioned import ProvisionedConfig
from lambdad.domain.scope import Scope
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads
from lambdad.storage.sqlite.version_numbers import BEFORE_LATEST, number_of

_Parameters = dict[str, str | int | bytes | None]
_NOBODY = ("", BEFORE_LATEST)


class SqliteProvisioned:
    """Configurations by version.

    Args:
        threads: of the catalogue, which closes them.
    """

    def __init__(self, threads: Threads) -> None:
        self._sql = queries("provisioned")
        self._threads = threads

    async def write(self, config: ProvisionedConfig) -> bool:
        """Store or replace a version's configuration; False when there is no such version."""
        values: _Parameters = {"requested": config.requested, "last_modified": config.last_modified}
        return await self._change("write", _key(config.scope, config.name, config.version) | values)

    async def read(self, scope: Scope, name: str, version: str) -> ProvisionedConfig | None:
        """A version's configuration, or None."""
        found = await self._select("read", _key(scope, name, version))
        return found[0] if found else None

    async def delete(self, scope: Scope, name: str, version: str) -> bool:
        """Remove a version's configuration; False when there is none."""
        return await self._change("delete", _key(scope, name, version))

    async def list_of(
        self, scope: Scope, name: str, *, after: str | None, limit: int
    ) -> list[ProvisionedConfig]:
        """Configurations of one function behind version `after`, by number."""
        page: _Parameters = {"after": 0 if after is None else number_of(after), "limit": limit}
        return await self._select("list_of", _scope(scope) | {"name": name} | page)

    async def total(self, scope: Scope, *, but: tuple[str, str] | None = None) -> int:
        """All that is requested in the scope, without the version `but`."""
        name, number = _NOBODY if but is None else (but[0], number_of(but[1]))
        parameters = _scope(scope) | {"name": name, "number": number}
        statement = self._sql["total"]
        rows = await self._threads.read(lambda c: c.execute(statement, parameters).fetchall())
        return int(rows[0][0])

    async def everywhere(self) -> list[ProvisionedConfig]:
        """Every configuration of any scope."""
        return await self._select("everywhere", {})

    async def _change(self, query: str, parameters: _Parameters) -> bool:
        statement = self._sql[query]
        return await self._threads.write(lambda c: c.execute(statement, parameters).rowcount > 0)

    async def _select(self, query: str, parameters: _Parameters) -> list[ProvisionedConfig]:
        statement = self._sql[query]
        rows = await self._threads.read(lambda c: c.execute(statement, parameters).fetchall())
        return [
            ProvisionedConfig(Scope(account, region), name, str(number), requested, last_modified)
            for account, region, name, number, requested, last_modified in rows
        ]


def _scope(scope: Scope) -> _Parameters:
    return {"account": scope.account, "region": scope.region}


def _key(scope: Scope, name: str, version: str) -> _Parameters:
    return _scope(scope) | {"name": name, "number": number_of(version)}
