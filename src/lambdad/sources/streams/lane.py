"""One lane of a shard: the records of some keys, in order; and the lane of a whole shard with windows."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final

from lambdad.domain.limits import SOURCE_FIRST_BACKOFF_S
from lambdad.domain.stream_record import OpenWindow, StreamRecord
from lambdad.sources import batching, tried_parts, trouble
from lambdad.sources.attempts import Work
from lambdad.sources.ordered import Batch
from lambdad.sources.sequence_numbers import number_of
from lambdad.sources.streams import windows
from lambdad.sources.streams.records import batch_info

if TYPE_CHECKING:
    from lambdad.sources.streams.shard_progress import ShardProgress

_ENVELOPE_BYTES: Final = 1_024  # what an event of a window has beside records and state
_LOOK_S: Final = 0.5  # how often is looked whether what others hold keeps records from being read
_log = logging.getLogger("lambdad.sources")


@dataclass(frozen=True, slots=True)
class Held:
    """A record that waits for its call.

    Attributes:
        event: as the function will see it.
        ordinal: rises with each record of the shard that was read.
        read_s: when it was, of a clock that never jumps.
    """

    record: StreamRecord
    event: bytes
    ordinal: int
    read_s: float


class Lane:
    """Calls with what was added, one batch at a time; nothing runs while nothing waits.

    Attributes:
        waiting: records that are not settled, those under way first.
        settled: sequence number of the last that is; None before the first.
        unfinished: what was tried of the batch in front, which fails; empty when it does not.
        window: the tumbling window that is open; always None here.
    """

    def __init__(
        self, progress: ShardProgress, settled: str | None = None, unfinished: tried_parts.Parts = ()
    ) -> None:
        self._progress = progress
        self._watch = progress.watch
        self._bounds = progress.settings.bounds
        self._more = asyncio.Event()
        self._bytes = 0
        self.task: asyncio.Task[None] | None = None
        self.waiting: deque[Held] = deque()
        self.settled = settled
        self.unfinished = unfinished
        self.window: OpenWindow | None = None

    def add(self, held: Held) -> None:
        """Put a record behind the others."""
        self.waiting.append(held)
        self._bytes += len(held.event)

    def wake(self) -> None:
        """Have what was added called with, and what is due done."""
        self._more.set()
        if self.task is None and self._has_work() and not self._watch.stopping.is_set():
            name = f"lane of {self._progress.place.shard}"
            self.task = asyncio.create_task(self._run(), name=name)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing waits and nothing is open."""
        return self.task is None and not self.waiting and self.window is None

    def _has_work(self) -> bool:
        return bool(self.waiting)

    async def _run(self) -> None:
        try:
            while self._has_work() and not self._watch.stopping.is_set():
                try:
                    await self._step()
                except Exception:  # noqa: BLE001 - or the shard would never be read on
                    _log.exception("a batch was given up", extra={"event": "sources.batch"})
                    self._watch.went(trouble.problem(trouble.INTERNAL))
                    await self._watch.pause(SOURCE_FIRST_BACKOFF_S)
        finally:
            self.task = None
            self._progress.lane_rests()

    async def _step(self) -> None:
        await self._gather()
        if not self._watch.stopping.is_set():
            await self._settle(self._first(self._bounds, len(self.waiting)))

    async def _settle(self, held: Sequence[Held]) -> None:
        """Call with records as often as it takes; with the parts they were tried in before, if they were."""
        begun: Sequence[Work] = ()
        if self.unfinished:
            begun = tried_parts.works_of(self.unfinished, [one.record.sequence for one in held])
        await self._progress.calls.settle(self._batch(held), begun)

    async def _gather(self) -> None:
        """Wait until a batch is full or its batching window is over; one that was tried, until it is read."""
        if self.unfinished:
            await self._read_again(self.unfinished[-1].last)
            return
        bounds = self._bounds
        if not bounds.window_s:
            return
        clock, first_s = self._progress.clock, self.waiting[0].read_s
        while not self._watch.stopping.is_set() and not self._progress.is_at_end:
            now_s = clock.monotonic()
            if not batching.wants_more(bounds, len(self.waiting), self._bytes, first_s, now_s):
                break
            self._more.clear()
            await self._watch.until(self._more, first_s + bounds.window_s - now_s)

    async def _read_again(self, last: str) -> None:
        while not (self._progress.has_read(last) or self._watch.stopping.is_set()):
            self._more.clear()
            await self._watch.until(self._more, _LOOK_S)

    def _first(self, bounds: batching.Bounds, most: int) -> list[Held]:
        """The records of the next batch, of the first so many."""
        if self.unfinished:
            most = min(most, self._tried()) or most
        found = list(islice(self.waiting, min(most, bounds.records)))
        return found[: batching.cut(bounds, [len(one.event) for one in found])[0].stop]

    def _tried(self) -> int:
        """How many of the first were tried before; with none, nothing is left of what was."""
        last = number_of(self.unfinished[-1].last)
        found = sum(1 for _ in takewhile(lambda one: number_of(one.record.sequence) <= last, self.waiting))
        if not found:
            self.unfinished = ()
        return found

    def _batch(self, held: Sequence[Held]) -> Batch:
        """A batch of the first records that wait."""
        events = [one.event for one in held]
        return self._batch_of(held, lambda part: batching.payload(events[part.start : part.stop]))

    def _batch_of(self, held: Sequence[Held], payload: Callable[[range], bytes]) -> Batch:
        progress, records = self._progress, [one.record for one in held]
        return Batch(
            [one.sequence for one in records],
            [one.arrived_s for one in records],
            payload,
            lambda part: batch_info(
                progress.settings.dialect, progress.place, records[part.start : part.stop]
            ),
            f"aws/lambda/{self._watch.mapping.uuid}/{progress.place.shard}/",
            lambda part, _: self._took(len(part)),
            lambda works: self._has_tried(works, [one.sequence for one in records]),
        )

    def _has_tried(self, works: Sequence[Work], sequences: Sequence[str]) -> None:
        self.unfinished = tried_parts.kept(works, sequences, self.unfinished)
        self._progress.tried()

    def _took(self, count: int) -> None:
        """So many of the first are settled."""
        size = 0
        for _ in range(count):
            one = self.waiting.popleft()
            size += len(one.event)
            self.settled = one.record.sequence
        self._bytes -= size
        if self.unfinished and self.settled is not None:
            self.unfinished = tried_parts.left(self.unfinished, self.settled)
        self._progress.advanced(count, size)


class WindowLane(Lane):
    """The lane of a whole shard whose calls share the state of tumbling windows."""

    def _has_work(self) -> bool:
        window = self.window
        return bool(self.waiting) or (
            window is not None and (window.is_over or self._progress.is_past(window.end_s))
        )

    async def _step(self) -> None:
        window = self.window
        if window is not None and self._is_ending(window):
            await self._progress.calls.settle(self._last(window), tried_parts.last_of(self.unfinished))
            return
        await self._gather()
        if self._watch.stopping.is_set():
            return
        if window is None:
            window = windows.opened(self.waiting[0].record.arrived_s, self._progress.settings.window_s)
            self.window = window
        await self._settle(self._of(window))

    def _is_ending(self, window: OpenWindow) -> bool:
        return window.is_over or not self.waiting or windows.is_past(window, self.waiting[0].record.arrived_s)

    def _of(self, window: OpenWindow) -> list[Held]:
        """The records of the next batch, all of one window."""
        most = sum(
            1 for _ in takewhile(lambda one: not windows.is_past(window, one.record.arrived_s), self.waiting)
        )
        room = self._bounds.payload_bytes - len(window.state.encode()) - _ENVELOPE_BYTES
        return self._first(replace(self._bounds, payload_bytes=room), most)

    def _batch(self, held: Sequence[Held]) -> Batch:
        events = [one.event for one in held]

        def payload(part: range) -> bytes:
            return windows.payload(
                self._open, self._progress.place, events[part.start : part.stop], is_final=False
            )

        batch = self._batch_of(held, payload)
        return replace(
            batch,
            about=lambda part: {**batch.about(part), **windows.info(self._open, is_final=False)},
            settled=self._went_on,
            refused=lambda answer: windows.NO_STATE if windows.state_in(answer) is None else None,
        )

    @property
    def _open(self) -> OpenWindow:
        if self.window is None:
            raise RuntimeError("no window is open")
        return self.window

    def _went_on(self, part: range, answer: bytes | None) -> None:
        if answer is not None:
            self.window = windows.gone_on(self._open, answer)
        self._took(len(part))

    def _last(self, window: OpenWindow) -> Batch:
        """The call that ends a window; its age is that of the window."""
        batch = self._batch_of((), lambda _: windows.payload(window, self._progress.place, (), is_final=True))
        return replace(
            batch,
            arrived_s=(window.start_s,),
            about=lambda part: {**batch.about(part), **windows.info(window, is_final=True)},
            settled=lambda *_: self._ended(window),
        )

    def _ended(self, window: OpenWindow) -> None:
        self.window = windows.ended(window)
        self.unfinished = tried_parts.records_of(self.unfinished)
        self._took(0)
