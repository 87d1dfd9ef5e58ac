"""Measuring put together: what is looked at every second, and where it goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from lambdad.composition.provided_names import ProvidedNames
from lambdad.composition.settled_metrics import SettledMetrics
from lambdad.counting.ledger import Ledger
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MEASURE_LOOK_S
from lambdad.domain.measured import Peaks
from lambdad.frontend.invoke import Frontend
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogSink
from lambdad.ports.measures import Measures
from lambdad.ports.metric_store import MetricStore
from lambdad.settings import Settings
from lambdad.storage.data_dir import DataDir
from lambdad.storage.sqlite.usage_sqlite import SqliteUsage
from lambdad.telemetry.embedded_metrics.watching_sink import WatchingSink
from lambdad.telemetry.measured_books import Books, Sinks

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
        self._books = Books(clock)
        self.measures: Measures = self._books.measures
        self._sinks: Sinks | None = None
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

        self._sinks = Sinks(peaks, kept, self.logs.take, self._metrics.put, self.usage.add)

    async def look(self, *, put: bool = False) -> None:
        """Hand on what was measured until now: usage, and metrics too when `put`."""
        if self._sinks is not None:
            await self._books.look(self._sinks, put=put)

    async def settle(self) -> None:
        """Have what was measured until a second ago in the metric store."""
        now = self._clock.monotonic()
        if now - self._settled >= MEASURE_LOOK_S:
            self._settled = now
            await self.look(put=True)
            await self._metrics.flush()

    async def keep(self) -> None:
        """Look every second, for ever."""
        while True:
            await asyncio.sleep(MEASURE_LOOK_S)
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - or nothing would ever be measured again
                _log.exception("what was measured was not handed on", extra={"event": "metrics.look"})

    async def _finish(self) -> None:
        try:
            await self.look(put=True)
        finally:
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
