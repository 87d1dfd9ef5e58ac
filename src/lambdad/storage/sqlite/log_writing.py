"""Writing lines as chunks, inside the writer's thread and its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

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

    def write(self, connection: sqlite3.Connection, batch: Mapping[StreamKey, Columns]) -> None:
        """Store lines; groups and streams are made when missing."""
        rows = self._begun(connection)
        for key, lines in batch.items():
            self._pack(rows, key, self._ids(connection, key), lines)
        self._put(connection, rows)

    def write_existing(self, connection: sqlite3.Connection, key: StreamKey, lines: Sequence[Printed]) -> int:
        """Store lines of a stream that must exist; the id of the last event, 0 without lines.

        Raises:
            NotFound: no such group or stream.
        """
        group_id = group_of(connection, self._sql, key.scope, key.group)
        stream_id = stream_of(connection, self._sql, group_id, key.stream)
        rows = self._begun(connection)
        last_id = self._pack(rows, key, (group_id, stream_id), Columns(lines))
        self._put(connection, rows)
        return last_id

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

    def _begun(self, connection: sqlite3.Connection) -> _Rows:
        (next_id,) = connection.execute(self._sql["next_event_id"]).fetchone()
        return _Rows(next_id, self._now_ms())

    def _pack(self, rows: _Rows, key: StreamKey, ids: tuple[int, int], lines: Columns) -> int:
        """Add the chunks of one stream; the id of its last event, 0 without any."""
        last_id = 0
        times_ms, messages = lines.times_ms, lines.messages
        for part in cut(times_ms, messages):
            events = Events(times_ms[part], messages[part], [])
            first_id = rows.add(ids, self._packer.pack(events))
            if self._watched(key.scope, key.group):
                self._seen.append((key, list(_events(key, events, first_id, rows.now_ms))))
            last_id = event_id_of(events.times_ms[-1], rows.next_id - 1)
        return last_id

    def _put(self, connection: sqlite3.Connection, rows: _Rows) -> None:
        """Write all of it in few statements: the event loop waits a little at each of them."""
        if not rows.chunks:
            return
        connection.executemany(self._sql["insert_chunk"], rows.chunks)
        seen = {
            "ingestion_ms": rows.now_ms,
            "seen": _json([(id_, *times) for id_, times in rows.times.items()]),
        }
        connection.execute(self._sql["touch_streams"], seen)
        connection.execute(self._sql["grow_groups"], {"grown": _json(list(rows.grown.items()))})
        connection.execute(self._sql["set_next_event_id"], {"id": rows.next_id})
        if rows.longest_ms > self._longest_ms:
            self._longest_ms = rows.longest_ms
            connection.execute(self._sql["set_longest_ms"], {"longest_ms": self._longest_ms})


class _Rows:
    """What is written together.

    Attributes:
        next_id: the first number no event has.
        now_ms: when it came.
        chunks: rows.
        times: of each stream the first and the last, ms since the epoch.
        grown: bytes by group.
        longest_ms: between two events of one of the chunks.
    """

    def __init__(self, next_id: int, now_ms: int) -> None:
        self.next_id = next_id
        self.now_ms = now_ms
        self.chunks: list[dict[str, object]] = []
        self.times: dict[int, tuple[int, int]] = {}
        self.grown: dict[int, int] = {}
        self.longest_ms = 0

    def add(self, ids: tuple[int, int], chunk: Chunk) -> int:
        """Add a chunk; the number of its first event."""
        group_id, stream_id = ids
        first_id = self.next_id
        self.next_id += chunk.events
        run = Run(first_id, chunk.events, self.now_ms)
        self.chunks.append(chunk_row(ids, chunk, run, merged=is_large(chunk.text_bytes)))
        first_ms, last_ms = self.times.get(stream_id, (chunk.first_ms, chunk.last_ms))
        self.times[stream_id] = (min(first_ms, chunk.first_ms), max(last_ms, chunk.last_ms))
        self.grown[group_id] = self.grown.get(group_id, 0) + chunk.text_bytes
        self.longest_ms = max(self.longest_ms, chunk.last_ms - chunk.first_ms)
        return first_id


def is_large(text_bytes: int) -> bool:
    """Whether a chunk is not to be merged with others."""
    return text_bytes >= LOG_CHUNK_BYTES // 2


def chunk_row(ids: tuple[int, int], chunk: Chunk, run: Run, *, merged: bool) -> dict[str, object]:
    """What `insert_chunk` takes: a chunk of a group and stream (`ids`), number and time of `run`."""
    return {
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


def _json(rows: Sequence[tuple[int, ...]]) -> str:
    return msgspec.json.encode(rows).decode()


def _events(key: StreamKey, events: Events, first_id: int, now_ms: int) -> Iterator[StoredEvent]:
    for number, (time_ms, message) in enumerate(zip(events.times_ms, events.messages, strict=True), first_id):
        yield StoredEvent(key.stream, time_ms, now_ms, message, event_id_of(time_ms, number))
