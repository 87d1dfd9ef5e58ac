"""What metrics and usage cost the server for each invoke: processor time of the whole chain, on its own.

Invocations are told as the path tells them, looked at once for each second's worth, and put into stores on
disk after ten; for one busy function, and for many that are each called once a second. Only this checkout is
measured.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from bench.plan import Run
from bench.reach import BUSY_FUNCTION, PRODUCT
from bench.results import Key, Measure
from lambdad.domain.function import LATEST, CodeKey, FunctionVersion, LoggingConfig, State
from lambdad.domain.invocation import Target
from lambdad.domain.measured import Peaks
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import ON_DEMAND
from lambdad.domain.scope import Scope
from lambdad.ports.measures import Told
from lambdad.storage.sqlite.metrics_sqlite import SqliteMetricStore
from lambdad.storage.sqlite.usage_sqlite import SqliteUsage
from lambdad.telemetry.measured_books import Books, Sinks

MANY_FUNCTIONS = "500 functions, 1 /s each"
_SECONDS = 10
_NOW = 1_795_737_600.0


class _Clock:
    """A clock that the measurement moves."""

    def __init__(self) -> None:
        self.now_s = _NOW

    def now(self) -> float:
        return self.now_s

    def monotonic(self) -> float:
        return self.now_s


def measure(run: Run) -> None:
    """Measure every round anew, in files of its own."""
    for number in range(run.effort.rounds):
        run.say(f"measuring: round {number + 1}")
        run.results.add(Key(Measure.MEASURING, PRODUCT, "told_us"), _told_us())
        for what, functions, calls in ((BUSY_FUNCTION, 1, 5_000), (MANY_FUNCTIONS, 500, 500)):
            seen = asyncio.run(_chain_us(_targets(functions), calls))
            run.results.add(Key(Measure.MEASURING, PRODUCT, "whole_chain_us", what), seen)


def _told_us(times: int = 100_000) -> float:
    """Of the event loop's time, the part that is spent while somebody may wait."""
    target, tell = _targets(1)[0], [].append
    began = time.thread_time_ns()
    for _ in range(times):
        tell((target, 1, 1.5, 2, Status.SUCCESS, ON_DEMAND, 0.0, None, 0))
    return (time.thread_time_ns() - began) / times / 1e3


async def _chain_us(targets: Sequence[Target], calls: int) -> float:
    """Processor time of everything, by call."""
    clock, chance = _Clock(), random.Random(1)
    with tempfile.TemporaryDirectory(prefix="lambdad-bench-metrics-") as folder:
        metrics = SqliteMetricStore(Path(folder, "metrics.db"), clock)
        usage = SqliteUsage(Path(folder, "usage.db"), date(2026, 11, 27))
        told = Told()
        books, tell = Books(told, clock, clock.monotonic()), told.measures.ran
        sinks = Sinks(_nothing_runs, _nothing_kept, lambda: (), metrics.put, usage.add)
        try:
            began = time.process_time_ns()
            for _ in range(_SECONDS):
                clock.now_s += 1
                for call in range(calls):
                    took_ms = chance.expovariate(1.0) + 0.3
                    target = targets[call % len(targets)]
                    tell(
                        (target, int(clock.now_s * 1e3), took_ms, 2, Status.SUCCESS, ON_DEMAND, 0.0, None, 0)
                    )
                await books.look(sinks)
            await books.look(sinks, put=True)
            await metrics.flush()
            await usage.flush()
            return (time.process_time_ns() - began) / calls / _SECONDS / 1e3
        finally:
            books.close()
            metrics.close()
            usage.close()


async def _nothing_runs() -> Peaks:
    return Peaks()


def _nothing_kept() -> Iterable[FunctionVersion]:
    return ()


def _targets(count: int) -> list[Target]:
    return [Target(one, one.unqualified_arn) for one in map(_version, range(count))]


def _version(number: int) -> FunctionVersion:
    name = f"measured-{number}"
    return FunctionVersion(
        scope=Scope(),
        name=name,
        version=LATEST,
        role="arn:aws:iam::000000000000:role/bench",
        runtime="python3.11",
        handler="app.handler",
        timeout_s=3,
        memory_mib=128,
        ephemeral_mib=512,
        architecture="x86_64",
        environment=None,
        description="",
        code_sha256="",
        code_bytes=1,
        code_key=CodeKey("00"),
        logging=LoggingConfig("Text", f"/aws/lambda/{name}"),
        revision_id="r",
        last_modified="",
        state=State.ACTIVE,
    )
