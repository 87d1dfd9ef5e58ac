"""One thread that reads one database, so that the event loop never waits for the disk."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Reader:
    """Owns a reading connection.

    Args:
        connection: handed over; closed by `close`.
        name: of the thread.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def call(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run `job` in the reader's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, job, self._connection)

    def close(self) -> None:
        """End the thread and close the connection."""
        self._executor.shutdown(wait=True)
        self._connection.close()
