"""Logs in SQLite: `ports.log_store.LogStore` on one file.

Writing is an append on the event loop; the writer's thread packs and commits what came within 40 ms together.
Reading sees everything that was committed; `flush` makes that everything written. Searching is done by
processes of its own, upkeep by a thread.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lambdad.domain.limits import LOG_FLUSH_DELAY_S, LOG_SEARCH_S, LOG_UPKEEP_S, MAX_PENDING_LOG_BYTES
from lambdad.domain.platform_log import InvocationRecord, LogLine
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import (
    EventPage,
    GroupInfo,
    LogLosses,
    Matcher,
    Printed,
    StoredEvent,
    StreamInfo,
    StreamKey,
)
from lambdad.storage.sqlite.database import MEMORY, Durability, open_for_reading
from lambdad.storage.sqlite.keeper import Keeper
from lambdad.storage.sqlite.log_asking import Asked
from lambdad.storage.sqlite.log_groups import GroupTables
from lambdad.storage.sqlite.log_intake import Batch, LogIntake
from lambdad.storage.sqlite.log_pages import read_page
from lambdad.storage.sqlite.log_reading import EventReader
from lambdad.storage.sqlite.log_upkeep import Upkeep, free_some
from lambdad.storage.sqlite.log_watch import Watchers
from lambdad.storage.sqlite.log_writing import ChunkWriter
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads
from lambdad.storage.sqlite.writer import WriterStatus

if TYPE_CHECKING:
    from lambdad.storage.sqlite.log_searching import LogSearch


class SqliteLogStore:
    """Log groups, streams and events in one SQLite file.

    Args:
        path: the file, made when missing, or ``:memory:``.
        clock: for creation and ingestion times.
        max_pending_bytes: held in memory before lines are dropped.
        searches_apart: search in processes of its own, as long as there is a file.

    Raises:
        StorageRefused: the file cannot be used.
    """

    def __init__(
        self,
        path: Path | str,
        clock: Clock,
        *,
        max_pending_bytes: int = MAX_PENDING_LOG_BYTES,
        searches_apart: bool = True,
    ) -> None:
        self._clock = clock
        self._sql = queries("logs")
        self._watchers = Watchers()
        self._chunks = ChunkWriter(self._sql, self._watchers.watches, self._now_ms)
        self._intake = LogIntake(
            self._store, self._tell, self._chunks.undo, clock.now, max_bytes=max_pending_bytes
        )
        self._threads = Threads(
            path, "logs", Durability.NORMAL, background=self._intake, delay_s=LOG_FLUSH_DELAY_S, shrinks=True
        )
        self._intake.wake = self._threads.wake
        self._tables = GroupTables(self._sql)
        in_memory = str(path) == MEMORY
        self._searches_in = None if in_memory or not searches_apart else path
        self._search: LogSearch | None = None  # none before the first search: its code is read then
        self._keeper = None if in_memory else self._keep(Path(path))

    @property
    def writer_status(self) -> WriterStatus:
        """How its writer does."""
        return self._threads.writer_status

    def close(self) -> None:
        """Store what was taken and close the file."""
        self._searches_in = None  # no process begins after the others have ended
        if self._search is not None:
            self._search.close()
        if self._keeper is not None:
            self._keeper.close()
        self._threads.close()

    def losses(self) -> LogLosses:
        """How many lines were lost since the start, and why."""
        return LogLosses(self._intake.dropped, self._intake.unwritten)

    def prepare(self) -> None:
        """Start the process that searches."""
        if self._searches_in is not None:
            self._searching(self._searches_in).prepare()

    def tidy(self) -> None:
        """Have merging, retention and freeing done now, in the background; nothing for ``:memory:``."""
        self._wake_keeper()

    def write(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        """Take lines in order; group and stream are made when missing."""
        self._intake.put(stream, lines)

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        """Take one whole invocation."""
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
        now_ms = self._now_ms()
        return await self._threads.write(
            lambda c: self._tables.create_group(c, scope, name, tags or {}, now_ms)
        )

    async def create_stream(self, key: StreamKey) -> bool:
        """False when it exists.

        Raises:
            NotFound: no such group.
        """
        now_ms = self._now_ms()
        return await self._threads.write(lambda c: self._tables.create_stream(c, key, now_ms))

    async def delete_group(self, scope: Scope, name: str) -> bool:
        """Remove a group with its streams; False when there is none. What it held is freed later."""
        return await self._delete(lambda c: self._tables.delete_group(c, scope, name))

    async def delete_stream(self, key: StreamKey) -> bool:
        """Remove a stream with its events; False when there is none. What it held is freed later.

        Raises:
            NotFound: no such group.
        """
        return await self._delete(lambda c: self._tables.delete_stream(c, key))

    async def set_retention(self, scope: Scope, group: str, days: int | None) -> None:
        """Keep events of a group for so many days; None: for ever.

        Raises:
            NotFound: no such group.
        """
        await self._threads.write(lambda c: self._tables.set_retention(c, scope, group, days))
        self._wake_keeper()

    async def group(self, scope: Scope, name: str) -> GroupInfo:
        """One group.

        Raises:
            NotFound: no such group.
        """
        return await self._threads.read(lambda c: self._tables.group(c, scope, name))

    async def group_tags(self, scope: Scope, group: str) -> dict[str, str]:
        """The tags of a group.

        Raises:
            NotFound: no such group.
        """
        return await self._threads.read(lambda c: self._tables.tags(c, scope, group))

    async def change_tags(
        self, scope: Scope, group: str, *, remove: Sequence[str] = (), add: Mapping[str, str] | None = None
    ) -> None:
        """Take tags away, then set others.

        Raises:
            NotFound: no such group.
        """
        await self._threads.write(lambda c: self._tables.change_tags(c, scope, group, remove, add or {}))

    async def groups(
        self, scope: Scope, *, prefix: str | None, pattern: str | None, after: str | None, limit: int
    ) -> list[GroupInfo]:
        """Groups by name, behind `after`."""
        return await self._threads.read(
            lambda c: self._tables.list_groups(
                c, scope, prefix=prefix, pattern=pattern, after=after, limit=limit
            )
        )

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
        return await self._threads.read(
            lambda c: self._tables.list_streams(
                c,
                scope,
                group,
                prefix=prefix,
                after=after,
                limit=limit,
                by_time=by_time,
                descending=descending,
            )
        )

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
            SearchTooSlow: nothing could be done in the time there is.
        """
        asked = Asked(
            scope,
            group,
            streams,
            stream_prefix,
            start_ms,
            end_ms,
            after_id,
            before_id,
            limit,
            backward,
            matcher,
            self._now_ms(),
        )
        within = LOG_SEARCH_S if within_s is None else within_s
        if matcher is not None and self._searches_in is not None:
            return await self._searching(self._searches_in).search(asked, within)
        return await self._threads.read(
            lambda c: read_page(EventReader(c, self._sql), asked, time.monotonic, within)
        )

    def _searching(self, path: Path | str) -> LogSearch:
        if self._search is None:
            from lambdad.storage.sqlite.log_searching import LogSearch  # noqa: PLC0415 - few servers search

            self._search = LogSearch(path)
        return self._search

    def subscribe(
        self, scope: Scope, group: str, callback: Callable[[list[StoredEvent]], None]
    ) -> Callable[[], None]:
        """Call `callback` on the running loop with each batch stored for a group; returns the way out."""
        return self._watchers.add(scope, group, asyncio.get_running_loop(), callback)

    async def _delete(self, job: Callable[[sqlite3.Connection], bool]) -> bool:
        def run(connection: sqlite3.Connection) -> bool:
            self._chunks.forget()
            deleted = job(connection)
            while self._keeper is None and free_some(connection, self._sql):
                pass
            return deleted

        deleted = await self._threads.write(run)
        self._wake_keeper()
        return deleted

    def _wake_keeper(self) -> None:
        if self._keeper is not None:
            self._keeper.wake()

    def _keep(self, path: Path) -> Keeper:
        """The thread that does this store's upkeep."""
        connection = open_for_reading(path)
        # Everything it needs is opened now: what the server holds does not grow when upkeep begins.
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
        upkeep = Upkeep(connection, self._threads.write_and_wait, self._sql, self._now_ms)

        def steps() -> Iterator[None]:
            if self._search is not None:
                self._search.end_idle()
            yield from upkeep.steps()

        return Keeper(steps, LOG_UPKEEP_S, "lambdad-logs-keeper", at_end=connection.close)

    def _store(self, connection: sqlite3.Connection, batch: Batch) -> None:
        self._chunks.write(connection, batch)

    def _tell(self) -> None:
        self._watchers.tell(self._chunks.take_seen())

    def _now_ms(self) -> int:
        return int(self._clock.now() * 1000)
