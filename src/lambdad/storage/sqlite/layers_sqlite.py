"""Layers in the catalogue's SQLite file: `ports.layer_store.LayerStore` beside `catalogue_sqlite`."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import msgspec

from lambdad.domain.layer import LayerVersion
from lambdad.domain.scope import Scope
from lambdad.ports.layer_store import LayerFilter
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads

_MAX_INTEGER = 2**63 - 1  # what SQLite holds
_Parameters = dict[str, str | int | bytes | None]


class SqliteLayers:
    """Layers and their versions.

    Args:
        threads: of the catalogue, which closes them.
    """

    def __init__(self, threads: Threads) -> None:
        self._sql = queries("layers")
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(LayerVersion)
        self._threads = threads

    async def publish(self, draft: LayerVersion) -> LayerVersion:
        """Store a version under the layer's next number."""

        def run(connection: sqlite3.Connection) -> LayerVersion:
            key = _key(draft.scope, draft.name)
            ((layer_id, number),) = connection.execute(self._sql["next_number"], key).fetchall()
            published = replace(draft, number=number)
            connection.execute(self._sql["insert_version"], self._row(published) | {"layer_id": layer_id})
            return published

        return await self._threads.write(run)

    async def read(self, scope: Scope, name: str, number: int) -> LayerVersion | None:
        """One version, or None."""
        if number > _MAX_INTEGER:
            return None
        found = await self._select("read_version", _key(scope, name) | {"number": number})
        return found[0] if found else None

    async def delete(self, scope: Scope, name: str, number: int) -> bool:
        """Remove one version and its policy; False when there is none."""
        if number > _MAX_INTEGER:
            return False
        key = _key(scope, name) | {"number": number}

        def run(connection: sqlite3.Connection) -> bool:
            connection.execute(self._sql["delete_policy"], key)
            return connection.execute(self._sql["delete_version"], key).rowcount > 0

        return await self._threads.write(run)

    async def list_versions(
        self, scope: Scope, name: str, *, where: LayerFilter, before: int | None, limit: int
    ) -> list[LayerVersion]:
        """Versions of one layer that match, the newest first."""
        page: _Parameters = {"before": before, "limit": limit}
        return await self._select("list_versions", _key(scope, name) | _filter(where) | page)

    async def list_layers(
        self, scope: Scope, *, where: LayerFilter, after: str | None, limit: int
    ) -> list[LayerVersion]:
        """The newest matching version of every layer that has one, by name."""
        page: _Parameters = {"after": after or "", "limit": limit}
        return await self._select("list_layers", _key(scope, "") | _filter(where) | page)

    async def _select(self, query: str, parameters: _Parameters) -> list[LayerVersion]:
        statement = self._sql[query]
        rows = await self._threads.read(lambda c: c.execute(statement, parameters).fetchall())
        return [self._decoder.decode(document) for (document,) in rows]

    def _row(self, version: LayerVersion) -> _Parameters:
        return {
            "number": version.number,
            "runtimes": self._encoder.encode(version.runtimes or ()).decode(),
            "architectures": self._encoder.encode(version.architectures or ()).decode(),
            "code_key": version.code_key,
            "code_bytes": version.code_bytes,
            "document": self._encoder.encode(version),
        }


def _key(scope: Scope, name: str) -> _Parameters:
    return {"account": scope.account, "region": scope.region, "name": name}


def _filter(where: LayerFilter) -> _Parameters:
    return {"runtime": where.runtime, "architecture": where.architecture}
