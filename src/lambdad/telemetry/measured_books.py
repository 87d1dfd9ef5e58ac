"""Where measured tuples are kept until somebody looks, and what becomes of them then.

The path appends to two lists. A look takes what is in them on the event loop, makes metrics and usage of it
in a thread of its own, slice by slice, and hands both on from the loop again, as their stores want it.
Usage goes on with every look. Metrics are gathered for longer: a store writes each series anew each time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import MAX_MEASURED, METRICS_PUT_S
from lambdad.domain.measured import Noted, Peaks, Ran
from lambdad.domain.metric import Datum
from lambdad.domain.usage import Usage
from lambdad.ports.clock import Clock
from lambdad.ports.measures import Told
from lambdad.telemetry.billing.metering import Meter, usage_of
from lambdad.telemetry.embedded_metrics.reading import read_waiting
from lambdad.telemetry.embedded_metrics.watching_sink import Waiting
from lambdad.telemetry.lambda_metrics.invocation_data import (
    gather_invocations,
    gather_noted,
    gather_peaks,
)
from lambdad.telemetry.lambda_metrics.series import Gathered
from lambdad.telemetry.lambda_metrics.tally import MINUTE_MS, Named, Tallies, add_up, merge

T = TypeVar("T")
_log = logging.getLogger("lambdad.telemetry")
_MS: Final = 1000
_SLICE: Final = 256
"""Invocations added up before the interpreter is given to the event loop."""
_YIELD_S: Final = 0.000_05


@dataclass(frozen=True, slots=True)
class Look:
    """What one look has taken.

    Attributes:
        printed: log lines in which functions may have printed metrics.
        now_ms: since the epoch.
        quiet: whether to tell of what is allocated and unused, too.
    """

    ran: Sequence[Ran]
    noted: Sequence[Noted]
    printed: Sequence[Waiting]
    peaks: Peaks
    now_ms: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where things come from and go to; all called on the loop.

    Attributes:
        peaks: how much ran at once since it was asked last.
        kept: versions of which a snapshot is kept.
        printed: log lines to be read for metrics; each is given once.
        put: takes metrics.
        used: takes usage.
    """

    peaks: Callable[[], Awaitable[Peaks]]
    kept: Callable[[], Iterable[FunctionVersion]]
    printed: Callable[[], Sequence[Waiting]]
    put: Callable[[Sequence[Datum]], object]
    used: Callable[[Sequence[Usage]], object]


class Books:
    """Everything measured since the last look.

    Args:
        told: what the path appends to.
        clock: of looks.
        began: when measuring began, monotonic seconds.
        most: invocations held; beyond that the oldest are lost, and counted.

    Attributes:
        lost: tuples lost since the start.
    """

    def __init__(self, told: Told, clock: Clock, began: float, most: int = MAX_MEASURED) -> None:
        self._clock = clock
        self._most = most
        self._ran, self._noted = told.ran, told.noted
        self.lost = 0
        self._meter = Meter(int(began * _MS))
        self._quiet_minute = -1
        self._tallies: Named = {}
        self._gathered = Gathered()
        self._put_ms = self._steady_ms()
        self._looking = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "lambdad-measured")

    async def look(self, sinks: Sinks, *, put: bool = False) -> None:
        """Take what was measured since the last look; hand on usage, and metrics when it is time for them.

        Args:
            sinks: of this look.
            put: whether metrics shall be handed on in any case.
        """
        async with self._looking:
            taken = self._take(sinks, await sinks.peaks())
            used = self._metered(sinks, taken)
            due = put or self._steady_ms() - self._put_ms >= METRICS_PUT_S * _MS
            if due or taken.ran or taken.noted or taken.printed or any(taken.peaks):
                loop = asyncio.get_running_loop()
                data, more = await loop.run_in_executor(self._thread, self._made, taken, due)
                if data:
                    sinks.put(data)
                used += more
            if used:
                sinks.used(used)

    def _made(self, taken: Look, due: bool) -> tuple[list[Datum], list[Usage]]:
        """Data to hand on and usage; the only thing that runs in the thread."""
        tallies: Tallies = {}
        for begin in range(0, len(taken.ran), _SLICE):
            add_up(tallies, taken.ran[begin : begin + _SLICE])
            time.sleep(_YIELD_S)
        provided = {_name(one.version) for one in taken.peaks.provided if one.limit}
        used = usage_of(tallies)
        merge(self._tallies, tallies, lambda version: _name(version) in provided)
        gathered = self._gathered
        gather_noted(gathered, taken.noted)
        gather_peaks(gathered, taken.peaks, taken.now_ms, quiet=taken.quiet)
        data: list[Datum] = []
        for begin in range(0, len(taken.printed), _SLICE):
            data += read_waiting(taken.printed[begin : begin + _SLICE], taken.now_ms)
            time.sleep(_YIELD_S)
        if due:
            gather_invocations(gathered, self._tallies)
            data += gathered.data()
            self._tallies, self._gathered, self._put_ms = {}, Gathered(), self._steady_ms()
        return data, used

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _take(self, sinks: Sinks, peaks: Peaks) -> Look:
        self._bound()
        now_ms = int(self._clock.now() * _MS)
        minute = now_ms // MINUTE_MS
        quiet, self._quiet_minute = minute != self._quiet_minute, minute
        ran, noted = _emptied(self._ran), _emptied(self._noted)
        return Look(ran, noted, sinks.printed(), peaks, now_ms, quiet)

    def _metered(self, sinks: Sinks, taken: Look) -> list[Usage]:
        return self._meter.look(
            taken.peaks.provided, sinks.kept(), steady_ms=self._steady_ms(), now_ms=taken.now_ms
        )

    def _bound(self) -> None:
        for held in (self._ran, self._noted):
            beyond = len(held) - self._most
            if beyond > 0:
                del held[:beyond]
                self.lost += beyond
                _log.error("%d measured invocations lost", beyond, extra={"event": "metrics.lost"})

    def _steady_ms(self) -> int:
        return int(self._clock.monotonic() * _MS)


def _emptied(held: list[T]) -> list[T]:
    """What a list holds; the list itself stays, as the path knows it."""
    taken = held[:]
    held.clear()
    return taken


def _name(version: FunctionVersion) -> tuple[object, str, str]:
    return version.scope, version.name, version.version
