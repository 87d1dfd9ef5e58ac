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

from lambdad.domain.errors import NotFound
from lambdad.domain.limits import DAY_MS, LOG_FLUSH_DELAY_S, MAX_PENDING_LOG_BYTES
from lambdad.domain.platform_log import InvocationRecord, LogLine
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import (
    EventPage,
    GroupInfo,
    Matcher,
    StoredEvent,
    StreamInfo,
    StreamKey,
    position_of,
)
from lambdad.storage.sqlite.database import Durability
from lambdad.storage.sqlite.log_intake import Batch, LogIntake
from lambdad.storage.sqlite.log_reading import BEGINNING, END, EventReader, Span
from lambdad.storage.sqlite.log_watch import Watchers
from lambdad.storage.sqlite.log_writing import NO_GROUP, ChunkWriter, group_key, group_of, stream_of
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads


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

    def close(self) -> None:
        """Store what was taken and close the file."""
        self._threads.close()

    def write(self, stream: StreamKey, lines: Sequence[LogLine]) -> None:
        """Take lines in order; group and stream are made when missing."""
        self._intake.put(stream, lines)

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        """Take one whole invocation; its lines are made in the writer's thread."""
        self._intake.put(stream, record)

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        """Whether who can wait should hand over more; else `on_room` is called once there is room."""
        return self._intake.has_room(stream, on_room)

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

    async def delete_stream(self, key: StreamKey) -> bool:
        """Remove a stream with its events; False when there is none.

        Raises:
            NotFound: no such group.
        """

        def run(connection: sqlite3.Connection) -> bool:
            self._chunks.forget()
            group_id = group_of(connection, self._sql, key.scope, key.group)
            row = {"group_id": group_id, "name": key.stream}
            return connection.execute(self._sql["delete_stream"], row).rowcount > 0

        return await self._threads.write(run)

    async def set_retention(self, scope: Scope, group: str, days: int | None) -> None:
        """Keep events of a group for so many days; None: for ever.

        Raises:
            NotFound: no such group.
        """
        row = group_key(scope, group) | {"days": days}
        await self._threads.write(lambda c: _found(c.execute(self._sql["set_retention"], row)))

    async def group(self, scope: Scope, name: str) -> GroupInfo:
        """One group.

        Raises:
            NotFound: no such group.
        """
        key = group_key(scope, name)
        row = await self._threads.read(lambda c: c.execute(self._sql["read_group"], key).fetchone())
        if row is None:
            raise NotFound(NO_GROUP)
        return GroupInfo(*row)

    async def group_tags(self, scope: Scope, group: str) -> dict[str, str]:
        """The tags of a group.

        Raises:
            NotFound: no such group.
        """
        return await self._threads.read(lambda c: self._tags(c, scope, group))

    async def change_tags(
        self, scope: Scope, group: str, *, remove: Sequence[str] = (), add: Mapping[str, str] | None = None
    ) -> None:
        """Take tags away, then set others.

        Raises:
            NotFound: no such group.
        """

        def run(connection: sqlite3.Connection) -> None:
            tags = self._tags(connection, scope, group)
            for name in remove:
                tags.pop(name, None)
            row = group_key(scope, group) | {"tags": msgspec.json.encode({**tags, **(add or {})}).decode()}
            connection.execute(self._sql["write_tags"], row)

        await self._threads.write(run)

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
        within_s: float | None = None,
    ) -> EventPage:
        """Events in order of time then id; see the port.

        Raises:
            NotFound: no such group, or a named stream is not there.
        """

        def run(connection: sqlite3.Connection) -> EventPage:
            group_id = group_of(connection, self._sql, scope, group)
            stream_ids = self._stream_ids(connection, group_id, streams, stream_prefix)
            reader = EventReader(connection, self._sql)
            after = BEGINNING if after_id is None else min(position_of(after_id), END)
            before = END if before_id is None else position_of(before_id)
            span = Span(
                group_id,
                stream_ids,
                max(after, (max(start_ms or 0, self._expired_ms(connection, group_id)), 0)),
                min(before, (end_ms, 0) if end_ms is not None else END),
                matcher,
            )
            return EventPage(reader.last(span, limit) if backward else reader.first(span, limit))

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

    def _tags(self, connection: sqlite3.Connection, scope: Scope, group: str) -> dict[str, str]:
        row = connection.execute(self._sql["read_tags"], group_key(scope, group)).fetchone()
        if row is None:
            raise NotFound(NO_GROUP)
        return msgspec.json.decode(row[0], type=dict[str, str])

    def _expired_ms(self, connection: sqlite3.Connection, group_id: int) -> int:
        """Events before this time are older than their group keeps them."""
        (days,) = connection.execute(self._sql["retention"], {"group_id": group_id}).fetchone()
        return 0 if days is None else self._now_ms() - days * DAY_MS

    def _store(self, connection: sqlite3.Connection, batch: Batch) -> None:
        for key, lines in batch.items():
            self._chunks.write(connection, key, lines)

    def _tell(self) -> None:
        self._watchers.tell(self._chunks.take_seen())

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)


def _found(cursor: sqlite3.Cursor) -> None:
    if not cursor.rowcount:
        raise NotFound(NO_GROUP)
