"""What `/metrics` and `/ready` answer.

Values are read on the loop, which takes a moment; the text is made in a thread that lets the loop go on
between families. The first who asks has all of this imported.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from lambdad.composition.monitoring.disk_probe import DiskProbe
from lambdad.composition.monitoring.monitor import Monitor
from lambdad.composition.monitoring.process_families import process_families
from lambdad.composition.monitoring.queue_families import queue_families
from lambdad.composition.monitoring.readiness import ReadyFacts, judge
from lambdad.composition.monitoring.store_families import store_families
from lambdad.composition.monitoring.worker_families import worker_families
from lambdad.composition.own_operations import OwnOperations
from lambdad.counting.ledger import Ledger
from lambdad.domain.http import Request, Response
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogLosses
from lambdad.storage.sqlite.writer import WriterStatus
from lambdad.telemetry.prometheus.exposition import OPEN_METRICS, TEXT, exposition, wants_open_metrics
from lambdad.telemetry.prometheus.family import Family, Kind, by, counter, gauge
from lambdad.telemetry.prometheus.function_families import function_families, summed

_PAUSE_S = 0.000_05
"""Lets the loop's thread have the interpreter."""


class Written(Protocol):
    """A store with a writer."""

    @property
    def writer_status(self) -> WriterStatus:
        """How its writer does."""
        ...


class Losing(Protocol):
    """The log store."""

    def losses(self) -> LogLosses:
        """Lines that nobody will see."""
        ...


class MonitoringOperations:
    """The handlers.

    Args:
        own: knows the parts of the server.
        monitor: what was seen.
        ledger: what runs.
        stores: whatever has a writer, by name.
        logs: tells what was lost.
        data_dir: where the stores are.
        clock: for how long an answer about the disk is good.
    """

    def __init__(
        self,
        own: OwnOperations,
        monitor: Monitor,
        ledger: Ledger,
        stores: Mapping[str, Written],
        logs: Losing,
        data_dir: Path,
        clock: Clock,
    ) -> None:
        self.own = own
        self.monitor = monitor
        self.ledger = ledger
        self.stores = stores
        self.logs = logs
        self.disk = DiskProbe(data_dir, clock.monotonic)

    async def metrics(self, request: Request) -> Response:
        """Everything there is to count, in the format that is asked for."""
        self.monitor.lag.begin()
        open_metrics = wants_open_metrics(request.headers.get("accept", ""))
        families = await self._families()
        body = await asyncio.to_thread(_text, exposition(families, open_metrics=open_metrics))
        return Response(200, body, (("Content-Type", OPEN_METRICS if open_metrics else TEXT),))

    async def ready(self, request: Request) -> Response:
        """Whether the server takes invocations; 503 with the reasons when it does not."""
        own = self.own
        stores = {name: _problem(name, status) for name, status in self._stores().items()}
        facts = ReadyFacts(
            draining=own.is_draining(),
            tier=own.factory.tier.value,
            disk_problem=await self.disk.problem(),
            stores=stores,
            queue_polls=not own.queue.stopped,
        )
        found = judge(facts)
        body = {
            "status": "ready" if found.is_ready else "not ready",
            "reasons": found.reasons,
            "checks": found.checks,
        }
        status = 200 if found.is_ready else 503
        text = json.dumps(body, separators=(",", ":")).encode()
        return Response(status, text, (("Content-Type", "application/json"),))

    async def _families(self) -> list[Family]:
        own, invocations, lost = self.own, self.monitor.invocations, self.logs.losses()
        lanes, owed = await own.queue.report(), await own.queue.owed_report()
        return [
            *function_families(invocations),
            *self._path(),
            *worker_families(own.host, own.pools, own.housing, own.factory.tier.value),
            *queue_families(invocations, lanes, owed, own.queue.glance()[1]),
            *store_families(
                self._stores(),
                lost=lost,
                withheld=len(own.allowed.delivery.withheld),
            ),
            *self._exporters(),
            gauge("lambdad_loop_lag_seconds", "How late the event loop last was.", self.monitor.lag.last_s),
            gauge(
                "lambdad_loop_lag_most_seconds",
                "How late it was at most since the scrape before.",
                self.monitor.lag.take_most(),
            ),
            *process_families(own.started),
        ]

    def _path(self) -> list[Family]:
        """What the frontend and the quotas know."""
        invocations, frontend = self.monitor.invocations, self.own.frontend
        starts = [
            (scope, function, (("path", path.value),), count)
            for scope, function, path, count in self.monitor.starts
        ]
        throttles = [
            (one.scope, one.function, (("reason", one.reason),), one.count)
            for one in frontend.throttles.report()
        ]
        running = [(scope, name, (), count) for scope, name, count in self.ledger.running()]
        return [
            summed(
                invocations,
                Kind.COUNTER,
                "lambdad_function_environment_starts",
                "Environments that were made for a function, by how their runtime came to be.",
                starts,
            ),
            summed(
                invocations,
                Kind.COUNTER,
                "lambdad_function_throttles",
                "Calls and events that were refused because a quota was used up.",
                throttles,
            ),
            summed(
                invocations,
                Kind.GAUGE,
                "lambdad_function_concurrency",
                "Invocations that count as concurrent now.",
                running,
            ),
            gauge("lambdad_invocations_running", "Invocations that are being answered.", frontend.in_flight),
            counter(
                "lambdad_loops_stopped",
                "Calls and events refused as part of a recursive loop.",
                frontend.loops.stopped,
            ),
        ]

    def _exporters(self) -> list[Family]:
        exporters = list(self.monitor.exporters.values())
        if not exporters:
            return []
        label = "exporter"
        return [
            by(
                Kind.COUNTER,
                "lambdad_traces_sent",
                "Traced invocations that were sent.",
                label,
                [(one.name, one.sent) for one in exporters],
            ),
            by(
                Kind.COUNTER,
                "lambdad_traces_failed",
                "Traced invocations that could not be sent.",
                label,
                [(one.name, one.failed) for one in exporters],
            ),
            by(
                Kind.COUNTER,
                "lambdad_traces_dropped",
                "Traced invocations that came while too many waited.",
                label,
                [(one.name, one.dropped) for one in exporters],
            ),
        ]

    def _stores(self) -> dict[str, WriterStatus]:
        return {name: store.writer_status for name, store in self.stores.items()}


def _problem(name: str, status: WriterStatus) -> str | None:
    """Only an end is final: a transaction that failed may succeed next time, if somebody is sent here."""
    return None if status.is_alive else f"the writer of the {name} store has ended"


def _text(pieces: Iterator[str]) -> bytes:
    """Runs in a thread."""
    written = []
    for piece in pieces:
        written.append(piece.encode())
        time.sleep(_PAUSE_S)
    return b"".join(written)
