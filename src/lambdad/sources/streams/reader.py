"""Reads one shard, gives its records to the lanes, and keeps the checkpoint.

The checkpoint is the record up to which everything of the shard is settled, in whatever lane; each lane that
is further says so. So a server that dies reads from the checkpoint and leaves out what its lanes had done.

::

    nothing to read                the shard is read again after the pace of its service
    too much waits                 it is not read until something is settled
    the iterator has expired       it is made anew, behind the last record that was read
    the records are trimmed        it is read from the oldest there is
    the shard ends                 drained once everything that was read is settled
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from lambdad.domain.limits import MAX_WAITING_BYTES, SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S
from lambdad.domain.stream_record import Page, Position, ShardState, StreamRecord
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import EventCounts, PartReport
from lambdad.ports.record_stream import StreamTrouble
from lambdad.sources import trouble
from lambdad.sources.attempts import pause_s
from lambdad.sources.holding import Holding
from lambdad.sources.ordered import OrderedCalls
from lambdad.sources.rate import Rate
from lambdad.sources.sequence_numbers import number_of
from lambdad.sources.streams import troubles
from lambdad.sources.streams.beginnings import Order, position
from lambdad.sources.streams.feeds import Feed
from lambdad.sources.streams.lane import Held, Lane
from lambdad.sources.streams.lanes import Lanes
from lambdad.sources.streams.lineage_of_shards import TRIM_HORIZON
from lambdad.sources.streams.records import Place, encoded
from lambdad.sources.streams.settings import Settings
from lambdad.sources.watch import Watch

_ROOM_S: Final = 0.5  # how often is looked whether others have made room
_PATIENCE: Final = 3  # throttled reads in a row before somebody is told
_MS: Final = 1000
_log = logging.getLogger("lambdad.sources")


class Keeper(Protocol):
    """Whoever follows the shards of the stream."""

    def keep(self, state: ShardState) -> None:
        """How far a shard is."""
        ...

    def look(self) -> None:
        """The shards may be others now."""
        ...

    def read_went(self, result: str | None) -> None:
        """Reading a shard failed, in words; None: it did not."""
        ...


@dataclass(frozen=True, slots=True)
class ReaderTools:
    """What a reader works with beside what is its own."""

    holding: Holding
    clock: Clock
    sleep: Callable[[float], Awaitable[object]]
    skew_s: Callable[[], float]


class ShardReader:
    """Reads until it is cancelled or the shard has ended.

    Args:
        state: where to go on.
        is_new: nothing was ever read of it, so `LATEST` is now.

    Attributes:
        state: how far the shard is.
        is_missing: the service says that there is no such shard.
        is_at_end: nothing more comes.
    """

    def __init__(
        self,
        watch: Watch,
        settings: Settings,
        calls: OrderedCalls,
        keeper: Keeper,
        tools: ReaderTools,
        feed: Feed,
        state: ShardState,
        *,
        is_new: bool,
    ) -> None:
        self.watch = watch
        self.settings = settings
        self.calls = calls
        self.state = state
        self.clock = tools.clock
        self.place = Place(watch.mapping.source_arn or "", watch.scope.region, state.shard)
        self.is_missing = False
        self.is_at_end = False
        self._keeper = keeper
        self._tools = tools
        self._feed = feed
        self._lanes = Lanes(self, state)
        self._order = Order()
        self._held_bytes = 0
        self._read = state.settled
        self._is_new = is_new
        self._drops_before_s = -math.inf
        self._behind_ms: int | None = None
        self._caught_up_s = -math.inf
        self._failures = 0
        self._room = asyncio.Event()
        self._rate = Rate()

    # --- for whoever follows the shards ----------------------------------------------------------------

    async def run(self) -> None:
        """Read on and on."""
        try:
            await self._run()
        finally:
            await self._feed.close()

    async def _run(self) -> None:
        self._lanes.wake()
        while not self.is_at_end:
            began_s = self.clock.monotonic()
            try:
                wait_s = await self._round()
            except StreamTrouble as error:
                wait_s = self._troubled(error)
            except Exception:  # noqa: BLE001 - or the shard would never be read on
                _log.exception("a shard was not read", extra={"event": "sources.shard"})
                self._feed.renew()  # behind what was taken
                self._keeper.read_went(trouble.INTERNAL)
                wait_s = SOURCE_LAST_BACKOFF_S
            left_s = wait_s - (self.clock.monotonic() - began_s)
            if left_s > 0:
                await self._tools.sleep(left_s)

    def closes(self) -> None:
        """Nothing is written to the shard any more."""
        self._feed.closes()

    def ends(self) -> None:
        """Nothing more comes of this shard."""
        self.is_at_end = True
        self._lanes.wake()
        self.lane_rests()

    def tasks(self) -> list[asyncio.Task[None]]:
        """Of lanes that work."""
        return self._lanes.tasks()

    def release(self) -> None:
        """Hold nothing any more of what was read and is not settled."""
        self._lanes.clear()
        self._hold(-self._held_bytes)

    def report(self) -> PartReport:
        """How far it is."""
        age_ms = 0
        if len(self._order) and (oldest_s := self._lanes.oldest_s()) is not None:
            age_ms = max(0, int((self.clock.now() - oldest_s) * _MS))
        return PartReport(
            self.place.shard,
            "ended" if self.state.is_drained else "reading",
            self.state.settled,
            max(self._behind_ms or 0, age_ms),
            len(self._order),
            self._rate.per_s(self.clock.monotonic()),
        )

    # --- for lanes -------------------------------------------------------------------------------------

    def is_past(self, at_s: float) -> bool:
        """Whether every record that was written before has been read."""
        return self.is_at_end or self._caught_up_s >= at_s

    def has_read(self, sequence: str) -> bool:
        """Whether everything up to a record that was read before has been read again, or cannot be now."""
        is_behind = self._read is not None and number_of(self._read) >= number_of(sequence)
        is_caught_up = self.is_at_end or self._caught_up_s > -math.inf
        return is_behind or is_caught_up or self._is_full()

    def tried(self) -> None:
        """A lane has called with what failed."""
        self._move()

    def advanced(self, records: int, size: int) -> None:
        """A lane has settled so many records, of so many bytes."""
        self._hold(-size)
        self._rate.add(records, self.clock.monotonic())
        self._move()

    def lane_rests(self) -> None:
        """A lane has nothing to do."""
        self._room.set()
        if self.is_at_end and not self.state.is_drained and self._lanes.are_at_rest:
            self.state = replace(self.state, is_drained=True, lanes=(), unfinished=())
            self._keeper.keep(self.state)
            self._keeper.look()

    # --- inside ----------------------------------------------------------------------------------------

    async def _round(self) -> float:
        """Read once; how long after its beginning to read again."""
        if self.watch.hindrance is not None:
            return self._feed.wait_s(None)
        while self._is_full():
            self._room.clear()
            await self.watch.until(self._room, _ROOM_S)
        at_s = self.clock.now()
        page = await self._feed.read(self._begin)
        self._failures, self._is_new = 0, False
        self._keeper.read_went(None)
        self._took(page, at_s)
        return self._feed.wait_s(page)

    def _is_full(self) -> bool:
        """Whether enough waits; a shard of which nothing does is read however much others hold."""
        if len(self._order) >= self.settings.most or self._held_bytes >= MAX_WAITING_BYTES:
            return True
        return self._held_bytes > 0 and self._tools.holding.is_full

    def _begin(self) -> Position:
        """Where the feed is to begin."""
        found = position(self.state, self._read, self.clock.now(), self._tools.skew_s(), is_new=self._is_new)
        self._drops_before_s = -math.inf if found.at_s is None else math.floor(found.at_s)
        return found

    def _took(self, page: Page, at_s: float) -> None:
        records, now_s = page.records, self.clock.monotonic()
        self._behind_ms = page.behind_ms
        if records:
            ready = [self._ready(record) for record in records]  # before anything is taken: it may fail
            self._read = records[-1].sequence
            for record, (lane, event) in zip(records, ready, strict=True):
                ordinal = self._order.add(record.sequence)
                if event:
                    self._hold(len(event))
                    lane.add(Held(record, event, ordinal, now_s))
            filtered = sum(event is None for _, event in ready)
            self.watch.counted(EventCounts(polled=len(records), filtered_out=filtered))
            self._move()
        if not page.behind_ms and (page.behind_ms is not None or not records):
            self._caught_up_s = at_s - self._tools.skew_s()
        if page.following is None:
            self.ends()
        else:
            self._lanes.wake()

    def _ready(self, record: StreamRecord) -> tuple[Lane, bytes | None]:
        """The lane of a record, and the record for the function.

        Empty for one that was settled before, or is older than where to begin; None for one that does not
        pass the filters.
        """
        lane, is_settled = self._lanes.of(record)
        if is_settled or record.arrived_s < self._drops_before_s:
            return lane, b""
        function, settings = self.watch.last_function, self.settings
        shown = settings.dialect.shown(record, self.place, "" if function is None else function.role)
        if settings.filters.patterns and not settings.dialect.passes(settings.filters, record, shown):
            return lane, None
        return lane, encoded(shown)

    def _hold(self, size: int) -> None:
        self._held_bytes += size
        self._tools.holding.add(size)

    def _move(self) -> None:
        """Move the checkpoint as far as everything is settled."""
        first = self._lanes.first_ordinal(self._order.last + 1)
        settled = self._order.settled(first) or self.state.settled
        state = self._lanes.kept(self.state, settled, are_apart=len(self._order) > 0)
        if state != self.state:
            self.state = state
            self._keeper.keep(state)
        self._room.set()

    def _troubled(self, error: StreamTrouble) -> float:
        """A request came to nothing; how long to wait."""
        self._failures += 1
        code = error.code
        is_unknown = troubles.is_invalid(code)
        if troubles.is_expired(code) or (is_unknown and self._feed.is_begun):
            self._feed.renew()
            if self._failures <= _PATIENCE:
                return 0.0
        elif (troubles.is_trimmed(code) or is_unknown) and self._read is not None:
            _log.warning(
                "shard %s: what was to be read next is not there any more; reading from the oldest record",
                self.place.shard,
                extra={"event": "sources.trimmed", "mapping": self.watch.mapping.uuid},
            )
            self._feed.renew()
            self._read = None
            if is_unknown:  # numbers of another stream say nothing of this one
                self._lanes.forget_attempts()
            self.state = replace(self.state, start=TRIM_HORIZON, since_s=None)
            return 0.0
        elif troubles.is_gone(code):
            self._feed.renew()
            self.is_missing = True
            self._keeper.look()
        said = str(error)
        if not troubles.is_gone(code):
            said = troubles.told(self.watch.mapping.kind, self.settings.stream, said, code)
        elif self._failures <= _PATIENCE:
            said = ""  # whoever looks at the shards tells when the stream itself is gone
        if said and (self._failures > _PATIENCE or not troubles.is_throttled(code)):
            self._keeper.read_went(said)
        return pause_s(self._failures, SOURCE_FIRST_BACKOFF_S, SOURCE_LAST_BACKOFF_S)
