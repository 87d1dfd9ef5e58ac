"""What the log store does for itself, in small steps: merging, retention, freeing what was deleted.

A step reads with its own connection and changes the file in one short job of the writer, which lines that
come in share: nobody waits for a large piece of work. A process that is killed between two steps has lost
nothing and repeated nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol, TypeVar

from lambdad.domain.limits import (
    DAY_MS,
    LOG_CHUNK_BYTES,
    LOG_CHUNK_SPAN_MS,
    LOG_FREE_PAGES,
    LOG_MERGE_CHUNKS,
    LOG_MERGE_QUIET_MS,
    LOG_STEP_CHUNKS,
    LOG_STEP_PAGES,
)
from lambdad.storage.sqlite.log_chunks import Events, Packer, Run
from lambdad.storage.sqlite.log_writing import chunk_row, is_large

T = TypeVar("T")
_PAGE = 500  # streams looked at together


class Writing(Protocol):
    """Runs a job in the writer's next transaction and waits for it."""

    def __call__(self, job: Callable[[sqlite3.Connection], T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Small:
    """A small chunk."""

    number: int
    text_bytes: int
    ingestion_ms: int


class _Body(NamedTuple):
    group_id: int
    stream_id: int
    first_ms: int
    last_ms: int
    format: int
    body: bytes


class MovedError(Exception):
    """A chunk that was to be merged is not there any more."""


class Upkeep:
    """The steps, each of one thread that owns `reading`.

    Args:
        reading: a connection to read with.
        write: runs jobs in the writer.
        sql: the named statements.
        now_ms: milliseconds since the epoch.
    """

    def __init__(
        self,
        reading: sqlite3.Connection,
        write: Writing,
        sql: Mapping[str, str],
        now_ms: Callable[[], int],
    ) -> None:
        self._reading = reading
        self._write = write
        self._sql = sql
        self._now_ms = now_ms
        self._packer = Packer()

    def steps(self) -> Iterator[None]:
        """Everything there is to do now, one step after the other."""
        yield from self._free_deleted()
        yield from self._expire()
        yield from self._merge()
        yield from self._shrink()

    # --- deletion --------------------------------------------------------------------------------

    def _free_deleted(self) -> Iterator[None]:
        while self._rows("doomed_streams") or self._rows("doomed_groups"):
            self._write(lambda connection: free_some(connection, self._sql))
            yield

    def _expire(self) -> Iterator[None]:
        for group_id, days in self._rows("groups_with_retention"):
            kept_ms = self._now_ms() - days * DAY_MS
            while self._write(partial(self._expire_some, group_id, kept_ms)):
                yield

    def _expire_some(self, group_id: int, kept_ms: int, connection: sqlite3.Connection) -> bool:
        key = {"group_id": group_id, "kept_ms": kept_ms, "limit": LOG_STEP_CHUNKS}
        chunks = connection.execute(self._sql["expired_chunks"], key).fetchall()
        _delete(connection, self._sql, chunks)
        freed = sum(text_bytes for _, text_bytes in chunks)
        connection.execute(self._sql["grow_group"], {"group_id": group_id, "bytes": -freed})
        return bool(chunks)

    # --- merging ---------------------------------------------------------------------------------

    def _merge(self) -> Iterator[None]:
        after = 0
        while streams := self._rows("streams_to_merge", after=after, limit=_PAGE):
            for stream_id, chunks, text_bytes, last_ms in streams:
                quiet_ms = self._now_ms() - last_ms
                if is_worth_merging(chunks, text_bytes, quiet_ms):
                    yield from self._merge_stream(stream_id)
            after = streams[-1][0]

    def _merge_stream(self, stream_id: int) -> Iterator[None]:
        """Merge chunks until what is left is less than a large one."""
        while True:
            rows = self._rows("chunks_to_merge", stream_id=stream_id, limit=LOG_STEP_CHUNKS)
            parts = together(Small(*row) for row in rows)
            self._merge_chunks(parts)
            yield
            if len(parts) == len(rows) < LOG_STEP_CHUNKS:
                return

    def _merge_chunks(self, parts: list[Small]) -> None:
        bodies = self._bodies(parts)
        if not bodies:
            return
        kept = parts[: len(bodies)]
        text_bytes = sum(part.text_bytes for part in kept)
        is_closed = len(kept) < len(parts)  # what follows is too far from it in time
        merged = is_closed or is_large(text_bytes)
        if len(kept) == 1:
            if merged:
                self._write(lambda c: c.execute(self._sql["settle_chunk"], _number(kept[0])).rowcount)
            return
        chunk = self._packer.pack(self._joined(kept, bodies))._replace(text_bytes=text_bytes)
        run = Run(kept[0].number, chunk.events, kept[-1].ingestion_ms)

        def swap(connection: sqlite3.Connection) -> None:
            for part in kept:
                if not connection.execute(self._sql["delete_unmerged_chunk"], _number(part)).rowcount:
                    raise MovedError
            ids = (bodies[0].group_id, bodies[0].stream_id)
            connection.execute(self._sql["insert_chunk"], chunk_row(ids, chunk, run, merged=merged))
            longest = {"longest_ms": chunk.last_ms - chunk.first_ms}
            connection.execute(self._sql["set_longest_ms"], longest)

        with suppress(MovedError):  # deleted meanwhile
            self._write(swap)

    def _bodies(self, parts: list[Small]) -> list[_Body]:
        """The bodies of the first chunks, as long as they are near each other in time."""
        bodies: list[_Body] = []
        first_ms, last_ms = 2**62, 0
        for part in parts:
            row = self._reading.execute(self._sql["mergeable_chunk"], _number(part)).fetchone()
            if row is None:
                return []  # deleted meanwhile
            body = _Body(*row)
            first_ms, last_ms = min(first_ms, body.first_ms), max(last_ms, body.last_ms)
            if bodies and last_ms - first_ms > LOG_CHUNK_SPAN_MS:
                break
            bodies.append(body)
        return bodies

    def _joined(self, parts: list[Small], bodies: list[_Body]) -> Events:
        joined = Events([], [], [])
        for part, body in zip(parts, bodies, strict=True):
            times_ms, messages, runs = self._packer.unpack(body.format, body.body)
            joined.times_ms.extend(times_ms)
            joined.messages.extend(messages)
            for run in runs or [Run(part.number, len(messages), part.ingestion_ms)]:
                _append_run(joined.runs, run)
        return joined

    # --- the file --------------------------------------------------------------------------------

    def _shrink(self) -> Iterator[None]:
        """Give back what the file has more of free pages than it will soon use again."""
        while self._is_slack():
            self._write(lambda c: c.execute(f"PRAGMA incremental_vacuum({LOG_STEP_PAGES})").fetchall())
            yield

    def _is_slack(self) -> bool:
        (free,) = self._reading.execute("PRAGMA freelist_count").fetchone()
        (pages,) = self._reading.execute("PRAGMA page_count").fetchone()
        (mode,) = self._reading.execute("PRAGMA auto_vacuum").fetchone()
        return bool(mode == _INCREMENTAL and free > max(LOG_FREE_PAGES, pages // _SLACK_SHARE))

    def _rows(self, query: str, **parameters: int) -> list[tuple[int, ...]]:
        return self._reading.execute(self._sql[query], parameters).fetchall()


_INCREMENTAL = 2  # PRAGMA auto_vacuum
_SLACK_SHARE = 10


def is_worth_merging(chunks: int, text_bytes: int, quiet_ms: int) -> bool:
    """Whether small chunks of a stream are to be merged: there is much of them, or nothing follows soon."""
    if text_bytes >= LOG_CHUNK_BYTES or chunks >= LOG_MERGE_CHUNKS:
        return chunks > 1
    return chunks > 1 and quiet_ms >= LOG_MERGE_QUIET_MS


def together(chunks: Iterable[Small]) -> list[Small]:
    """The first chunks that make a large one together, at least one; all when they do not."""
    found: list[Small] = []
    text_bytes = 0
    for chunk in chunks:
        text_bytes += chunk.text_bytes
        if found and text_bytes > LOG_CHUNK_BYTES:
            break
        found.append(chunk)
    return found


def free_some(connection: sqlite3.Connection, sql: Mapping[str, str]) -> bool:
    """Free a small part of what was deleted; False when there is nothing left of it."""
    stream = connection.execute(sql["doomed_streams"]).fetchone()
    group = connection.execute(sql["doomed_groups"]).fetchone()
    if stream is None and group is not None:
        stream = connection.execute(sql["streams_of_doomed_group"], {"group_id": group[0]}).fetchone()
        if stream is None:
            connection.execute(sql["remove_group"], {"group_id": group[0]})
            return True
    if stream is None:
        return False
    key = {"stream_id": stream[0], "limit": LOG_STEP_CHUNKS}
    chunks = connection.execute(sql["chunks_of_doomed_stream"], key).fetchall()
    _delete(connection, sql, chunks)
    if len(chunks) < LOG_STEP_CHUNKS:
        connection.execute(sql["remove_stream"], {"stream_id": stream[0]})
    return True


def _delete(
    connection: sqlite3.Connection, sql: Mapping[str, str], chunks: Iterable[tuple[int, ...]]
) -> None:
    connection.executemany(sql["delete_chunk"], [{"first_event_id": chunk[0]} for chunk in chunks])


def _append_run(runs: list[Run], run: Run) -> None:
    """Add a run, as part of the last one when it goes on from there."""
    if runs:
        last = runs[-1]
        if last.first_number + last.events == run.first_number and last.ingestion_ms == run.ingestion_ms:
            runs[-1] = last._replace(events=last.events + run.events)
            return
    runs.append(run)


def _number(chunk: Small) -> dict[str, int]:
    return {"first_event_id": chunk.number}
