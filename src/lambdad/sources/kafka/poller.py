"""Polls the topics of one mapping as a member of its consumer group.

What the group keeps is the only checkpoint, and is moved only behind what is settled. So a server that dies,
or a partition that goes to somebody else, has some records given twice and none lost.

::

    partitions go to others     no call begins; those under way are waited for, and their end is kept
    the cluster is gone         everything read is forgotten; it is joined again after a pause, for ever
    too much waits              its partitions are not read on, and the group still hears of this member
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.kafka_record import Access, Partition
from lambdad.domain.limits import (
    KAFKA_LAG_S,
    KAFKA_PAGE_RECORDS,
    KAFKA_REVOKE_S,
    KAFKA_TOLD_RETRIES,
    SOURCE_FIRST_BACKOFF_S,
    SOURCE_LAST_BACKOFF_S,
)
from lambdad.domain.measured import Measured
from lambdad.domain.scope import Scope
from lambdad.ports.event_sources import EventCounts, PartReport, PollerReport
from lambdad.ports.kafka import KafkaClusters, KafkaConsumer, KafkaTrouble
from lambdad.sources import trouble
from lambdad.sources.attempts import pause_s
from lambdad.sources.failures import OnFailure
from lambdad.sources.functions import Functions
from lambdad.sources.holding import Holding
from lambdad.sources.kafka import notes, troubles
from lambdad.sources.kafka.access import Accesses, Inaccessible
from lambdad.sources.kafka.cluster_courier import ClusterCourier
from lambdad.sources.kafka.lane import Lane
from lambdad.sources.kafka.offsets import Offsets
from lambdad.sources.kafka.records import Place
from lambdad.sources.kafka.settings import settings_of
from lambdad.sources.ordered import OrderedTools
from lambdad.sources.tried_parts import Parts
from lambdad.sources.watch import OnCounts, Sleep, Watch

_LOOK_S: Final = 1.0  # how often is looked whether the function is still there
_log = logging.getLogger("lambdad.sources")
OnLags = Callable[[Scope, EventSourceMapping, Sequence[int]], None]


@dataclass(frozen=True, slots=True)
class Tools:
    """What every poller of Kafka works with.

    Attributes:
        sleep: waits so many seconds; virtual in tests.
        on_counts: told after each step how many events were what, for metrics.
        on_lags: told now and then how far each partition is behind, for metrics.
    """

    clusters: KafkaClusters
    accesses: Accesses
    ordered: OrderedTools
    functions: Functions
    holding: Holding
    sleep: Sleep = asyncio.sleep
    on_counts: OnCounts | None = None
    on_lags: OnLags | None = None


class KafkaPoller(Watch):
    """Implements `ports.event_sources.Poller`."""

    def __init__(self, scope: Scope, mapping: EventSourceMapping, tools: Tools) -> None:
        clock, on_failure = tools.ordered.clock, tools.ordered.on_failure
        super().__init__(scope, mapping, tools.functions, clock, tools.sleep, tools.on_counts)
        self.settings = settings_of(mapping)
        self._tools = tools
        self._time = clock
        courier = ClusterCourier(on_failure.courier, tools.clusters, self._reach)
        told = OnFailure(courier, clock)
        self._ordered = replace(tools.ordered, on_failure=told, age=None, told_retries=KAFKA_TOLD_RETRIES)
        self._servers = ""
        self._consumer: KafkaConsumer | None = None
        self._lanes: dict[Partition, Lane] = {}
        self._offsets = Offsets(self._lanes, self.counted)
        self._advanced = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._began_s: float | None = None
        self._failures = 0
        self._trouble: str | None = None
        self._before_trouble: str | None = None

    # --- the port --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._began_s = self._time.monotonic()
        self._tasks = [
            asyncio.create_task(self._run(), name=f"mapping {self.mapping.uuid}"),
            asyncio.create_task(self._keep_on(), name=f"offsets of {self.mapping.uuid}"),
        ]

    async def stop(self, *, at_once: bool = False) -> None:
        """Read nothing more, and return when calls under way have ended and their offsets are kept."""
        self.stopping.set()
        try:
            await self._yield(list(self._lanes), None)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:  # whoever waits for the end may be told to wait no longer
            self._forget(list(self._lanes))
            consumer, self._consumer = self._consumer, None
            if consumer is not None:
                await consumer.close()

    def report(self) -> PollerReport:
        """What it is doing."""
        per_s = self.rate.per_s(self._time.monotonic())
        running = sum(lane.watch.running for lane in self._lanes.values())
        return PollerReport(
            *(self.result, running, len(self._lanes), per_s, self._began_s, self.counts),
            tuple(self._part(one, lane) for one, lane in sorted(self._lanes.items())),
        )

    async def lag(self) -> int | None:
        """How many records are behind what is settled, in partitions that anything was read of."""
        return sum(self._lags())

    def _lags(self) -> list[int]:
        return [self._behind(one, lane) or 0 for one, lane in self._lanes.items()]

    # --- inside ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        while not self.stopping.is_set():
            try:
                await self._read_on()
            except Inaccessible as error:
                self._troubled(str(error))
            except KafkaTrouble as error:
                self._troubled(troubles.told(error))
            except Exception:  # noqa: BLE001 - or nothing would ever be polled again
                _log.exception("a cluster was not read", extra={"event": "sources.kafka"})
                self._troubled(trouble.INTERNAL)
            if self.stopping.is_set():
                return
            self.counted(EventCounts(polling_errors=1))
            await self._leave()
            self._failures += 1
            await self.pause(pause_s(self._failures, SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S))

    async def _read_on(self) -> None:
        """Join the group and read, until something is wrong."""
        access, settings = await self._reach(), self.settings
        self._servers = ",".join(access.servers)
        self._offsets.lost = None
        consumer = self._consumer = await self._tools.clusters.join(
            access, settings.group, settings.topics, settings.start, self._revoked
        )
        look_s = measure_s = self._time.monotonic() + _LOOK_S
        while not self.stopping.is_set():
            found = await consumer.poll(KAFKA_PAGE_RECORDS, self._full())
            if self.stopping.is_set():
                return
            for record in found:
                self._lane(record.partition).add(record)
            self._failures = 0
            self._well()
            if self._offsets.lost is not None:
                raise self._offsets.lost
            if self._time.monotonic() >= look_s:
                await self._check()
                look_s = self._time.monotonic() + _LOOK_S
            if self._time.monotonic() >= measure_s:
                self._measure()
                measure_s = self._time.monotonic() + KAFKA_LAG_S

    async def _reach(self) -> Access:
        """How the cluster is reached now.

        Raises:
            Inaccessible: it is not.
        """
        function = await self.function()
        if function is None:
            raise Inaccessible("The function does not exist")
        return await self._tools.accesses.of(self.scope, self.mapping, function)

    async def _check(self) -> None:
        if await self.function() is None:
            raise Inaccessible("The function does not exist")

    def _measure(self) -> None:
        """Note how far the function is behind; nothing before anything was read.

        Source: Lambda developer guide, "Types of metrics": OffsetLag is the topic's, over all partitions.
        """
        if lags := self._lags():
            self._ordered.note(self, Measured.OFFSET_LAG, float(sum(lags)))
            if self._tools.on_lags is not None:
                self._tools.on_lags(self.scope, self.mapping, lags)

    def _full(self) -> Collection[Partition]:
        """Partitions that are not to be read on now."""
        return [one for one, lane in self._lanes.items() if lane.is_full]

    def _lane(self, partition: Partition) -> Lane:
        lane = self._lanes.get(partition)
        if lane is None:
            place = Place(self.settings.source, self._servers, partition)
            tools = self._tools
            lane = self._lanes[partition] = Lane(
                *(self, self.settings, place, self._ordered, tools.holding, tools.sleep),
                *(self._advanced.set, self._tried(partition)),
            )
        return lane

    def _tried(self, partition: Partition) -> Parts:
        """What was tried of the batch in front of a partition, whoever read it then."""
        note = "" if self._consumer is None else self._consumer.note(partition)
        return notes.parts_in(note, self.mapping.uuid)

    async def _leave(self) -> None:
        """Forget what was read of a cluster that cannot be read any more."""
        consumer = self._consumer
        await self._yield(list(self._lanes), KAFKA_REVOKE_S)
        self._consumer = None
        if consumer is not None:
            await consumer.close()

    async def _revoked(self, partitions: Collection[Partition]) -> None:
        await self._yield(partitions, KAFKA_REVOKE_S)

    async def _yield(self, partitions: Collection[Partition], seconds: float | None) -> None:
        """Have nothing more to do with partitions; what is settled of them by then is kept."""
        lanes = [self._lanes[one] for one in partitions if one in self._lanes]
        await asyncio.gather(*(lane.stop(seconds) for lane in lanes))
        await self._offsets.keep(self._consumer)
        self._forget(partitions)

    def _forget(self, partitions: Collection[Partition]) -> None:
        self._offsets.forget(partitions)
        for one in partitions:
            if (lane := self._lanes.pop(one, None)) is not None:
                lane.drop()

    async def _keep_on(self) -> None:
        """Keep offsets as they move."""
        while True:
            await self._advanced.wait()
            self._advanced.clear()
            await self._offsets.keep(self._consumer)

    # --- what is told ----------------------------------------------------------------------------------

    def _troubled(self, text: str) -> None:
        said = trouble.problem(text)
        if self.result != self._trouble or self._trouble is None:
            self._before_trouble = self.result
        self._trouble = said
        self.hindrance = text
        self.went(said)

    def _well(self) -> None:
        """Reading goes on: what was said before its trouble holds again."""
        self.hindrance = None
        if self._trouble is not None:
            if self.result == self._trouble:
                self.result = self._before_trouble
            self._trouble = None

    def _part(self, partition: Partition, lane: Lane) -> PartReport:
        position = None if lane.position is None else str(lane.position - 1)
        per_s = lane.watch.rate.per_s(self._time.monotonic())
        return PartReport(
            str(partition), "reading", position, lane.age_ms(), self._behind(partition, lane), per_s
        )

    def _behind(self, partition: Partition, lane: Lane) -> int | None:
        end = None if self._consumer is None else self._consumer.end(partition)
        if end is None or lane.next_offset is None:
            return lane.waits
        return max(end - lane.next_offset, lane.waits)
