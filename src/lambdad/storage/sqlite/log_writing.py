"""Writing lines as chunks, inside the writer's thread and its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence

from lambdad.domain.errors import NotFound
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import LogLine, StoredEvent, StreamKey, event_id_of
from lambdad.storage.sqlite.log_chunks import cut, pack

NO_GROUP = "The specified log group does not exist."
NO_STREAM = "The specified log stream does not exist."
_MAX_KNOWN = 2_000
"""Twice the environments of an account; most streams of a long life are of environments that are gone."""
Watch = Callable[[StreamKey, list[StoredEvent]], None]


class ChunkWriter:
    """Writes lines; knows the ids of streams it has written to.

    Args:
        sql: the named statements.
        watched: whether somebody follows a group.
        now_ms: milliseconds since the epoch.
    """

    def __init__(
        self,
        sql: Mapping[str, str],
        watched: Callable[[Scope, str], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._sql = sql
        self._watched = watched
        self._now_ms = now_ms
        self._known: dict[StreamKey, tuple[int, int]] = {}
        self._seen: list[tuple[StreamKey, list[StoredEvent]]] = []

    def forget(self) -> None:
        """Groups were deleted: ids must be looked up again."""
        self._known.clear()

    def undo(self) -> None:
        """The transaction was taken back, with the streams it made."""
        self._known.clear()
        self._seen.clear()

    def take_seen(self) -> list[tuple[StreamKey, list[StoredEvent]]]:
        """What was written to watched groups since the last call."""
        seen, self._seen = self._seen, []
        return seen

    def write(self, connection: sqlite3.Connection, key: StreamKey, lines: Sequence[LogLine]) -> int:
        """Store lines; group and stream are made when missing. The id of the last event; 0 without lines."""
        return self._insert(connection, key, self._ids(connection, key), lines)

    def write_existing(self, connection: sqlite3.Connection, key: StreamKey, lines: Sequence[LogLine]) -> int:
        """Store lines of a stream that must exist; the id of the last event, 0 without lines.

        Raises:
            NotFound: no such group or stream.
        """
        group_id = group_of(connection, self._sql, key.scope, key.group)
        stream_id = stream_of(connection, self._sql, group_id, key.stream)
        return self._insert(connection, key, (group_id, stream_id), lines)

    def _ids(self, connection: sqlite3.Connection, key: StreamKey) -> tuple[int, int]:
        known = self._known.get(key)
        if known is not None:
            return known
        now_ms = self._now_ms()
        group = group_key(key.scope, key.group) | {"now_ms": now_ms, "tags": "{}"}
        connection.execute(self._sql["create_group"], group)
        group_id = group_of(connection, self._sql, key.scope, key.group)
        stream = {"group_id": group_id, "name": key.stream, "now_ms": now_ms}
        connection.execute(self._sql["create_stream"], stream)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[key] = ids = (group_id, stream_of(connection, self._sql, group_id, key.stream))
        return ids

    def _insert(
        self, connection: sqlite3.Connection, key: StreamKey, ids: tuple[int, int], lines: Sequence[LogLine]
    ) -> int:
        (next_id,) = connection.execute(self._sql["next_event_id"]).fetchone()
        last_id = 0
        now_ms = self._now_ms()
        for part in cut(lines):
            self._insert_chunk(connection, ids, part, next_id, now_ms)
            if self._watched(key.scope, key.group):
                self._seen.append((key, list(_events(key, part, next_id, now_ms))))
            next_id += len(part)
            last_id = event_id_of(part[-1].timestamp_ms, next_id - 1)
        connection.execute(self._sql["set_next_event_id"], {"id": next_id})
        return last_id

    def _insert_chunk(
        self,
        connection: sqlite3.Connection,
        ids: tuple[int, int],
        lines: Sequence[LogLine],
        first_event_id: int,
        now_ms: int,
    ) -> None:
        chunk = pack(lines)
        row = {
            "first_event_id": first_event_id,
            "events": chunk.events,
            "group_id": ids[0],
            "stream_id": ids[1],
            "first_ms": chunk.first_ms,
            "last_ms": chunk.last_ms,
            "ingestion_ms": now_ms,
            "compressed": int(chunk.compressed),
            "body": chunk.body,
            "bytes": chunk.text_bytes,
        }
        for query in ("insert_chunk", "touch_stream", "grow_group"):
            connection.execute(self._sql[query], row)


def group_key(scope: Scope, name: str) -> dict[str, str | int | None]:
    """The parameters that name a group."""
    return {"account": scope.account, "region": scope.region, "name": name}


def group_of(connection: sqlite3.Connection, sql: Mapping[str, str], scope: Scope, name: str) -> int:
    """The id of a group.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(sql["group_id"], group_key(scope, name)).fetchone()
    if row is None:
        raise NotFound(NO_GROUP)
    return int(row[0])


def stream_of(connection: sqlite3.Connection, sql: Mapping[str, str], group_id: int, name: str) -> int:
    """The id of a stream.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(sql["stream_id"], {"group_id": group_id, "name": name}).fetchone()
    if row is None:
        raise NotFound(NO_STREAM)
    return int(row[0])


def _events(key: StreamKey, lines: Sequence[LogLine], first_id: int, now_ms: int) -> Iterator[StoredEvent]:
    for number, line in enumerate(lines, first_id):
        event_id = event_id_of(line.timestamp_ms, number)
        yield StoredEvent(key.stream, line.timestamp_ms, now_ms, line.message, event_id)
