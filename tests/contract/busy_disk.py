"""A disk on which everything that is to be written waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore
from lambdad.storage.sqlite.metrics_sqlite import SqliteMetricStore


@asynccontextmanager
async def busy_disk(store: SqliteLogStore | SqliteMetricStore) -> AsyncIterator[None]:
    """The writer's thread does nothing else during the block."""
    begun, go_on = threading.Event(), threading.Event()

    def wait(_: object) -> bool:
        begun.set()
        return go_on.wait(30)

    slow = store._threads.write(wait)
    await asyncio.to_thread(begun.wait, 30)
    try:
        yield
    finally:
        go_on.set()
        assert await slow
