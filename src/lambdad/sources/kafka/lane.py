"""One partition: its records in order, one batch at a time."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, Final

from lambdad.domain.kafka_record import KafkaRecord, Kept
from lambdad.domain.limits import KAFKA_READ_AGAIN_S
from lambdad.ports.event_sources import EventCounts
from lambdad.sources import batching, tried_parts
from lambdad.sources.attempts import Work
from lambdad.sources.holding import Holding
from lambdad.sources.kafka import notes, records
from lambdad.sources.kafka.partition_watch import PartitionWatch
from lambdad.sources.kafka.records import Place
from lambdad.sources.kafka.settings import Settings
from lambdad.sources.ordered import Batch, OrderedCalls, OrderedTools
from lambdad.sources.sequence_numbers import number_of
from lambdad.sources.watch import Sleep, Watch

_ENVELOPE_BYTES: Final = 1_024  # what an event has beside records and the names of servers
_log = logging.getLogger("lambdad.sources")


@dataclass(frozen=True, slots=True)
class Held:
    """A record that waits.

    Attributes:
        event: as the function will see it.
        read_s: when it was read, of a clock that never jumps.
    """

    record: KafkaRecord
    event: bytes
    read_s: float


class Lane:
    """Calls with the records of one partition.

    Args:
        advanced: told when `kept` is another.
        unfinished: what was tried of the batch in front, which failed; empty when none did.

    Attributes:
        position: the offset to go on from: everything before is settled; None before the first.
        first: the offset of the first record that was read; None before it.
    """

    def __init__(
        self,
        watch: Watch,
        settings: Settings,
        place: Place,
        tools: OrderedTools,
        holding: Holding,
        sleep: Sleep,
        advanced: Callable[[], None],
        unfinished: tried_parts.Parts = (),
    ) -> None:
        self.watch = PartitionWatch(watch, tools.clock, sleep)
        self.position: int | None = None
        self.first: int | None = None
        self._settings = settings
        self._place = place
        self._clock = tools.clock
        self._calls = OrderedCalls(self.watch, tools)
        self._holding = holding
        self._advanced = advanced
        self._sleep = sleep
        self._unfinished = unfinished
        self._waiting: deque[Held] = deque()
        self._bytes = 0
        self._tail: int | None = None
        self._more = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    @property
    def next_offset(self) -> int | None:
        """Of the first record that is not settled; None before the first was read."""
        return self._waiting[0].record.offset if self._waiting else self.position

    def kept(self) -> Kept | None:
        """What the group is to keep; None while that is what it has."""
        at = self.first if self.position is None and self._unfinished else self.position
        return None if at is None else Kept(at, notes.note_of(self._unfinished, self.watch.mapping.uuid))

    def age_ms(self) -> int:
        """How long ago the first record that is not settled was written; 0 without one."""
        if not self._waiting:
            return 0
        return max(0, int(self._clock.now() * 1000) - self._waiting[0].record.at_ms)

    @property
    def waits(self) -> int:
        """Records that were read and are not settled."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no more is to be read now; one of which nothing waits is read however much others hold."""
        if self.waits >= self._settings.page or self._bytes > 2 * self._settings.bounds.payload_bytes:
            return True
        return self._bytes > 0 and self._holding.is_full

    def add(self, record: KafkaRecord) -> None:
        """A record was read; what filters keep away counts as settled once all before it is."""
        shown = records.shown(record)
        self._tail = record.offset + 1
        if self.first is None:
            self.first = record.offset
        if not records.passes(self._settings.filters, record, shown):
            self.watch.counted(EventCounts(polled=1, filtered_out=1))
            self._more.set()
            if not self._waiting:
                self._move(self._tail)
            return
        self.watch.counted(EventCounts(polled=1))
        event = records.encoded(shown)
        self._waiting.append(Held(record, event, self._clock.monotonic()))
        self._hold(len(event))
        self._more.set()
        if self.task is None:
            self.task = asyncio.create_task(self._work(), name=f"partition {self._place.partition}")

    async def stop(self, seconds: float | None = None) -> None:
        """Begin no call, and wait for one under way, so long at most; what is not settled is forgotten."""
        self.watch.stopping.set()
        if self.task is None:
            return
        if seconds is None:
            await asyncio.wait((self.task,))
            return
        over = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait((self.task, over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()

    def drop(self) -> None:
        """Nothing of it is ours any more: what a call still says changes nothing."""
        self.watch.stopping.set()
        self._waiting.clear()
        self._hold(-self._bytes)
        self._advanced = lambda: None
        if self.task is not None:
            self.task.cancel()

    # --- inside ----------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while self._waiting and not self.watch.stopping.is_set():
            try:
                held = await self._gathered()
                if held and not await self._calls.settle(self._batch(held), self._begun(held)):
                    break
            except Exception:  # noqa: BLE001 - or the partition would never go on
                _log.exception("a batch was not settled", extra={"event": "sources.partition"})
                await self.watch.pause(1.0)
        self.task = None

    async def _gathered(self) -> list[Held]:
        """Those of the next batch, from the front; of one that was tried, no others."""
        bounds, first_s = self._settings.bounds, self._waiting[0].read_s
        room = bounds.payload_bytes - _ENVELOPE_BYTES - len(self._place.servers) - 250
        if self._unfinished and (tried := await self._read_again(number_of(self._unfinished[-1].last))):
            return self._front(min(tried, bounds.records), room)
        self._unfinished = ()
        while not self.watch.stopping.is_set():
            now_s = self._clock.monotonic()
            if not batching.wants_more(bounds, self.waits, self._bytes, first_s, now_s):
                break
            self._more.clear()
            await self.watch.until(self._more, first_s + bounds.window_s - now_s)
        return self._front(bounds.records, room)

    async def _read_again(self, last: int) -> int:
        """How many records of a batch that was tried are here, up to its last: some may be compacted away."""
        until_s = self._clock.monotonic() + KAFKA_READ_AGAIN_S
        while not (self._has_read(last) or self.is_full or self.watch.stopping.is_set()):
            left_s = until_s - self._clock.monotonic()
            if left_s <= 0:
                break
            self._more.clear()
            await self.watch.until(self._more, left_s)
        return sum(1 for _ in takewhile(lambda one: one.record.offset <= last, self._waiting))

    def _has_read(self, offset: int) -> bool:
        return self._tail is not None and self._tail > offset

    def _front(self, most: int, room: int) -> list[Held]:
        used = 0

        def fits(held: Held) -> bool:
            nonlocal used
            used += len(held.event) + 1
            return used <= room

        return list(takewhile(fits, islice(self._waiting, most))) or list(islice(self._waiting, 1))

    def _batch(self, held: list[Held]) -> Batch:
        place = self._place

        def payload(part: range) -> bytes:
            return place.event([held[at].event for at in part])

        def about(part: range) -> dict[str, Any]:
            size = len(payload(part))
            return records.batch_info(place, [held[at].record for at in part], size)

        return Batch(
            _offsets(held),
            [one.record.at_ms / 1000 for one in held],
            payload,
            about,
            f"aws/lambda/{self.watch.mapping.uuid}/{place.partition}/",
            lambda part, _: self._settled(len(part)),
            lambda works: self._tried(works, held),
            named=records.names_of(place.partition),
            most_bytes=self._settings.bounds.payload_bytes,
        )

    def _begun(self, held: Sequence[Held]) -> Sequence[Work]:
        """The parts in which a batch was tried before; none for a new one."""
        return tried_parts.works_of(self._unfinished, _offsets(held)) if self._unfinished else ()

    def _tried(self, works: Sequence[Work], held: Sequence[Held]) -> None:
        self._unfinished = tried_parts.kept(works, _offsets(held), self._unfinished)
        self._advanced()

    def _settled(self, count: int) -> None:
        """So many from the front are done, or given up."""
        done = None
        for _ in range(min(count, len(self._waiting))):
            done = self._waiting.popleft()
            self._hold(-len(done.event))
        if done is not None:
            self._unfinished = tried_parts.left(self._unfinished, str(done.record.offset))
            self._move(done.record.offset + 1 if self._waiting or self._tail is None else self._tail)

    def _move(self, position: int) -> None:
        self.position = position
        self._advanced()

    def _hold(self, size: int) -> None:
        self._bytes += size
        self._holding.add(size)


def _offsets(held: Sequence[Held]) -> list[str]:
    return [str(one.record.offset) for one in held]
