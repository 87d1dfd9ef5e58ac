"""Measuring put together: what is looked at every second, and where it goes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lambdad.composition.provided_names import ProvidedNames
from lambdad.composition.settled_metrics import SettledMetrics
from lambdad.composition.upkeep import repeated
from lambdad.counting.ledger import Ledger
from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MEASURE_LOOK_S
from lambdad.domain.measured import Peaks
from lambdad.frontend.invoke import Frontend
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogSink
from lambdad.ports.measures import Measures, Told
from lambdad.ports.metric_store import MetricStore
from lambdad.settings import Settings
from lambdad.storage.data_dir import DataDir
from lambdad.storage.sqlite.usage_sqlite import SqliteUsage
from lambdad.telemetry.embedded_metrics.watching_sink import WatchingSink

if TYPE_CHECKING:
    from lambdad.telemetry.measured_books import Books

_log = logging.getLogger("lambdad")


class Measuring:
    """The books of a server, from before its first part is made until after its last has ended.

    Attributes:
        measures: what the parts call.
        logs: where functions print; looks for metrics on the way to the log store.
        usage: what functions used.
        metrics: the metric store, as readers see it.
    """

    def __init__(
        self, data_dir: DataDir, logs: LogSink, metrics: MetricStore, clock: Clock, stack: AsyncExitStack
    ) -> None:
        self.usage = SqliteUsage(data_dir.usage, datetime.fromtimestamp(clock.now(), UTC).date())
        stack.callback(self.usage.close)
        self.logs = WatchingSink(logs)
        self._metrics = metrics
        self.metrics = SettledMetrics(metrics, self.settle)
        self._clock = clock
        self._settled = -MEASURE_LOOK_S
        self._told = Told()
        self.measures: Measures = self._told.measures
        self._began = clock.monotonic()
        self._books: Books | None = None
        self._begun: Callable[[], Awaitable[Peaks]] | None = None
        self._kept: Callable[[], Iterable[FunctionVersion]] = tuple
        stack.push_async_callback(self._finish)

    def begin(
        self,
        frontend: Frontend,
        ledger: Ledger,
        catalogue: CatalogueStore,
        kept: Callable[[], Iterable[FunctionVersion]],
    ) -> None:
        """The parts are there: look at these from now on."""
        names = ProvidedNames(catalogue)

        async def peaks() -> Peaks:
            found = ledger.peaks()._replace(routes=frontend.peaks())
            return found._replace(provided=await names.named(found.provided))

        self._begun, self._kept = peaks, kept

    async def look(self, *, put: bool = False) -> None:
        """Hand on what was measured until now: usage, and metrics too when `put`."""
        if self._begun is not None:
            # Imported a second after the start: a server is ready sooner without.
            from lambdad.telemetry.measured_books import Books, Sinks

            books = self._books = self._books or Books(self._told, self._clock, self._began)
            sinks = Sinks(self._begun, self._kept, self.logs.take, self._metrics.put, self.usage.add)
            await books.look(sinks, put=put)

    async def settle(self) -> None:
        """Have what was measured until a second ago in the metric store."""
        now = self._clock.monotonic()
        if now - self._settled >= MEASURE_LOOK_S:
            self._settled = now
            await self.look(put=True)
            try:
                await self._metrics.flush()
            except LambdadError as error:  # what was written before can be read all the same
                _log.warning("metrics were not written: %s", error, extra={"event": "metrics.settle"})

    async def keep(self) -> None:
        """Look every second, for ever."""
        failed = "what was measured was not handed on"
        await repeated(MEASURE_LOOK_S, self.look, _log, failed, {"event": "metrics.look"})

    async def _finish(self) -> None:
        try:
            await self.look(put=True)
        finally:
            if self._books is not None:
                self._books.close()


def measuring_of(
    settings: Settings,
    data_dir: DataDir,
    logs: LogSink,
    metrics: MetricStore,
    clock: Clock,
    stack: AsyncExitStack,
) -> Measuring:
    """The books of a server; they end with the stack, after whatever is put on it later.

    Raises:
        PricesUnreadable: the price list of the settings is none.
        StorageRefused: the file cannot be used.
    """
    if settings.price_file is not None:
        from lambdad.telemetry.billing.prices import read_prices

        read_prices(settings.price_file)  # now, not when the first bill is asked for
    return Measuring(data_dir, logs, metrics, clock, stack)
