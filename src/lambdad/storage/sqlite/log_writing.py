"""Writing lines as chunks, inside the writer's thread and its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence

from lambdad.domain.limits import LOG_CHUNK_BYTES
from lambdad.domain.platform_log import Columns
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import Printed, StoredEvent, StreamKey, event_id_of
from lambdad.storage.sqlite.log_asking import group_key, group_of, stream_of
from lambdad.storage.sqlite.log_chunks import Chunk, Events, Packer, Run, cut

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
        self._packer = Packer()
        self._longest_ms = 0
        self._known: dict[StreamKey, tuple[int, int]] = {}
        self._seen: list[tuple[StreamKey, list[StoredEvent]]] = []

    def forget(self) -> None:
        """Groups were deleted: ids must be looked up again."""
        self._known.clear()

    def undo(self) -> None:
        """The transaction was taken back, with the streams it made."""
        self._known.clear()
        self._longest_ms = 0
        self._seen.clear()

    def take_seen(self) -> list[tuple[StreamKey, list[StoredEvent]]]:
        """What was written to watched groups since the last call."""
        seen, self._seen = self._seen, []
        return seen

    def write(self, connection: sqlite3.Connection, key: StreamKey, lines: Columns) -> int:
        """Store lines; group and stream are made when missing. The id of the last event; 0 without lines."""
        return self._insert(connection, key, self._ids(connection, key), lines)

    def write_existing(self, connection: sqlite3.Connection, key: StreamKey, lines: Sequence[Printed]) -> int:
        """Store lines of a stream that must exist; the id of the last event, 0 without lines.

        Raises:
            NotFound: no such group or stream.
        """
        group_id = group_of(connection, self._sql, key.scope, key.group)
        stream_id = stream_of(connection, self._sql, group_id, key.stream)
        return self._insert(connection, key, (group_id, stream_id), Columns(lines))

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
        self, connection: sqlite3.Connection, key: StreamKey, ids: tuple[int, int], lines: Columns
    ) -> int:
        (next_id,) = connection.execute(self._sql["next_event_id"]).fetchone()
        last_id = 0
        now_ms = self._now_ms()
        times_ms, messages = lines.times_ms, lines.messages
        for part in cut(times_ms, messages):
            events = Events(times_ms[part], messages[part], [])
            count = len(events.messages)
            self._put(connection, ids, self._packer.pack(events), Run(next_id, count, now_ms))
            if self._watched(key.scope, key.group):
                self._seen.append((key, list(_events(key, events, next_id, now_ms))))
            next_id += count
            last_id = event_id_of(events.times_ms[-1], next_id - 1)
        connection.execute(self._sql["set_next_event_id"], {"id": next_id})
        return last_id

    def _put(self, connection: sqlite3.Connection, ids: tuple[int, int], chunk: Chunk, run: Run) -> None:
        insert_chunk(connection, self._sql, ids, chunk, run, merged=is_large(chunk.text_bytes))
        row = {
            "group_id": ids[0],
            "stream_id": ids[1],
            "first_ms": chunk.first_ms,
            "last_ms": chunk.last_ms,
            "ingestion_ms": run.ingestion_ms,
            "bytes": chunk.text_bytes,
        }
        for query in ("touch_stream", "grow_group"):
            connection.execute(self._sql[query], row)
        if chunk.last_ms - chunk.first_ms > self._longest_ms:
            self._longest_ms = chunk.last_ms - chunk.first_ms
            connection.execute(self._sql["set_longest_ms"], {"longest_ms": self._longest_ms})


def is_large(text_bytes: int) -> bool:
    """Whether a chunk is not to be merged with others."""
    return text_bytes >= LOG_CHUNK_BYTES // 2


def insert_chunk(
    connection: sqlite3.Connection,
    sql: Mapping[str, str],
    ids: tuple[int, int],
    chunk: Chunk,
    run: Run,
    *,
    merged: bool,
) -> None:
    """Store a chunk of a group and stream (`ids`) that has the number and time of `run`."""
    row = {
        "first_event_id": run.first_number,
        "events": chunk.events,
        "group_id": ids[0],
        "stream_id": ids[1],
        "first_ms": chunk.first_ms,
        "last_ms": chunk.last_ms,
        "ingestion_ms": run.ingestion_ms,
        "format": int(chunk.format),
        "text_bytes": chunk.text_bytes,
        "merged": int(merged),
        "body": chunk.body,
    }
    connection.execute(sql["insert_chunk"], row)


def _events(key: StreamKey, events: Events, first_id: int, now_ms: int) -> Iterator[StoredEvent]:
    for number, (time_ms, message) in enumerate(zip(events.times_ms, events.messages, strict=True), first_id):
        yield StoredEvent(key.stream, time_ms, now_ms, message, event_id_of(time_ms, number))
