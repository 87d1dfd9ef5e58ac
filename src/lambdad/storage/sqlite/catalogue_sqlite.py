"""The catalogue in SQLite: `ports.catalogue_store.CatalogueStore` on one file.

An acknowledged write survives a power cut (`synchronous = FULL`); writers that wait together share one
commit. A version is one JSON document beside the few columns that queries need.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from lambdad.domain.function import LATEST, CodeKey, FunctionVersion, LayerKeys
from lambdad.domain.resource import Place
from lambdad.domain.scope import Scope
from lambdad.ports.catalogue_store import Beside, Usage
from lambdad.storage.sqlite.database import Durability
from lambdad.storage.sqlite.layers_sqlite import SqliteLayers
from lambdad.storage.sqlite.provisioned_sqlite import SqliteProvisioned
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.resources_sqlite import SqliteResources
from lambdad.storage.sqlite.threads import Threads
from lambdad.storage.sqlite.version_numbers import BEFORE_LATEST, number_of
from lambdad.storage.sqlite.writer import WriterStatus

_Parameters = dict[str, str | int | bytes | None]


class SqliteCatalogue:
    """Functions, versions, tags, layers, provisioned concurrency and other resources in one SQLite file.

    Args:
        path: the file, made when missing, or ``:memory:``.

    Attributes:
        layers: the layers of the same file.
        provisioned: provisioned concurrency in the same file.
        resources: resources of every other kind in the same file.

    Raises:
        StorageRefused: the file cannot be used.
    """

    def __init__(self, path: Path | str) -> None:
        self._sql = queries("catalogue")
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(FunctionVersion)
        self._tags = msgspec.json.Decoder(dict[str, str])
        self._keys = msgspec.json.Decoder(LayerKeys)
        self._threads = Threads(path, "catalogue", Durability.FULL)
        self.layers = SqliteLayers(self._threads)
        self.provisioned = SqliteProvisioned(self._threads)
        self.resources = SqliteResources(self._threads)

    @property
    def writer_status(self) -> WriterStatus:
        """How its writer does."""
        return self._threads.writer_status

    def close(self) -> None:
        """Finish what waits and close the file."""
        self._threads.close()

    async def create(
        self, latest: FunctionVersion, tags: Mapping[str, str], beside: Sequence[Beside] = ()
    ) -> bool:
        """Store a new function's `$LATEST` and what is made beside it; False when the name is taken."""
        row = self._row(latest)
        row["tags"] = self._encode_tags(tags)

        def run(connection: sqlite3.Connection) -> bool:
            if connection.execute(self._sql["create_function"], row).rowcount == 0:
                return False
            connection.execute(self._sql["insert_version"], row)
            for kind, name, value in beside:
                place = Place(latest.scope, latest.name, name)
                self.resources.write_new(connection, kind, place, value)
            return True

        return await self._threads.write(run)

    async def read(self, scope: Scope, name: str, version: str = LATEST) -> FunctionVersion | None:
        """One version, or None."""
        key = _key(scope, name) | {"number": number_of(version)}
        found = await self._select("read_version", key)
        return found[0] if found else None

    async def replace(self, new: FunctionVersion, *, expected_revision: str) -> bool:
        """Swap in `new` if the stored version still has `expected_revision`."""
        return await self._change(
            "replace_version", self._row(new) | {"expected_revision": expected_revision}
        )

    async def publish(self, published: FunctionVersion) -> bool:
        """Store a numbered version; False when the number was used or the function is gone."""
        row = self._row(published)

        def run(connection: sqlite3.Connection) -> bool:
            if connection.execute(self._sql["claim_number"], row).rowcount == 0:
                return False
            connection.execute(self._sql["insert_version"], row)
            return True

        return await self._threads.write(run)

    async def last_version_number(self, scope: Scope, name: str) -> int:
        """The highest number ever published; 0 when none."""
        rows = await self._fetch("last_version_number", _key(scope, name))
        return int(rows[0][0]) if rows else 0

    async def delete_version(self, scope: Scope, name: str, version: str) -> bool:
        """Remove one numbered version and what is qualified by it; False when there is none."""
        key = _key(scope, name) | {"number": number_of(version)}

        def run(connection: sqlite3.Connection) -> bool:
            if connection.execute(self._sql["delete_version"], key).rowcount == 0:
                return False
            self.resources.version_goes(connection, scope, name, version)
            return True

        return await self._threads.write(run)

    async def delete_function(self, scope: Scope, name: str) -> bool:
        """Remove a function with all versions, tags and resources; False when there is none."""
        return await self._change("delete_function", _key(scope, name))

    async def list_functions(self, scope: Scope, *, after: str | None, limit: int) -> list[FunctionVersion]:
        """`$LATEST` of the functions behind name `after`, ordered by name."""
        page = _key(scope, "") | {"after": after or "", "limit": limit}
        return await self._select("list_functions", page)

    async def list_versions(
        self, scope: Scope, name: str | None, *, after: tuple[str, str] | None, limit: int
    ) -> list[FunctionVersion]:
        """All versions of one function (of all: name None), `$LATEST` first, then by number."""
        after_name, after_number = (after[0], number_of(after[1])) if after else ("", BEFORE_LATEST)
        page: _Parameters = {"after_name": after_name, "after_number": after_number, "limit": limit}
        query = "list_versions_of_all" if name is None else "list_versions_of_function"
        return await self._select(query, _key(scope, name or "") | page)

    async def read_tags(self, scope: Scope, name: str) -> dict[str, str]:
        """The function's tags in the order they were set; empty when there is no such function."""
        rows = await self._fetch("read_tags", _key(scope, name))
        return self._tags.decode(rows[0][0]) if rows else {}

    async def write_tags(self, scope: Scope, name: str, tags: Mapping[str, str]) -> bool:
        """Replace the function's tags; False when there is no such function."""
        return await self._change("write_tags", _key(scope, name) | {"tags": self._encode_tags(tags)})

    async def usage(self, scope: Scope) -> Usage:
        """What the scope uses now."""
        functions, code_bytes, layer_bytes = (await self._fetch("usage", _key(scope, "")))[0]
        return Usage(functions, code_bytes + layer_bytes)

    async def unsettled(self) -> list[FunctionVersion]:
        """Versions of any scope in the middle of a change."""
        return await self._select("unsettled", {})

    async def code_keys(self) -> set[CodeKey]:
        """Every code key something of any scope refers to."""
        own = {CodeKey(key) for (key,) in await self._fetch("code_keys", {})}
        return own.union(*await self.layer_lists())

    async def runtimes(self) -> set[str]:
        """The runtimes that versions of functions of any scope have."""
        return {runtime for (runtime,) in await self._fetch("runtimes", {})}

    async def layer_lists(self) -> set[LayerKeys]:
        """The lists of layers that versions of functions of any scope have."""
        return {self._keys.decode(keys) for (keys,) in await self._fetch("layer_lists", {})}

    async def _change(self, query: str, parameters: _Parameters) -> bool:
        statement = self._sql[query]
        return await self._threads.write(lambda c: c.execute(statement, parameters).rowcount > 0)

    async def _select(self, query: str, parameters: _Parameters) -> list[FunctionVersion]:
        return [self._decoder.decode(document) for (document,) in await self._fetch(query, parameters)]

    async def _fetch(self, query: str, parameters: _Parameters) -> list[Any]:
        statement = self._sql[query]
        return await self._threads.read(lambda c: c.execute(statement, parameters).fetchall())

    def _encode_tags(self, tags: Mapping[str, str]) -> str:
        return self._encoder.encode(dict(tags)).decode()

    def _row(self, version: FunctionVersion) -> _Parameters:
        return _key(version.scope, version.name) | {
            "number": number_of(version.version),
            "revision_id": version.revision_id,
            "state": version.state.value,
            "update_status": version.update_status.value if version.update_status else None,
            "code_key": version.code_key,
            "code_bytes": version.code_bytes,
            "layer_keys": self._encoder.encode(version.layer_keys).decode(),
            "document": self._encoder.encode(version),
        }


def _key(scope: Scope, name: str) -> _Parameters:
    return {"account": scope.account, "region": scope.region, "name": name}
