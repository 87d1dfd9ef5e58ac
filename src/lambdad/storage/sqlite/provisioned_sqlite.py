"""Provisioned concurrency in the catalogue's SQLite file: `ports.provisioned_store.ProvisionedStore`."""

from __future__ import annotations

from lambdad.domain.provisioned import ProvisionedConfig
from lambdad.domain.scope import Scope
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads
from lambdad.storage.sqlite.version_numbers import number_of

_Parameters = dict[str, str | int | bytes | None]
_NOBODY = ("", "")


class SqliteProvisioned:
    """Configurations by qualifier.

    Args:
        threads: of the catalogue, which closes them.
    """

    def __init__(self, threads: Threads) -> None:
        self._sql = queries("provisioned")
        self._threads = threads

    async def write(self, config: ProvisionedConfig) -> bool:
        """Store or replace a configuration; False when there is no such version or alias."""
        values: _Parameters = {
            "number": number_of(config.qualifier),
            "requested": config.requested,
            "last_modified": config.last_modified,
        }
        return await self._change("write", _key(config.scope, config.name, config.qualifier) | values)

    async def read(self, scope: Scope, name: str, qualifier: str) -> ProvisionedConfig | None:
        """The configuration of a version or alias, or None."""
        found = await self._select("read", _key(scope, name, qualifier))
        return found[0] if found else None

    async def delete(self, scope: Scope, name: str, qualifier: str) -> bool:
        """Remove the configuration of a version or alias; False when there is none."""
        return await self._change("delete", _key(scope, name, qualifier))

    async def list_of(
        self, scope: Scope, name: str, *, after: str | None, limit: int
    ) -> list[ProvisionedConfig]:
        """Configurations of one function behind `after`: of versions by number, then of aliases by name."""
        number = 0 if after is None else number_of(after)
        page: _Parameters = {
            "after": after or "",
            "after_number": max(number, 0),
            "after_is_alias": int(number < 0),
            "limit": limit,
        }
        return await self._select("list_of", _scope(scope) | {"name": name} | page)

    async def totals(self, scope: Scope, *, but: tuple[str, str] | None = None) -> dict[str, int]:
        """What is requested in the scope, by function, without the version or alias `but`."""
        parameters = _key(scope, *(but or _NOBODY))
        statement = self._sql["totals"]
        return dict(await self._threads.read(lambda c: c.execute(statement, parameters).fetchall()))

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
            ProvisionedConfig(Scope(account, region), name, qualifier, requested, last_modified)
            for account, region, name, qualifier, requested, last_modified in rows
        ]


def _scope(scope: Scope) -> _Parameters:
    return {"account": scope.account, "region": scope.region}


def _key(scope: Scope, name: str, qualifier: str) -> _Parameters:
    return _scope(scope) | {"name": name, "qualifier": qualifier}
