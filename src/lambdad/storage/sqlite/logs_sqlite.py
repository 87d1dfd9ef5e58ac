"""Logs in SQLite: `ports.log_store.LogStore` on one file.

Writing is an append on the event loop; the writer's thread formats, packs and commits what came within
40 ms together. Reading sees everything that was committed; `flush` makes that everything written.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from lambdad.domain.limits import LOG_FLUSH_DELAY_S, MAX_PENDING_LOG_BYTES
from lambdad.domain.platform_log import InvocationRecord, LogLine
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import GroupInfo, Matcher, StoredEvent, StreamInfo, StreamKey
from lambdad.storage.sqlite.database import Durability
from lambdad.storage.sqlite.log_intake import Batch, LogIntake, Loss
from lambdad.storage.sqlite.log_reading import BEGINNING, END, EventReader, Position, Span
from lambdad.storage.sqlite.log_watch import Watchers
from lambdad.storage.sqlite.log_writing import ChunkWriter, group_key, group_of, stream_of
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads
from lambdad.storage.sqlite.writer import WriterStatus


class SqliteLogStore:
    """Log groups, streams and events in one SQLite file.

    Args:
        path: the file, made when missing, or ``:memory:``.
        clock: for creation and ingestion times.
        max_pending_bytes: held in memory before lines are dropped.

    Raises:
        StorageRefused: the file cannot be used.
    """

    def __init__(
        self, path: Path | str, clock: Clock, *, max_pending_bytes: int = MAX_PENDING_LOG_BYTES
    ) -> None:
        self._clock = clock
        self._sql = queries("logs")
        self._watchers = Watchers()
        self._chunks = ChunkWriter(self._sql, self._watchers.watches, self._now_ms)
        self._intake = LogIntake(
            self._store, self._tell, self._chunks.undo, clock.now, max_bytes=max_pending_bytes
        )
        self._threads = Threads(
            path, "logs", Durability.NORMAL, background=self._intake, delay_s=LOG_FLUSH_DELAY_S
        )
        self._intake.wake = self._threads.wake

    @property
    def writer_status(self) -> WriterStatus:
        """How its writer does."""
        return self._threads.writer_status

    @property
    def lost(self) -> Loss:
        """Lines lost since the server started: too fast for the disk, or not written by it."""
        return self._intake.all_lost

    def close(self) -> None:
        """Store what was taken and close the file."""
        self._threads.close()

    def write(self, stream: StreamKey, lines: Sequence[LogLine]) -> None:
        """Take lines in order; group and stream are made when missing."""
        self._intake.put(stream, lines)

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        """Take one whole invocation; its lines are made in the writer's thread."""
        self._intake.put(stream, record)

    def has_room(self, on_room: Callable[[], None]) -> bool:
        """Whether who can wait should hand over more; else `on_room` is called once there is room."""
        return self._intake.has_room(on_room)

    async def append(self, key: StreamKey, lines: Sequence[LogLine]) -> int:
        """Store lines of an existing stream, never dropped; the id of the last event.

        Raises:
            NotFound: no such group or stream.
        """
        return await self._threads.write(lambda c: self._chunks.write_existing(c, key, lines))

    async def flush(self) -> None:
        """Return once everything taken before can be read and is on disk."""
        await self._threads.write(lambda _: None)

    async def create_group(self, scope: Scope, name: str, tags: Mapping[str, str] | None = None) -> bool:
        """False when it exists."""
        row = group_key(scope, name) | {
            "now_ms": self._now_ms(),
            "tags": msgspec.json.encode(dict(tags or {})).decode(),
        }
        return await self._threads.write(lambda c: c.execute(self._sql["create_group"], row).rowcount > 0)

    async def create_stream(self, key: StreamKey) -> bool:
        """False when it exists.

        Raises:
            NotFound: no such group.
        """

        def run(connection: sqlite3.Connection) -> bool:
            group_id = group_of(connection, self._sql, key.scope, key.group)
            row = {"group_id": group_id, "name": key.stream, "now_ms": self._now_ms()}
            return connection.execute(self._sql["create_stream"], row).rowcount > 0

        return await self._threads.write(run)

    async def delete_group(self, scope: Scope, name: str) -> bool:
        """Remove a group with its streams; False when there is none."""

        def run(connection: sqlite3.Connection) -> bool:
            self._chunks.forget()
            return connection.execute(self._sql["delete_group"], group_key(scope, name)).rowcount > 0

        return await self._threads.write(run)

    async def groups(
        self, scope: Scope, *, prefix: str | None, pattern: str | None, after: str | None, limit: int
    ) -> list[GroupInfo]:
        """Groups by name, behind `after`."""
        page = group_key(scope, "") | {
            "prefix": prefix or "",
            "pattern": pattern or "",
            "after": after or "",
            "limit": limit,
        }
        rows = await self._threads.read(lambda c: c.execute(self._sql["list_groups"], page).fetchall())
        return [GroupInfo(*row) for row in rows]

    async def streams(
        self,
        scope: Scope,
        group: str,
        *,
        prefix: str | None,
        after: str | None,
        limit: int,
        by_time: bool = False,
        descending: bool = False,
    ) -> list[StreamInfo]:
        """Streams of a group behind stream `after`, by name or by last event time.

        Raises:
            NotFound: no such group.
        """
        query = f"list_streams_by_{'time' if by_time else 'name'}{'_descending' if descending else ''}"

        def run(connection: sqlite3.Connection) -> list[StreamInfo]:
            group_id = group_of(connection, self._sql, scope, group)
            page = {"group_id": group_id, "prefix": prefix or "", "after": after, "limit": limit}
            return [StreamInfo(*row) for row in connection.execute(self._sql[query], page)]

        return await self._threads.read(run)

    async def read(
        self,
        scope: Scope,
        group: str,
        *,
        streams: Sequence[str] | None,
        start_ms: int | None,
        end_ms: int | None,
        after_id: int | None,
        before_id: int | None,
        limit: int,
        backward: bool = False,
        matcher: Matcher | None = None,
        stream_prefix: str | None = None,
    ) -> list[StoredEvent]:
        """Events in order of time then id; see the port.

        Raises:
            NotFound: no such group, or a named stream is not there.
        """

        def run(connection: sqlite3.Connection) -> list[StoredEvent]:
            group_id = group_of(connection, self._sql, scope, group)
            stream_ids = self._stream_ids(connection, group_id, streams, stream_prefix)
            reader = EventReader(connection, self._sql)
            after = max(_after(reader, after_id), (start_ms, 0) if start_ms is not None else BEGINNING)
            before = min(_before(reader, before_id), (end_ms, 0) if end_ms is not None else END)
            span = Span(group_id, stream_ids, after, before, matcher)
            return reader.last(span, limit) if backward else reader.first(span, limit)

        return await self._threads.read(run)

    def subscribe(
        self, scope: Scope, group: str, callback: Callable[[list[StoredEvent]], None]
    ) -> Callable[[], None]:
        """Call `callback` on the running loop with each batch stored for a group; returns the way out."""
        return self._watchers.add(scope, group, asyncio.get_running_loop(), callback)

    def _stream_ids(
        self,
        connection: sqlite3.Connection,
        group_id: int,
        names: Sequence[str] | None,
        prefix: str | None,
    ) -> list[int] | None:
        if names is not None:
            return [stream_of(connection, self._sql, group_id, name) for name in names]
        if not prefix:
            return None
        key = {"group_id": group_id, "prefix": prefix}
        return [row[0] for row in connection.execute(self._sql["stream_ids_of_prefix"], key)]

    def _store(self, connection: sqlite3.Connection, batch: Batch) -> None:
        for key, lines in batch.items():
            self._chunks.write(connection, key, lines)

    def _tell(self) -> None:
        self._watchers.tell(self._chunks.take_seen())

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)


def _after(reader: EventReader, event_id: int | None) -> Position:
    return BEGINNING if event_id is None else reader.position(event_id) or BEGINNING


def _before(reader: EventReader, event_id: int | None) -> Position:
    return END if event_id is None else reader.position(event_id) or BEGINNING
