"""What is seen of invocations, for metrics and traces: made before the worker, asked while it runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from lambdad.composition.monitoring.loop_lag import LoopLag
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from lambdad.frontend.splitting import Weighted
from lambdad.ports.clock import Clock
from lambdad.settings import Settings
from lambdad.telemetry.observing import Observing, SinkOf
from lambdad.telemetry.prometheus.aggregate import RESOLVE, Invocations
from lambdad.telemetry.prometheus.family import Family, Kind
from lambdad.telemetry.tracing.exporter import Exporter
from lambdad.telemetry.tracing.told import Told
from lambdad.worker.sandbox.blank import StartPath

Find = Callable[[Scope, str, str | None], Awaitable[FunctionVersion | Weighted]]
_MOST_STARTS = 10_000
_PERCENT = 100


class Monitor:
    """Counts, and tells exporters.

    Attributes:
        invocations: counts of them.
        lag: of the loop.
        exporters: of traces.
        trace_share: of calls without a decision that are traced; None when nothing is exported.
    """

    def __init__(self, settings: Settings, clock: Clock, stack: AsyncExitStack) -> None:
        self._clock = clock
        self._starts: Counter[tuple[Scope | None, str, StartPath]] = Counter()
        self.invocations = Invocations(settings.metric_functions)
        self.lag = LoopLag()
        stack.callback(self.lag.close)
        self.exporters = _exporters(settings)
        self.trace_share = None if settings.otlp_endpoint is None else settings.otlp_percent / _PERCENT
        for exporter in self.exporters.values():
            stack.push_async_callback(asyncio.to_thread, exporter.close)

    def observing(self, sink_of: SinkOf) -> SinkOf:
        """Sinks of environments that are seen."""
        return Observing(sink_of, self.invocations, self._tell if self.exporters else None).of

    def _tell(self, told: Told) -> None:
        for name, exporter in self.exporters.items():
            if name != _XRAY or told.traced.is_shown:
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

    def families(self) -> list[Family]:
        """What was seen up to now."""
        starts = [
            (scope, function, (("path", path.value),), count)
            for (scope, function, path), count in self._starts.items()
        ]
        return [
            *self.invocations.families(),
            self.invocations.summed(
                Kind.COUNTER,
                "lambdad_function_environment_starts",
                "Environments that were made for a function, by how their runtime came to be.",
                starts,
            ),
        ]


_OTLP, _XRAY = "otlp", "xray"


def _exporters(settings: Settings) -> dict[str, Exporter]:
    """Those that are asked for; nothing of them is imported otherwise."""
    if settings.otlp_endpoint is None and settings.xray_daemon is None:
        return {}
    from lambdad.telemetry.tracing.sending import OtlpSender, XraySender

    found = {}
    if settings.otlp_endpoint is not None:
        found[_OTLP] = Exporter(_OTLP, OtlpSender(settings.otlp_endpoint))
    if settings.xray_daemon is not None:
        found[_XRAY] = Exporter(_XRAY, XraySender(settings.xray_daemon))
    return found
