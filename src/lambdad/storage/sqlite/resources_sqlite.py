"""Resources of every kind in the catalogue's SQLite file: `ports.resource_store.ResourceStore`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from lambdad.domain.arn import FunctionReference, is_version
from lambdad.domain.errors import NotFound, VersionInUse
from lambdad.domain.resource import ACCOUNT, Kind, Place, Stored
from lambdad.domain.scope import Scope
from lambdad.ports.resource_store import Decide, DecideRevised
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads
from lambdad.storage.sqlite.version_numbers import number_of

T = TypeVar("T")
_Parameters = dict[str, str | int | bytes | None]


class SqliteResources:
    """Resources as documents beside the few columns that queries need.

    Args:
        threads: of the catalogue, which closes them.
    """

    def __init__(self, threads: Threads) -> None:
        self._sql = queries("resources")
        self._threads = threads
        self._encoder = msgspec.json.Encoder()
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {}
        self._epoch = 0

    @property
    def epoch(self) -> int:
        """Moves with every change."""
        return self._epoch

    async def read(self, kind: Kind[T], place: Place) -> T | None:
        """What is there, or None."""
        return await self._threads.read(lambda connection: self._read(connection, kind, place))

    async def change(self, kind: Kind[T], place: Place, decide: Decide[T]) -> T | None:
        """Decide on what is there and store the outcome, in one transaction."""
        return await self._write(lambda connection: self._change(connection, kind, place, decide))

    async def change_revised(
        self, kind: Kind[T], place: Place, decide: DecideRevised[T], revision_id: str
    ) -> T | None:
        """As `change`; the version or alias that it is qualified by takes `revision_id`."""
        query = "version" if is_version(place.name) else "alias"
        key: _Parameters = {**_key(kind, place), "number": number_of(place.name), "revision_id": revision_id}

        def run(connection: sqlite3.Connection) -> T | None:
            self._function(connection, place)
            found = connection.execute(self._sql[f"revision_of_{query}"], key).fetchone()
            if found is None:
                raise _missing(place, place.name)
            outcome = self._change(connection, kind, place, lambda there: decide(there, found[0]))
            connection.execute(self._sql[f"revise_{query}"], key)
            return outcome

        return await self._write(run)

    async def page(
        self, kind: Kind[T], scope: Scope, *, function: str | None, after: Place | None, limit: int
    ) -> list[Stored[T]]:
        """Those of one function (or of all) behind place `after`, by function and name."""
        start: _Parameters = {
            "after_function": after.function if after else "",
            "after_name": after.name if after else "",
        }
        query = "page_of_all" if function is None else "page_of_function"
        where = _key(kind, Place(scope, function or ACCOUNT, "")) | start | {"limit": limit}
        return await self._select(query, kind, where)

    async def find(self, kind: Kind[T], found_by: str) -> list[Stored[T]]:
        """Those of any scope found by this text."""
        return await self._select("find", kind, {"kind": kind.name, "found_by": found_by})

    async def everywhere(self, kind: Kind[T]) -> list[Stored[T]]:
        """All of a kind, of any scope."""
        return await self._select("everywhere", kind, {"kind": kind.name})

    def write_new(self, connection: sqlite3.Connection, kind: Kind[T], place: Place, value: T) -> None:
        """Store one inside a transaction of the catalogue's, beside the function it belongs to."""
        row = self._row(kind, place, value) | {"function_id": self._function(connection, place)}
        connection.execute(self._sql["write"], row)

    def version_goes(self, connection: sqlite3.Connection, scope: Scope, function: str, version: str) -> None:
        """A version is deleted: remove what is qualified by it.

        Raises:
            VersionInUse: something points at it.
        """
        key: _Parameters = {"account": scope.account, "region": scope.region, "function": function}
        pointing = connection.execute(self._sql["pointing"], key | {"version": version}).fetchall()
        if pointing:
            raise VersionInUse([name for (name,) in pointing])
        connection.execute(self._sql["delete_qualified"], key | {"name": version})

    def _change(
        self, connection: sqlite3.Connection, kind: Kind[T], place: Place, decide: Decide[T]
    ) -> T | None:
        function_id = self._function(connection, place)
        outcome = decide(self._read(connection, kind, place))
        if outcome is None:
            self._remove(connection, kind, place)
        else:
            self._check_versions(connection, place, function_id, kind.versions(outcome))
            row = self._row(kind, place, outcome) | {"function_id": function_id}
            connection.execute(self._sql["write"], row)
        return outcome

    async def _write(self, run: Callable[[sqlite3.Connection], T | None]) -> T | None:
        try:
            return await self._threads.write(run)
        finally:
            self._epoch += 1

    def _function(self, connection: sqlite3.Connection, place: Place) -> int | None:
        if place.function == ACCOUNT:
            return None
        key = {"account": place.scope.account, "region": place.scope.region, "function": place.function}
        found = connection.execute(self._sql["function"], key).fetchone()
        if found is None:
            raise _missing(place, None)
        return int(found[0])

    def _check_versions(
        self, connection: sqlite3.Connection, place: Place, function_id: int | None, versions: Any
    ) -> None:
        for version in versions:
            key = {"function_id": function_id, "number": number_of(version)}
            if connection.execute(self._sql["version"], key).fetchone() is None:
                raise _missing(place, version)

    def _remove(self, connection: sqlite3.Connection, kind: Kind[T], place: Place) -> None:
        key = _key(kind, place)
        connection.execute(self._sql["delete"], key)
        if kind.is_qualifier:
            connection.execute(self._sql["delete_qualified"], key)

    def _read(self, connection: sqlite3.Connection, kind: Kind[T], place: Place) -> T | None:
        found = connection.execute(self._sql["read"], _key(kind, place)).fetchone()
        return None if found is None else self._decode(kind, found[0])

    async def _select(self, query: str, kind: Kind[T], parameters: _Parameters) -> list[Stored[T]]:
        statement = self._sql[query]
        rows = await self._threads.read(lambda c: c.execute(statement, parameters).fetchall())
        return [
            Stored(Place(Scope(account, region), function, name), self._decode(kind, document))
            for account, region, function, name, document in rows
        ]

    def _decode(self, kind: Kind[T], document: bytes) -> T:
        decoder = self._decoders.get(kind.name)
        if decoder is None:
            decoder = self._decoders[kind.name] = msgspec.json.Decoder(kind.shape)
        value: T = decoder.decode(document)
        return value

    def _row(self, kind: Kind[T], place: Place, value: T) -> _Parameters:
        return _key(kind, place) | {
            "qualifier": place.name if kind.is_qualified else None,
            "found_by": kind.found_by(value),
            "versions": self._encoder.encode(list(kind.versions(value))).decode(),
            "document": self._encoder.encode(value),
        }


def _key(kind: Kind[T], place: Place) -> _Parameters:
    return {
        "kind": kind.name,
        "account": place.scope.account,
        "region": place.scope.region,
        "function": place.function,
        "name": place.name,
    }


def _missing(place: Place, version: str | None) -> NotFound:
    return NotFound(f"Function not found: {FunctionReference(place.function, version).arn(place.scope)}")
