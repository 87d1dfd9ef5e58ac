"""One subscription at work: records are gathered, and delivered in batches while the sandbox runs.

A subscriber that does not take a batch is asked again, less and less often; meanwhile records beyond the
buffer are counted as lost. After some attempts the batch itself is given up, so that one it chokes on does
not stay for ever. Nothing is sent while the environment is frozen, and that time counts for nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from lambdad.domain.limits import (
    TELEMETRY_ANSWER_S,
    TELEMETRY_ATTEMPTS,
    TELEMETRY_FIRST_RETRY_S,
    TELEMETRY_LAST_RETRY_S,
)
from lambdad.domain.platform_events import logs_dropped
from lambdad.worker.telemetry_api.buffer import Batch, RecordBuffer
from lambdad.worker.telemetry_api.delivery import Connect, NotTaken, delivery_to
from lambdad.worker.telemetry_api.schemas import render
from lambdad.worker.telemetry_api.subscription import Subscription

_log = logging.getLogger("lambdad.telemetry")
REASON = "Consumer seems to have fallen behind as it has not acknowledged receipt of logs."
"""AWS's words for records that were lost on their way to a subscriber (its developer guide)."""


class Subscriber:
    """Delivers to one extension.

    Args:
        name: of the extension.
        subscription: what it asked for.
        connect: see `delivery.Connect`.
        now_ms: ms since the epoch, for records of its own.
    """

    def __init__(
        self, name: str, subscription: Subscription, connect: Connect, now_ms: Callable[[], int]
    ) -> None:
        self.name = name
        self.subscription = subscription
        self._now_ms = now_ms
        self._buffer = RecordBuffer(subscription.buffering.max_items, subscription.buffering.max_bytes)
        self._delivery = delivery_to(subscription.destination, connect)
        self._timer: asyncio.TimerHandle | None = None
        self._is_due = asyncio.Event()
        self._runs = asyncio.Event()
        self._runs.set()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._hurry = asyncio.Event()
        self._patience: asyncio.Timeout | None = None
        self._task = asyncio.create_task(self._run(), name=f"telemetry of {name}")

    @property
    def held_bytes(self) -> int:
        """Of records that wait for the next batch."""
        return self._buffer.size

    def offer(self, record: bytes) -> None:
        """Take a record; never blocks."""
        self._buffer.offer(record)
        self._is_idle.clear()
        if self._buffer.is_full:
            self._is_due.set()
        elif self._timer is None and not self._is_due.is_set():
            delay_s = self.subscription.buffering.timeout_ms / 1000
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._is_due.set)

    def flush_soon(self) -> None:
        """Deliver what there is without waiting for more."""
        if self._buffer.has_any:
            self._is_due.set()

    async def flush(self) -> None:
        """Return once everything is delivered; for ever if it is not taken."""
        self._hurry.set()
        try:
            while self._buffer.has_any or not self._is_idle.is_set():
                self.flush_soon()
                await self._is_idle.wait()
        finally:
            self._hurry.clear()

    def pause(self) -> None:
        """The environment is going to be frozen."""
        self._runs.clear()
        self._be_patient(None)

    def resume(self) -> None:
        """The environment runs again."""
        self._runs.set()
        self._be_patient(asyncio.get_running_loop().time() + TELEMETRY_ANSWER_S)

    def _be_patient(self, until: float | None) -> None:
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(until)

    def close(self) -> None:
        """Deliver nothing any more; the connection is closed by the task, once nothing waits on it."""
        self._cancel_timer()
        self._task.cancel()

    # --- delivering ------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            await self._deliver_all()
        finally:
            self._delivery.close()

    async def _deliver_all(self) -> None:
        while True:
            await self._is_due.wait()
            await self._runs.wait()
            self._cancel_timer()
            self._is_due.clear()
            batch = self._buffer.take()
            if not await self._deliver(batch):
                self._buffer.give_up(batch)
                self._is_due.set()
                _log.warning(
                    "extension %s does not take its telemetry",
                    self.name,
                    extra={"event": "telemetry.given_up"},
                )
            elif not self._buffer.has_any:
                self._is_idle.set()
            elif self._hurry.is_set():
                self._is_due.set()

    async def _deliver(self, batch: Batch) -> bool:
        """Whether it was taken in the end."""
        records = [*batch.records, *self._loss(batch)]
        if not records:
            return True
        pause_s = TELEMETRY_FIRST_RETRY_S
        for attempt in range(TELEMETRY_ATTEMPTS):
            if attempt:
                await self._wait(pause_s)
                pause_s = min(pause_s * 2, TELEMETRY_LAST_RETRY_S)
            await self._runs.wait()
            try:
                async with asyncio.timeout(TELEMETRY_ANSWER_S) as self._patience:
                    await self._delivery.send(records)
            except (NotTaken, TimeoutError) as reason:
                _log.debug("extension %s took no telemetry: %s", self.name, reason or "no answer in time")
            else:
                return True
            finally:
                self._patience = None
        return False

    async def _wait(self, seconds: float) -> None:
        """Wait before the next attempt; at most a moment when somebody flushes."""
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            return
        await asyncio.sleep(min(seconds, TELEMETRY_FIRST_RETRY_S))

    def _loss(self, batch: Batch) -> list[bytes]:
        if not batch.dropped_records:
            return []
        event = logs_dropped(
            self._now_ms(),
            dropped_records=batch.dropped_records,
            dropped_bytes=batch.dropped_bytes,
            reason=REASON,
        )
        asked = self.subscription
        told = render(asked.api, asked.schema, event.time_ms, event.type, event.record)
        return [] if told is None else [told]

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
