"""What every poller keeps of its mapping: what it tells, the function, and whether it is to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import EventCounts
from lambdad.sources import trouble
from lambdad.sources.functions import Functions
from lambdad.sources.rate import Rate

Sleep = Callable[[float], Awaitable[object]]
OnCounts = Callable[[Scope, EventSourceMapping, EventCounts], None]

_log = logging.getLogger("lambdad.sources")
T = TypeVar("T")


class Watch:
    """One mapping under way.

    Args:
        scope: of the mapping.
        mapping: as it is polled.
        functions: looks its function up.
        clock: for rates.
        sleep: waits so many seconds; virtual in tests.
        on_counts: told after each step how many events were what, for metrics; None for nobody.

    Attributes:
        stopping: set when nothing more is to be read.
        counts: since polling began.
        rate: of events that calls ended well with.
        result: as in `LastProcessingResult`; None before anything was read.
        running: calls under way.
        hindrance: why nothing may be read now; None when it may.
    """

    def __init__(
        self,
        scope: Scope,
        mapping: EventSourceMapping,
        functions: Functions,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
        on_counts: OnCounts | None = None,
    ) -> None:
        self.scope = scope
        self.mapping = mapping
        self.stopping = asyncio.Event()
        self.counts = EventCounts()
        self.rate = Rate()
        self.result: str | None = None
        self.running = 0
        self.hindrance: str | None = None
        self._functions = functions
        self._clock = clock
        self._sleep = sleep
        self._on_counts = on_counts
        self._function: FunctionVersion | None = None
        self._is_function_known = False

    def function_changed(self) -> None:
        """The function is another now, or gone, or back."""
        self._is_function_known = False

    async def function(self) -> FunctionVersion | None:
        """What runs now; None when the function is gone."""
        if not self._is_function_known:
            self._is_function_known = True  # before it is read: what changes meanwhile says so again
            self._function = await self._functions(self.scope, self.mapping.function_arn)
        return self._function

    @property
    def last_function(self) -> FunctionVersion | None:
        """What ran when somebody asked last."""
        return self._function

    def went(self, result: str) -> None:
        """How a batch, or an attempt to read one, went."""
        if result not in (self.result, trouble.OK):
            extra = {"event": "sources.trouble", "mapping": self.mapping.uuid}
            _log.warning("mapping %s: %s", self.mapping.uuid, result, extra=extra)
        self.result = result

    def counted(self, counts: EventCounts) -> None:
        """What became of the events of one step."""
        mine = self.counts
        for name in EventCounts.__slots__:
            setattr(mine, name, getattr(mine, name) + getattr(counts, name))
        if self._on_counts is not None:
            self._on_counts(self.scope, self.mapping, counts)

    def did(self, events: int) -> None:
        """Calls ended well with so many events."""
        self.rate.add(events, self._clock.monotonic())

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until polling is to stop."""
        await self.unless_stopped(self._sleep(seconds))

    async def until(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for an event, so long at most, or until polling is to stop."""
        both = (asyncio.ensure_future(event.wait()), asyncio.ensure_future(self._sleep(seconds)))
        try:
            await self.unless_stopped(asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED))
        finally:
            for one in both:
                one.cancel()

    async def unless_stopped(self, work: Awaitable[T]) -> T | None:
        """What something gives; None when polling is to stop before, and it is broken off."""
        working = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            stopped.cancel()
