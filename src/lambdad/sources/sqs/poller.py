"""Polls one queue: as many lanes as calls are allowed at once, each of which receives, calls and deletes.

A lane has at most one batch. So a queue of FIFO kind never gives two lanes messages of one group, and what
is received is never more than what can be called with. Lanes come and go with `sources.scaling`.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import Final

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.limits import SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S
from lambdad.domain.queue_message import QueueFacts
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import PollerReport
from lambdad.ports.message_queue import MessageQueue, QueueTrouble
from lambdad.ports.poller_roles import PollerRoles
from lambdad.sources import scaling, trouble
from lambdad.sources.calls import FunctionCalls
from lambdad.sources.functions import Functions
from lambdad.sources.holding import Holding
from lambdad.sources.sqs.lane import Lane, Settings, settings_of
from lambdad.sources.watch import OnCounts, Sleep, Watch

NEEDED: Final = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
"""What the function's role must be allowed, in the order of complaint."""

_FACTS_S: Final = 60.0  # a queue's visibility timeout is looked at again after so long
_LOOK_S: Final = 0.2  # how often the number of lanes is decided
_LAG_S: Final = 2.0  # for people who look; a queue that does not answer keeps them no longer

_log = logging.getLogger("lambdad.sources")


@dataclass(frozen=True, slots=True)
class Tools:
    """What every poller of queues works with.

    Attributes:
        sleep: waits so many seconds; virtual in tests.
        on_counts: told after each batch how many events were what, for metrics.
    """

    queue: MessageQueue
    calls: FunctionCalls
    functions: Functions
    roles: PollerRoles
    holding: Holding
    clock: Clock
    sleep: Sleep = asyncio.sleep
    on_counts: OnCounts | None = None


class SqsPoller(Watch):
    """Implements `ports.event_sources.Poller`."""

    def __init__(self, scope: Scope, mapping: EventSourceMapping, tools: Tools) -> None:
        super().__init__(scope, mapping, tools.functions, tools.clock, tools.sleep, tools.on_counts)
        self.queue_arn = mapping.source_arn or ""
        self.tools = tools
        self.settings: Settings = settings_of(mapping)
        self._troubled_until_s = 0.0
        self.failures = 0  # requests to the queue in a row that came to nothing
        self._began_s: float | None = None
        self.gathering = asyncio.Lock()
        self._growth = scaling.growth_of(mapping.settings)
        self._scale = scaling.begun(self._growth, tools.clock.monotonic())
        self._lanes: dict[Lane, asyncio.Task[None]] = {}
        self._main: asyncio.Task[None] | None = None
        self._facts: QueueFacts | None = None
        self._facts_s = 0.0

    # --- the port --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._began_s = self.tools.clock.monotonic()
        self._main = asyncio.create_task(self._run(), name=f"mapping {self.mapping.uuid}")

    async def stop(self, *, at_once: bool = False) -> None:
        """Begin no further receive, and return when what was received is settled.

        A poll that is broken off may still be given messages, which then are nobody's for a while.
        """
        self.stopping.set()
        for lane, task in self._lanes.items():
            if lane.is_waiting and at_once:
                task.cancel()
        tasks = [*self._lanes.values(), *([self._main] if self._main is not None else ())]
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:  # whoever waits for the end may be told to wait no longer
            for task in tasks:
                task.cancel()

    def report(self) -> PollerReport:
        """What it is doing."""
        running = sum(lane.is_calling for lane in self._lanes)
        per_s = self.rate.per_s(self.tools.clock.monotonic())
        return PollerReport(self.result, running, self._scale.allowed, per_s, self._began_s, self.counts)

    async def lag(self) -> int | None:
        """How many messages wait, about."""
        try:
            async with asyncio.timeout(_LAG_S):
                return (await self.tools.queue.facts(self.scope, self.queue_arn)).waiting
        except (TimeoutError, QueueTrouble):
            return None

    # --- for lanes -------------------------------------------------------------------------------------

    @property
    def visibility_s(self) -> float:
        """How long a message that was received is ours."""
        return float(self._facts.visibility_s) if self._facts is not None else 30.0

    @property
    def timeout_s(self) -> float:
        """How long the function may take."""
        function = self.last_function
        return 0.0 if function is None else float(function.timeout_s)

    async def barred(self) -> str | None:
        """Why nothing may be received now, as `LastProcessingResult` says it; None when it may."""
        function = await self.function()
        if function is None:
            return trouble.problem("The function does not exist")
        lacking = self.tools.roles.lacking(function.role, function.name, NEEDED, self.queue_arn)
        return None if lacking is None else trouble.problem(trouble.lacks(lacking))

    def found_messages(self) -> None:
        """A lane has received something."""
        self._scale = scaling.found(self._scale, self._growth, self.tools.clock.monotonic())

    def troubled(self) -> float:
        """A request to the queue came to nothing; how long whoever made it waits."""
        now_s = self.tools.clock.monotonic()
        if self.failures == 0 or now_s >= self._troubled_until_s:  # what fails together is one failure
            self.failures += 1
            self._troubled_until_s = now_s + backoff_s(self.failures)
        return self._troubled_until_s - now_s

    def throttled(self) -> None:
        """A call was refused for want of concurrency."""
        running = sum(lane.is_calling for lane in self._lanes)
        self._scale = scaling.throttled(self._scale, self._growth, running)

    # --- inside ----------------------------------------------------------------------------------------

    async def _hindrance(self) -> str | None:
        """Why no lane shall run; looks at the queue now and then."""
        barred = await self.barred()
        now_s = self.tools.clock.monotonic()
        if barred is not None or (self._facts is not None and now_s < self._facts_s + _FACTS_S):
            return barred
        self._facts_s = now_s
        try:
            self._facts = await self.tools.queue.facts(self.scope, self.queue_arn)
        except QueueTrouble as error:
            if self._facts is not None:
                return None  # those of before; lanes see and tell what is wrong
            return trouble.problem(trouble.refused("GetQueueAttributes", str(error), error.code))
        return None

    async def _run(self) -> None:
        """Keep as many lanes as calls are allowed; hold them back while there is trouble."""
        refusals = 0
        while not self.stopping.is_set():
            try:
                hindrance = await self._hindrance()
            except Exception:  # noqa: BLE001 - or nothing would ever be polled again
                _log.exception("a mapping was not looked at", extra={"event": "sources.look"})
                hindrance = trouble.problem(trouble.INTERNAL)
            if hindrance is not None:
                self.went(hindrance)
                refusals += 1
                await self.pause(backoff_s(refusals))
                continue
            refusals = 0
            self._look()
            await self.pause(_LOOK_S)

    def _look(self) -> None:
        now_s = self.tools.clock.monotonic()
        idle = any(lane.is_idle(now_s) for lane in self._lanes)
        all_busy = len(self._lanes) >= self._scale.allowed and not idle
        self._scale = scaling.looked(self._scale, self._growth, now_s, all_busy=all_busy)
        wanted = 1 if self.failures else self._scale.allowed  # one is enough to see that trouble is over
        for lane in list(self._lanes)[wanted:]:
            lane.is_last_round = True
        while sum(not lane.is_last_round for lane in self._lanes) < wanted:
            lane = Lane(self)
            task = asyncio.create_task(lane.run(), name=f"lane of {self.mapping.uuid}")
            self._lanes[lane] = task
            task.add_done_callback(partial(self._ended, lane))

    def _ended(self, lane: Lane, _: asyncio.Task[None]) -> None:
        self._lanes.pop(lane, None)


def backoff_s(failures: int) -> float:
    """How long to wait after so many failures in a row."""
    return min(SOURCE_FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 10), SOURCE_LAST_BACKOFF_S)
