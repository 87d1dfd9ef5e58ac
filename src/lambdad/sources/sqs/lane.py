"""One lane of a poller of queues: receive a batch, call the function with it, delete what is done; again.

What becomes of a message that was received:

::

    it does not pass the filters                deleted
    the function did it                         deleted
    the function failed, or says it failed      left: the queue gives it again, or to its dead-letter queue
    the function could not run                  kept and tried again, with pauses, while it is ours for as
                                                long as the function may take; then left
    the server dies                             left

Source: developer guide, "Handling errors for an SQS event source"; radkawar/stackd's recording
sqs_mapping_throttling: a throttled batch is called again under the same receipt, but not where the function
could still run when its visibility timeout is over.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.limits import (
    CALL_FIRST_BACKOFF_S,
    CALL_LAST_BACKOFF_S,
    DELETE_ATTEMPTS,
    LONG_POLL_S,
    MESSAGES_PER_REQUEST,
    SOURCE_FIRST_BACKOFF_S,
)
from lambdad.domain.queue_message import Message
from lambdad.ports.event_sources import EventCounts
from lambdad.ports.message_queue import QueueTrouble
from lambdad.sources import batching, trouble
from lambdad.sources.calls import Called, End
from lambdad.sources.filtering import Filters, filters_of
from lambdad.sources.report import failed
from lambdad.sources.sqs import records

if TYPE_CHECKING:
    from lambdad.sources.sqs.poller import SqsPoller

_DELETES_AT_ONCE: Final = 8
_IDLE_S: Final = 0.1  # a lane that waits so long for messages finds less than it could call with

_log = logging.getLogger("lambdad.sources")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a lane needs of a mapping's settings."""

    bounds: batching.Bounds
    filters: Filters
    reports: bool
    is_fifo: bool


def settings_of(mapping: EventSourceMapping) -> Settings:
    """The settings of a mapping of a queue."""
    given = mapping.settings
    window_s = float(given.get("MaximumBatchingWindowInSeconds") or 0)
    return Settings(
        batching.Bounds(given["BatchSize"], window_s),
        filters_of(given, records.DATA),
        "ReportBatchItemFailures" in (given.get("FunctionResponseTypes") or ()),
        mapping.kind is SourceKind.SQS_FIFO,
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """A message with what it is as a record; ours until `until_s`."""

    message: Message
    record: bytes
    until_s: float


class Lane:
    """Runs until its poller stops or has too many.

    Attributes:
        is_calling: the function is.
        is_last_round: it ends before it would receive again.
    """

    def __init__(self, poller: SqsPoller) -> None:
        self._poller = poller
        self._tools = poller.tools
        self._waiting_s: float | None = None
        self._held_bytes = 0
        self.is_calling = False
        self.is_last_round = False

    async def run(self) -> None:
        """Rounds, until there shall be no more."""
        while not (self._poller.stopping.is_set() or self.is_last_round):
            try:
                await self._round()
                continue
            except QueueTrouble as error:
                self._poller.went(trouble.problem(trouble.refused("ReceiveMessage", str(error), error.code)))
            except Exception:  # noqa: BLE001 - or the lane would never run again
                _log.exception("a batch was given up", extra={"event": "sources.round"})
                self._poller.went(trouble.problem(trouble.INTERNAL))
            self._waiting_s = 0.0
            await self._poller.pause(self._poller.troubled())

    def is_idle(self, now_s: float) -> bool:
        """Whether it finds less than it could call with."""
        return self._waiting_s is not None and now_s - self._waiting_s >= _IDLE_S

    @property
    def is_waiting(self) -> bool:
        """Whether it has nothing, so that it may be broken off."""
        return self._waiting_s is not None

    async def _round(self) -> None:
        self._waiting_s = self._tools.clock.monotonic()
        try:
            await self._poller.unless_stopped(self._tools.holding.room())
            if self._poller.stopping.is_set():
                return
            if await self._poller.barred() is not None:
                await self._poller.pause(SOURCE_FIRST_BACKOFF_S)  # the poller tells, and looks again
                return
            if self._poller.settings.bounds.window_s:
                # One at a time, or each would gather a part of what comes.
                async with self._poller.gathering:
                    held = [] if self._poller.stopping.is_set() else await self._first()
                    if held:
                        await self._gather(held)
            else:
                held = await self._first()
            self._waiting_s = None
            await self._settle(held)
        finally:
            self._waiting_s = None
            self._tools.holding.add(-self._held_bytes)
            self._held_bytes = 0

    async def _first(self) -> list[_Held]:
        """What a long poll gives, as far as it is for the function."""
        received = await self._receive(LONG_POLL_S, self._poller.settings.bounds.records)
        self._waiting_s = None
        return await self._kept(received)

    async def _kept(self, received: Sequence[Message]) -> list[_Held]:
        came = self._hold(received)
        size = sum(len(one.record) for one in came)
        self._held_bytes += size
        self._tools.holding.add(size)
        return await self._passing(received, came)

    async def _receive(self, wait_s: int, most: int) -> list[Message]:
        most = max(1, min(most, MESSAGES_PER_REQUEST))
        poller = self._poller
        found = await self._tools.queue.receive(poller.scope, poller.queue_arn, most=most, wait_s=wait_s)
        poller.failures = 0
        if found:
            poller.found_messages()
        return found

    def _hold(self, received: Sequence[Message]) -> list[_Held]:
        poller = self._poller
        until_s = self._tools.clock.monotonic() + poller.visibility_s
        region = poller.scope.region
        return [
            _Held(one, records.encoded(records.record(one, poller.queue_arn, region)), until_s)
            for one in received
        ]

    async def _passing(self, received: Sequence[Message], came: list[_Held]) -> list[_Held]:
        """Those that the filters let pass; the others are deleted."""
        filters, poller = self._poller.settings.filters, self._poller
        passing, dropped = came, list[Message]()
        if filters.patterns:
            region = poller.scope.region
            passing = []
            for message, one in zip(received, came, strict=True):
                seen = records.record(message, poller.queue_arn, region)
                if filters.passes(seen, message.body):
                    passing.append(one)
                else:
                    dropped.append(message)
        if came:
            poller.counted(EventCounts(polled=len(came), filtered_out=len(dropped)))
        if dropped:
            await self._delete(dropped)
        return passing

    async def _gather(self, held: list[_Held]) -> None:
        """Receive more into a batch until its window is over or it is full."""
        clock, bounds = self._tools.clock, self._poller.settings.bounds
        first_s = clock.monotonic()
        window_s = min(bounds.window_s, self._poller.visibility_s / 2)
        bounds = batching.Bounds(bounds.records, window_s, bounds.payload_bytes)
        size = sum(len(one.record) for one in held)
        while not self._poller.stopping.is_set() and batching.wants_more(
            bounds, len(held), size, first_s, clock.monotonic()
        ):
            left_s = first_s + window_s - clock.monotonic()
            if left_s < 1:  # a poll cannot wait for less, and would make the window longer
                await self._poller.pause(left_s)
            wait_s = min(int(left_s), LONG_POLL_S)
            try:
                received = await self._receive(wait_s, bounds.records - len(held))
            except QueueTrouble:
                break  # what is there is called with; the next round tells
            if not received and left_s < 1:
                break
            passing = await self._kept(received)
            held += passing
            size += sum(len(one.record) for one in passing)

    def _is_ours(self, batch: list[_Held], begin_s: float) -> bool:
        """Whether nobody else gets these messages while the function works on them, if it begins then."""
        return begin_s + self._poller.timeout_s <= min(one.until_s for one in batch)

    async def _settle(self, held: list[_Held]) -> None:
        """Call the function with what was gathered, cut into batches."""
        arn, bounds = self._poller.mapping.function_arn, self._poller.settings.bounds
        loops = [records.is_loop(one.message, arn) for one in held]
        # What goes round without end must not keep other messages from the function.
        for group in (
            [one for one, loop in zip(held, loops, strict=True) if not loop],
            [one for one, loop in zip(held, loops, strict=True) if loop],
        ):
            for number, part in enumerate(batching.cut(bounds, [len(one.record) for one in group])):
                batch = [group[at] for at in part]
                if number and not self._is_ours(batch, self._tools.clock.monotonic()):
                    return  # the batches before took long
                if not await self._batch(batch) and self._poller.settings.is_fifo:
                    return  # later messages of a group wait for those before them

    async def _batch(self, batch: list[_Held]) -> bool:
        """One batch; whether all of it is done."""
        called = await self._called(batch)
        messages = [one.message for one in batch]
        if called.end is End.SUCCEEDED:
            left = frozenset[str]()
            if self._poller.settings.reports:
                left = failed(called.answer, [one.id for one in messages])
            self._poller.counted(EventCounts(failed_invoke=len(left)))
            self._poller.rate.add(len(messages) - len(left), self._tools.clock.monotonic())
            self._poller.went(trouble.FUNCTION_FAILED if left else trouble.OK)
            await self._delete([one for one in messages if one.id not in left])
            return not left
        self._poller.went(trouble.problem(called.reason or "Function call failed"))
        return False

    async def _called(self, batch: list[_Held]) -> Called:
        """Call until the function ran, or the messages are no longer ours."""
        poller, clock = self._poller, self._tools.clock
        arn = poller.mapping.function_arn
        event = batching.payload([one.record for one in batch])
        trace = records.trace_of([one.message for one in batch], arn)
        pause_s = CALL_FIRST_BACKOFF_S
        while True:
            self.is_calling = True
            try:
                called = await self._tools.calls.call(poller.scope, arn, event, trace)
            finally:
                self.is_calling = False
            counts = EventCounts(invoked=len(batch))
            if called.end is not End.SUCCEEDED:
                counts.failed_invoke = len(batch)
            poller.counted(counts)
            if called.end is not End.REFUSED:
                return called
            if called.is_throttled:
                poller.throttled()
            poller.went(trouble.problem(called.reason))
            if poller.stopping.is_set() or not self._is_ours(batch, clock.monotonic() + pause_s):
                return called
            await poller.pause(pause_s)
            pause_s = min(pause_s * 2, CALL_LAST_BACKOFF_S)

    async def _delete(self, messages: Sequence[Message]) -> None:
        """Delete messages; those that cannot be deleted come again."""
        receipts = [one.receipt for one in messages]
        parts = [
            receipts[at : at + MESSAGES_PER_REQUEST] for at in range(0, len(receipts), MESSAGES_PER_REQUEST)
        ]
        for at in range(0, len(parts), _DELETES_AT_ONCE):
            await asyncio.gather(*(self._delete_part(part) for part in parts[at : at + _DELETES_AT_ONCE]))

    async def _delete_part(self, receipts: list[str]) -> None:
        poller, asked, said = self._poller, len(receipts), "some messages were not deleted"
        for attempt in range(DELETE_ATTEMPTS):
            if attempt:
                await self._tools.sleep(CALL_FIRST_BACKOFF_S * 2**attempt)
            try:
                receipts = await self._tools.queue.delete(poller.scope, poller.queue_arn, receipts)
            except QueueTrouble as error:
                said = trouble.refused("DeleteMessage", str(error), error.code)
            if not receipts:
                break
        poller.counted(EventCounts(deleted=asked - len(receipts)))
        if receipts:
            poller.went(trouble.problem(said))
