"""How far one shard is: what was read of it, what of that its lanes have settled, and the checkpoint.

The checkpoint is the record up to which everything of the shard is settled, in whatever lane; each lane that
is further says so. So a server that dies reads from the checkpoint and leaves out what its lanes had done.
Before: the reader of the shard gives pages. After: whoever follows the shards keeps the state.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from lambdad.domain.limits import MAX_WAITING_BYTES
from lambdad.domain.stream_record import Page, ShardState, StreamRecord
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import EventCounts, PartReport
from lambdad.sources.holding import Holding
from lambdad.sources.ordered import OrderedCalls
from lambdad.sources.rate import Rate
from lambdad.sources.sequence_numbers import number_of
from lambdad.sources.streams.beginnings import Order
from lambdad.sources.streams.lane import Held, Lane
from lambdad.sources.streams.lanes import Lanes
from lambdad.sources.streams.lineage_of_shards import TRIM_HORIZON
from lambdad.sources.streams.records import Place
from lambdad.sources.streams.settings import Settings
from lambdad.sources.watch import Watch

_ROOM_S: Final = 0.5  # how often is looked whether others have made room
_MS: Final = 1000


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


class ShardProgress:
    """What the reader of a shard and its lanes know of one another.

    Args:
        state: where to go on.

    Attributes:
        state: how far the shard is.
        read: sequence number of the last record that was read; None when none was.
        is_at_end: nothing more comes.
    """

    def __init__(
        self,
        watch: Watch,
        settings: Settings,
        calls: OrderedCalls,
        keeper: Keeper,
        tools: ReaderTools,
        state: ShardState,
    ) -> None:
        self.watch = watch
        self.settings = settings
        self.calls = calls
        self.state = state
        self.clock = tools.clock
        self.place = Place(watch.mapping.source_arn or "", watch.scope.region, state.shard)
        self.read = state.settled
        self.is_at_end = False
        self._keeper = keeper
        self._tools = tools
        self._lanes = Lanes(self, state)
        self._order = Order()
        self._held_bytes = 0
        self._behind_ms: int | None = None
        self._caught_up_s = -math.inf
        self._room = asyncio.Event()
        self._rate = Rate()

    # --- for the reader --------------------------------------------------------------------------------

    async def room(self) -> None:
        """Wait until more may be read."""
        while self._is_full():
            self._room.clear()
            await self.watch.until(self._room, _ROOM_S)

    def lane_of(self, record: StreamRecord) -> tuple[Lane, bool]:
        """The lane of a record, and whether that had settled it before."""
        return self._lanes.of(record)

    def took(self, page: Page, ready: Sequence[tuple[Lane, bytes | None]], at_s: float) -> None:
        """A page was read.

        Args:
            page: that was read.
            ready: of each record its lane, and what the function will see of it: empty when it is not called
                with, None when the filters keep it away.
            at_s: when reading it began, seconds since the epoch.
        """
        records, now_s = page.records, self.clock.monotonic()
        self._behind_ms = page.behind_ms
        if records:
            self.read = records[-1].sequence
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

    def begins_anew(self, *, is_another: bool) -> None:
        """What was to be read next is not there any more: the oldest record is.

        Args:
            is_another: the shard may be of another stream, whose numbers say nothing of what was tried.
        """
        self.read = None
        if is_another:
            self._lanes.forget_attempts()
        self.state = replace(self.state, start=TRIM_HORIZON, since_s=None)

    def wake(self) -> None:
        """Have lanes do what they can."""
        self._lanes.wake()

    # --- for whoever follows the shards ----------------------------------------------------------------

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
        is_behind = self.read is not None and number_of(self.read) >= number_of(sequence)
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

    def _is_full(self) -> bool:
        """Whether enough waits; a shard of which nothing does is read however much others hold."""
        if len(self._order) >= self.settings.most or self._held_bytes >= MAX_WAITING_BYTES:
            return True
        return self._held_bytes > 0 and self._tools.holding.is_full

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
