"""What functions used, in SQLite: `ports.usage_store.UsageStore` on a file of its own.

Adding is a sum in memory; the writer's thread puts the sums on top of what the file has. What could not be
written stays in memory and is written with what comes next.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from lambdad.domain.limits import USAGE_KEPT_DAYS
from lambdad.domain.usage import Amounts, Usage, UsageKey, summed
from lambdad.storage.sqlite.database import Durability
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads

_log = logging.getLogger(__name__)
_CONCERN = "usage"
_KEY_COLUMNS = len(UsageKey._fields)


class _Sums:
    """What the file does not have yet; the background of the writer."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._lock = threading.Lock()
        self._waiting: list[Usage] = []
        self._taken: dict[UsageKey, Amounts] = {}

    def add(self, usages: Sequence[Usage]) -> None:
        """Add to it."""
        with self._lock:
            self._waiting += usages

    def take(self) -> bool:
        """See `writer.Background`."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        self._taken = summed(waiting)
        return bool(self._taken)

    def store(self, connection: sqlite3.Connection) -> None:
        """See `writer.Background`."""
        connection.executemany(self._statement, ((*key, *amounts) for key, amounts in self._taken.items()))

    def stored(self) -> None:
        """See `writer.Background`."""
        self._taken = {}

    def lost(self, error: Exception) -> None:
        """See `writer.Background`."""
        with self._lock:  # summed up, so it grows with functions and days, not with time
            self._waiting = list(summed([*self._taken.items(), *self._waiting]).items())
        self._taken = {}
        _log.error("usage could not be written: %s", error, extra={"event": "usage.not_written"})


class SqliteUsage:
    """Sums by function and day.

    Args:
        path: the file.
        today: what is too old before this day is forgotten.

    Raises:
        StorageRefused: the file cannot be used.
    """

    def __init__(self, path: Path, today: date) -> None:
        self._sql = queries(_CONCERN)
        self._sums = _Sums(self._sql["add"])
        self._forget_before = (today - timedelta(days=USAGE_KEPT_DAYS)).isoformat()
        self._threads = Threads(path, _CONCERN, Durability.NORMAL, background=self._sums)

    def add(self, usages: Sequence[Usage]) -> None:
        """See `ports.usage_store.UsageStore`."""
        if usages:
            self._sums.add(usages)
            self._threads.wake()

    async def read(self, account: str, *, since: str, until: str) -> list[Usage]:
        """See `ports.usage_store.UsageStore`."""
        statement = self._sql["read"]
        values = {"account": account, "since": since, "until": until}
        rows = await self._threads.read(lambda c: c.execute(statement, values).fetchall())
        return [(UsageKey(*row[:_KEY_COLUMNS]), Amounts(*row[_KEY_COLUMNS:])) for row in rows]

    async def flush(self) -> None:
        """See `ports.usage_store.UsageStore`; what is too old goes with it."""
        statement, values = self._sql["forget"], {"day": self._forget_before}
        await self._threads.write(lambda c: c.execute(statement, values).rowcount)

    def close(self) -> None:
        """Write what waits and close the file."""
        self._threads.close()
