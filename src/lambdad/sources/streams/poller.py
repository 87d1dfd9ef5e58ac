"""Polls one stream: finds its shards, reads those that may be read, and ends with what is under way."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Final

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import SHARDS_LOOK_S, SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S
from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import ShardState
from lambdad.ports.checkpoint_store import CheckpointStore
from lambdad.ports.event_sources import PartReport, PollerReport
from lambdad.ports.poller_roles import PollerRoles
from lambdad.ports.record_stream import PushedRecords, RecordStream, StreamTrouble
from lambdad.sources import trouble
from lambdad.sources.attempts import pause_s
from lambdad.sources.functions import Functions
from lambdad.sources.holding import Holding
from lambdad.sources.ordered import OrderedCalls, OrderedTools
from lambdad.sources.streams import troubles
from lambdad.sources.streams.feeds import Feed, PolledFeed, PushedFeed
from lambdad.sources.streams.lineage_of_shards import discovered, reopened, startable
from lambdad.sources.streams.reader import ShardReader
from lambdad.sources.streams.retention import Retention
from lambdad.sources.streams.settings import Settings, settings_of
from lambdad.sources.streams.shard_progress import ReaderTools, ShardProgress
from lambdad.sources.watch import OnCounts, Sleep, Watch

NEEDED: Final = {
    SourceKind.KINESIS: (
        *("kinesis:GetRecords", "kinesis:GetShardIterator"),
        *("kinesis:DescribeStream", "kinesis:ListShards"),
    ),
    SourceKind.DYNAMODB: (
        *("dynamodb:GetRecords", "dynamodb:GetShardIterator"),
        "dynamodb:DescribeStream",
    ),
}
"""What the function's role must be allowed on the stream."""

_RECENT_S: Final = 60.0  # a mapping that was changed so recently means that moment by LATEST
_LOOK_S: Final = 1.0  # how often is looked whether the function and its role are as before
_log = logging.getLogger("lambdad.sources")


def closed_to(
    function: FunctionVersion, roles: PollerRoles, kind: SourceKind, settings: Settings
) -> str | None:
    """Why a function's role may not read a stream, in AWS's words; None when it may."""
    needed = [(NEEDED[kind], settings.stream)]
    if settings.consumer is not None:
        needed.append((("kinesis:SubscribeToShard",), settings.consumer))
    for actions, resource in needed:
        if roles.lacking(function.role, function.name, actions, resource) is not None:
            return troubles.closed(kind, resource)
    return None


@dataclass(frozen=True, slots=True)
class Tools:
    """What every poller of one kind of stream works with.

    Attributes:
        sleep: waits so many seconds; virtual in tests.
        on_counts: told after each step how many events were what, for metrics.
        pushed: for consumers; None where there are none.
    """

    stream: RecordStream
    ordered: OrderedTools
    functions: Functions
    roles: PollerRoles
    holding: Holding
    checkpoints: CheckpointStore
    sleep: Sleep = asyncio.sleep
    on_counts: OnCounts | None = None
    pushed: PushedRecords | None = None


class StreamPoller(Watch):
    """Implements `ports.event_sources.Poller`."""

    def __init__(self, scope: Scope, mapping: EventSourceMapping, tools: Tools) -> None:
        clock = tools.ordered.clock
        super().__init__(scope, mapping, tools.functions, clock, tools.sleep, tools.on_counts)
        self.settings = settings_of(mapping)
        self._tools = tools
        self._clock_of_records = clock
        retention = Retention(tools.stream, scope, self.settings.stream, clock)
        self._calls = OrderedCalls(self, tools.ordered, retention.kept_s)
        self._reader_tools = ReaderTools(
            tools.holding, clock, tools.sleep, lambda: tools.stream.pace().skew_s
        )
        self._states: dict[str, ShardState] = {}
        self._new: set[str] = set()
        self._doubted: set[str] = set()
        self._readers: dict[str, ShardReader] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._main: asyncio.Task[None] | None = None
        self._began_s: float | None = None
        self._changed = asyncio.Event()
        self._look_s = 0.0
        self._failures = 0
        self._before_trouble: str | None = None
        self._trouble: str | None = None

    # --- the port --------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._began_s = self._clock_of_records.monotonic()
        self._main = asyncio.create_task(self._run(), name=f"mapping {self.mapping.uuid}")

    async def stop(self, *, at_once: bool = False) -> None:
        """Read nothing more, and return when calls under way have ended and the checkpoints are kept.

        What was read and is not settled is read again.
        """
        self.stopping.set()
        reading = [*self._tasks.values(), *([self._main] if self._main is not None else ())]
        for task in reading:
            task.cancel()
        calling = [task for reader in self._readers.values() for task in reader.progress.tasks()]
        try:
            await asyncio.gather(*reading, *calling, return_exceptions=True)
            for reader in self._readers.values():
                reader.progress.release()
            await self._tools.checkpoints.flush()
        finally:  # whoever waits for the end may be told to wait no longer
            for task in calling:
                task.cancel()

    def report(self) -> PollerReport:
        """What it is doing."""
        per_s = self.rate.per_s(self._clock_of_records.monotonic())
        reading = sum(not reader.progress.state.is_drained for reader in self._readers.values())
        allowed = reading * self.settings.lanes
        return PollerReport(
            self.result, self.running, allowed, per_s, self._began_s, self.counts, tuple(self._parts())
        )

    async def lag(self) -> int | None:
        """How many records were read and are not settled; those that were not read nobody counts."""
        return sum(part.waiting or 0 for part in self._parts())

    # --- for readers -----------------------------------------------------------------------------------

    def keep(self, state: ShardState) -> None:
        """How far a shard is."""
        self._states[state.shard] = state
        self._tools.checkpoints.keep(self.mapping.uuid, state)

    def look(self) -> None:
        """The shards may be others now."""
        self._look_s = min(self._look_s, self._clock_of_records.monotonic())
        self._changed.set()

    def read_went(self, result: str | None) -> None:
        """Reading failed, in words; None: it did not, so that what was said before holds again."""
        if result is not None:
            if self.result != self._trouble or self._trouble is None:
                self._before_trouble = self.result
            self._trouble = trouble.problem(result)
            self.went(self._trouble)
        elif self._trouble is not None:
            if self.result == self._trouble:
                self.result = self._before_trouble
            self._trouble = None

    # --- inside ----------------------------------------------------------------------------------------

    async def _run(self) -> None:
        self._states = {one.shard: one for one in await self._kept()}
        while not self.stopping.is_set():
            self._changed.clear()
            try:
                await self._step()
            except StreamTrouble as error:
                self._troubled(error)
            except Exception:  # noqa: BLE001 - or nothing would ever be polled again
                _log.exception("a mapping was not looked at", extra={"event": "sources.look"})
                self._put_off()
                self.read_went(trouble.INTERNAL)
            await self.until(self._changed, _LOOK_S)

    async def _kept(self) -> list[ShardState]:
        while True:
            try:
                return await self._tools.checkpoints.read(self.mapping.uuid)
            except Exception:  # noqa: BLE001 - without them nothing can be read rightly
                _log.exception("checkpoints were not read", extra={"event": "sources.checkpoints"})
                await self._tools.sleep(SOURCE_LAST_BACKOFF_S)

    async def _step(self) -> None:
        self.hindrance = await self._barred()
        if self.hindrance is not None:
            self.read_went(self.hindrance)
            return
        if self._clock_of_records.monotonic() >= self._look_s:
            await self._discover()
        for name in startable(self._states):
            if name not in self._readers:
                self._begin(name)

    async def _barred(self) -> str | None:
        """Why nothing may be read now; None when it may."""
        function = await self.function()
        if function is None:
            return "The function does not exist"
        return closed_to(function, self._tools.roles, self.mapping.kind, self.settings)

    async def _discover(self) -> None:
        now_s = self._clock_of_records.monotonic()
        listed = await self._tools.stream.shards(self.scope, self.settings.stream)
        self._failures, self._look_s = 0, now_s + (SHARDS_LOOK_S if listed else _LOOK_S)
        if not self._readers:
            self.read_went(None)
        names = {one.id for one in listed}
        closed = {one.id for one in listed if one.is_closed}
        for name, reader in self._readers.items():
            if reader.is_missing and name not in names:
                _log.warning(
                    "shard %s is not there any more; what was not read of it is lost",
                    name,
                    extra={"event": "sources.lost_shard", "mapping": self.mapping.uuid},
                )
                reader.progress.ends()
            reader.is_missing = False
            if name in closed:
                reader.closes()
        self._reopen(reopened(self._states, listed))
        states = discovered(self._states, listed, self.settings.start, self._latest_s())
        if states.keys() != self._states.keys():
            self._new |= states.keys() - self._states.keys()
            await self._tools.checkpoints.replace(self.mapping.uuid, list(states.values()))
            # What moved meanwhile is newer, but may have been written before.
            self._states = {name: self._states.get(name, state) for name, state in states.items()}
            for name, state in self._states.items():
                if state is not states[name]:
                    self._tools.checkpoints.keep(self.mapping.uuid, state)
        for name in [name for name in self._readers if name not in self._states]:
            del self._readers[name]

    def _reopen(self, doubted: set[str]) -> None:
        """Read on behind the checkpoint what is listed as open for two looks and was drained."""
        for name in doubted & self._doubted:
            self._readers.pop(name, None)
            self.keep(replace(self._states[name], is_drained=False))
        self._doubted = doubted - self._doubted

    def _latest_s(self) -> float:
        """When `LATEST` is: when the mapping was changed last, unless that is long ago."""
        now_s = self._clock_of_records.now()
        since_s = self.mapping.last_modified_s
        return since_s if 0 <= now_s - since_s < _RECENT_S else now_s

    def _begin(self, name: str) -> None:
        tools, state = self._reader_tools, self._states[name]
        progress = ShardProgress(self, self.settings, self._calls, self, tools, state)
        reader = ShardReader(progress, self, tools, self._feed(name), is_new=name in self._new)
        self._new.discard(name)
        self._readers[name] = reader
        self._tasks[name] = asyncio.create_task(reader.run(), name=f"shard {name} of {self.mapping.uuid}")
        self._tasks[name].add_done_callback(lambda _: self._tasks.pop(name, None))

    def _feed(self, shard: str) -> Feed:
        settings, pushed = self.settings, self._tools.pushed
        polled = PolledFeed(self._tools.stream, self.scope, settings.stream, shard, settings.page)
        if settings.consumer is None or pushed is None:
            return polled
        return PushedFeed(pushed, self.scope, settings.consumer, shard, polled)

    def _troubled(self, error: StreamTrouble) -> None:
        self._put_off()
        said = troubles.told(self.mapping.kind, self.settings.stream, str(error), error.code)
        self.read_went(said)

    def _put_off(self) -> None:
        self._failures += 1
        pause = pause_s(self._failures, SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S)
        self._look_s = self._clock_of_records.monotonic() + pause

    def _parts(self) -> list[PartReport]:
        readers = self._readers
        return [
            readers[name].progress.report()
            if name in readers
            else PartReport(name, "ended" if state.is_drained else "waiting", state.settled)
            for name, state in sorted(self._states.items())
        ]
