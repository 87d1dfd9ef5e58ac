"""A database with its two threads; the in-memory one has a single connection, so its writer reads too."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from lambdad.storage.sqlite.database import MEMORY, Durability, open_for_reading, open_for_writing
from lambdad.storage.sqlite.reader import Reader
from lambdad.storage.sqlite.writer import Background, Writer, WriterStatus

T = TypeVar("T")


def _as_one(connection: sqlite3.Connection, job: Callable[[sqlite3.Connection], T]) -> T:
    """Let all statements of `job` see the same state of the database."""
    connection.execute("BEGIN")
    try:
        return job(connection)
    finally:
        connection.execute("ROLLBACK")


class Threads:
    """Reads and writes of one database.

    Args:
        path: the file, or ``:memory:``.
        concern: names migrations and threads (``lambdad-<concern>-writer``).
        durability: what an acknowledged write promises.
        background: see `Writer`.
        delay_s: see `Writer`.
        shrinks: see `open_for_writing`.

    Raises:
        StorageRefused: the file cannot be used.
    """

    def __init__(
        self,
        path: Path | str,
        concern: str,
        durability: Durability,
        *,
        background: Background | None = None,
        delay_s: float = 0.0,
        shrinks: bool = False,
    ) -> None:
        connection = open_for_writing(path, concern, durability, shrinks=shrinks)
        self._writer = Writer(connection, f"lambdad-{concern}-writer", background=background, delay_s=delay_s)
        in_memory = str(path) == MEMORY
        self._reader = None if in_memory else Reader(open_for_reading(path), f"lambdad-{concern}-reader")

    def write(self, job: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Run `job` in a transaction; done when that is on disk."""
        return self._writer.call(job)

    def write_and_wait(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """As `write`, for threads without an event loop."""
        return self._writer.run(job)

    async def read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run `job`, which only reads."""
        if self._reader is None:
            return await self._writer.call(job)
        return await self._reader.call(lambda connection: _as_one(connection, job))

    @property
    def writer_status(self) -> WriterStatus:
        """How the writing half does."""
        return self._writer.status

    def wake(self, delay_s: float | None = None) -> None:
        """Have the background stored soon; see `Writer.wake`."""
        self._writer.wake(delay_s)

    def close(self) -> None:
        """Write what waits and close everything."""
        if self._reader is not None:
            self._reader.close()
        self._writer.close()
