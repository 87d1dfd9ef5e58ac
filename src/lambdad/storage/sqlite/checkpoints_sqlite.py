"""How far shards were read, in SQLite: `ports.checkpoint_store.CheckpointStore` on a file of its own.

What is kept one by one waits in memory for a moment, the last of each shard, and is written together.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from lambdad.domain.limits import CHECKPOINT_DELAY_S
from lambdad.domain.stream_record import ShardState
from lambdad.storage.sqlite.database import Durability
from lambdad.storage.sqlite.queries import queries
from lambdad.storage.sqlite.threads import Threads

_log = logging.getLogger(__name__)
_CONCERN: Final = "checkpoints"
_Key = tuple[str, str]


class _Waiting:
    """States that are not in the file yet; the background of the writer."""

    def __init__(self, statement: str) -> None:
        self._statement = statement
        self._encoder = msgspec.json.Encoder()
        self._lock = threading.Lock()
        self._states: dict[_Key, ShardState] = {}
        self._taken: dict[_Key, ShardState] = {}
        self._is_awaited = False

    def put(self, mapping: str, state: ShardState) -> bool:
        """Keep a state; whether the writer has to be told."""
        with self._lock:
            is_news, self._is_awaited = not self._is_awaited, True
            self._states[mapping, state.shard] = state
        return is_news

    def drop(self, mapping: str) -> None:
        """Keep nothing of a mapping."""
        with self._lock:
            for key in [key for key in self._states if key[0] == mapping]:
                del self._states[key]

    def take(self) -> bool:
        """See `writer.Background`."""
        with self._lock:
            self._taken, self._states, self._is_awaited = self._states, {}, False
        return bool(self._taken)

    def store(self, connection: sqlite3.Connection) -> None:
        """See `writer.Background`."""
        rows = ((*key, self._encoder.encode(state)) for key, state in self._taken.items())
        connection.executemany(self._statement, rows)

    def stored(self) -> None:
        """See `writer.Background`."""
        self._taken = {}

    def lost(self, error: Exception) -> None:
        """See `writer.Background`; what came meanwhile is newer."""
        with self._lock:
            self._states = {**self._taken, **self._states}
        self._taken = {}
        _log.error("checkpoints could not be written: %s", error, extra={"event": "checkpoints.not_written"})


class SqliteCheckpoints:
    """States of shards by mapping.

    Args:
        path: the file.

    Raises:
        StorageRefused: the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._sql = queries(_CONCERN)
        self._waiting = _Waiting(self._sql["keep"])
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(ShardState)
        self._threads = Threads(
            path, _CONCERN, Durability.FULL, background=self._waiting, delay_s=CHECKPOINT_DELAY_S
        )

    async def read(self, mapping: str) -> list[ShardState]:
        """See `ports.checkpoint_store.CheckpointStore`."""
        await self.flush()
        statement = self._sql["read"]
        rows = await self._threads.read(lambda c: c.execute(statement, {"mapping": mapping}).fetchall())
        return [self._decoder.decode(state) for (state,) in rows]

    def keep(self, mapping: str, state: ShardState) -> None:
        """See `ports.checkpoint_store.CheckpointStore`."""
        if self._waiting.put(mapping, state):
            self._threads.wake()

    async def replace(self, mapping: str, states: Sequence[ShardState]) -> None:
        """See `ports.checkpoint_store.CheckpointStore`."""
        self._waiting.drop(mapping)
        rows = [(mapping, state.shard, self._encoder.encode(state)) for state in states]

        def run(connection: sqlite3.Connection) -> None:
            connection.execute(self._sql["forget"], {"mapping": mapping})
            connection.executemany(self._sql["keep"], rows)

        await self._threads.write(run)

    async def flush(self) -> None:
        """See `ports.checkpoint_store.CheckpointStore`."""
        await self._threads.write(lambda _: None)

    def close(self) -> None:
        """Write what waits and close the file."""
        self._threads.close()
