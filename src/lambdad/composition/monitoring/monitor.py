"""What is seen of invocations, for metrics and traces: made before the worker, asked while it runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from lambdad.composition.monitoring.loop_lag import LoopLag
from lambdad.counting.ledger import Ledger
from lambdad.domain.function import FunctionVersion
from lambdad.domain.http import Request, Response
from lambdad.domain.platform_log import InvocationRecord
from lambdad.domain.scope import Scope
from lambdad.domain.trace_context import Traced
from lambdad.edge.operations import Operation
from lambdad.frontend.splitting import Weighted
from lambdad.ports.clock import Clock
from lambdad.settings import Settings
from lambdad.telemetry.observing import Observing, SinkOf
from lambdad.telemetry.prometheus.aggregate import RESOLVE, Invocations
from lambdad.telemetry.recent_invocations import RecentInvocations
from lambdad.worker.sandbox.blank import StartPath

if TYPE_CHECKING:
    from lambdad.composition.monitoring.monitoring_operations import Losing, MonitoringOperations, Written
    from lambdad.composition.own_operations import OwnOperations
    from lambdad.telemetry.tracing.exporter import Exporter

Find = Callable[[Scope, str, str | None], Awaitable[FunctionVersion | Weighted]]
_MOST_STARTS = 10_000
_PERCENT = 100


class Monitor:
    """Counts, and tells exporters.

    Attributes:
        invocations: counts of them.
        recent: the last of each function.
        lag: of the loop.
        exporters: of traces.
        trace_share: of calls without a decision that are traced; None when nothing is exported.
    """

    def __init__(self, settings: Settings, clock: Clock, stack: AsyncExitStack) -> None:
        self._clock = clock
        self._starts: Counter[tuple[Scope | None, str, StartPath]] = Counter()
        self.invocations = Invocations(settings.metric_functions)
        self.recent = RecentInvocations()
        self.lag = LoopLag()
        stack.callback(self.lag.close)
        self.exporters = _exporters(settings)
        self.trace_share = None if settings.otlp_endpoint is None else settings.otlp_percent / _PERCENT
        for exporter in self.exporters.values():
            stack.push_async_callback(asyncio.to_thread, exporter.close)

    def observing(self, sink_of: SinkOf) -> SinkOf:
        """Sinks of environments that are seen."""
        tell = self._tell if self.exporters else None
        return Observing(sink_of, self.invocations, self.recent, tell).of

    def _tell(self, version: FunctionVersion, record: InvocationRecord, traced: Traced) -> None:
        from lambdad.telemetry.tracing.told import Told

        told = Told(version, record._replace(lines=()), traced)
        for name, exporter in self.exporters.items():
            if name != _XRAY or traced.is_shown:
                exporter.put(told)

    def started(self, version: FunctionVersion, path: StartPath, more: int) -> None:
        """An environment of a version was made this way, or was not after all (-1)."""
        key = (version.scope, version.name, path)
        known = key in self._starts or len(self._starts) < _MOST_STARTS
        self._starts[key if known else (None, "", path)] += more

    def timing(self, find: Find) -> Find:
        """The same, and how long it takes to look a function up is counted."""

        async def timed(scope: Scope, function: str, qualifier: str | None) -> FunctionVersion | Weighted:
            began = self._clock.monotonic()
            found = await find(scope, function, qualifier)
            self.invocations.stages[RESOLVE].add(self._clock.monotonic() - began)
            return found

        return timed

    @property
    def starts(self) -> list[tuple[Scope | None, str, StartPath, int]]:
        """Environments that were made, by function and path."""
        return [(*key, count) for key, count in self._starts.items()]

    def operations(
        self, own: OwnOperations, ledger: Ledger, stores: Mapping[str, Written], logs: Losing, data_dir: Path
    ) -> Mapping[str, Operation]:
        """What `/metrics` and `/ready` answer; made, and its code read, when somebody asks first."""
        made: list[MonitoringOperations] = []

        def operations() -> MonitoringOperations:
            if not made:
                from lambdad.composition.monitoring.monitoring_operations import MonitoringOperations

                made.append(MonitoringOperations(own, self, ledger, stores, logs, data_dir, self._clock))
            return made[0]

        async def metrics(request: Request) -> Response:
            return await operations().metrics(request)

        async def ready(request: Request) -> Response:
            return await operations().ready(request)

        return {"GET metrics": metrics, "GET ready": ready}


_OTLP, _XRAY = "otlp", "xray"


def _exporters(settings: Settings) -> dict[str, Exporter]:
    """Those that are asked for; nothing of them is imported otherwise."""
    if settings.otlp_endpoint is None and settings.xray_daemon is None:
        return {}
    from lambdad.telemetry.tracing.exporter import Exporter
    from lambdad.telemetry.tracing.sending import OtlpSender, XraySender

    found = {}
    if settings.otlp_endpoint is not None:
        found[_OTLP] = Exporter(_OTLP, OtlpSender(settings.otlp_endpoint))
    if settings.xray_daemon is not None:
        found[_XRAY] = Exporter(_XRAY, XraySender(settings.xray_daemon))
    return found
