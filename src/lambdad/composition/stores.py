"""What is kept: the stores of a server, opened in order and closed in the other."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from lambdad.composition.clock import SystemClock
from lambdad.storage.data_dir import DataDir
from lambdad.storage.files.code_store import FileCodeStore
from lambdad.storage.files.compiled_store import FileCompiledStore
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue
from lambdad.storage.sqlite.events_sqlite import SqliteEvents
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore
from lambdad.storage.sqlite.metrics_sqlite import SqliteMetricStore


class Stores:
    """What is kept."""

    def __init__(self, data_dir: DataDir, clock: SystemClock, stack: AsyncExitStack) -> None:
        self.catalogue = SqliteCatalogue(data_dir.catalogue)
        stack.callback(self.catalogue.close)
        self.logs = SqliteLogStore(data_dir.logs, clock)
        stack.callback(self.logs.close)
        self.metrics = SqliteMetricStore(data_dir.metrics, clock)
        stack.callback(self.metrics.close)
        self.events = SqliteEvents(data_dir.events)
        stack.callback(self.events.close)
        self.codes = FileCodeStore(data_dir.code)
        stack.push_async_callback(self.codes.close)
        self.compiled = FileCompiledStore(data_dir.code)
        stack.push_async_callback(self.compiled.close)

    @property
    def by_name(self) -> Mapping[str, SqliteCatalogue | SqliteLogStore | SqliteEvents | SqliteMetricStore]:
        """Those with a writer."""
        return {
            "catalogue": self.catalogue,
            "logs": self.logs,
            "events": self.events,
            "metrics": self.metrics,
        }
