"""Brings what is owed to destinations and dead-letter queues, until it has arrived or is given up.

A target that refuses or does not answer keeps only its own messages waiting: it is left alone for a while,
longer each time, and then tried with what is due.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final

from lambdad.domain.event import Delivery
from lambdad.events.decisions import backoff_s
from lambdad.events.poller import Timer
from lambdad.events.steady import SteadyClock
from lambdad.ports.courier import Courier, NotAllowed, NotDelivered, Undeliverable
from lambdad.ports.event_store import EventStore

_log = logging.getLogger("lambdad.events")

GIVEN_UP_AFTER: Final = 80
"""Attempts: with the waits of `decisions.backoff_s` between them about six hours."""

_AT_ONCE: Final = 16
"""Messages to one target under way, about; and messages read at once."""

_PROBES: Final = 2
"""Read at once while a target that refused the last is due again: it may refuse these, too."""

_UNREADABLE_S: Final = 30.0
_MS: Final = 1000


@dataclass(slots=True)
class _Target:
    in_flight: int = 0
    refusals: int = 0
    blocked_until_ms: int = 0
    last_error: str | None = None


class Deliverer:
    """Reads what is due and brings it, target by target.

    Args:
        failed: told of a message that did not arrive, and whether it is given up.
        later: calls back after so many seconds.
    """

    def __init__(
        self,
        store: EventStore,
        courier: Courier,
        clock: SteadyClock,
        failed: Callable[[Delivery, bool], None],
        later: Callable[[float, Callable[[], None]], Timer],
    ) -> None:
        self._store = store
        self._courier = courier
        self._clock = clock
        self._failed = failed
        self._later = later
        self._targets: dict[str, _Target] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking = False
        self._again = False
        self._stopped = False
        self._timer: Timer | None = None

    def wake(self) -> None:
        """Something is owed, or due, or a target is free."""
        self._again = True
        if not (self._looking or self._stopped):
            self._looking = True
            self._task(self._look())

    def trouble(self, target: str) -> tuple[str | None, int]:
        """Why the last message did not arrive at a target, and until when (ms) it is left alone.

        None and 0 when it has taken one since, or none was tried yet.
        """
        found = self._targets.get(target)
        return (None, 0) if found is None else (found.last_error, found.blocked_until_ms)

    async def close(self) -> None:
        """Bring nothing more; what is not delivered stays owed."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _look(self) -> None:
        try:
            while self._again:
                self._again = False
                await self._start_due()
        except Exception:  # noqa: BLE001 - what is owed must be looked at again
            _log.exception("deliveries could not be read", extra={"event": "events.deliveries"})
            self._wake_in(_UNREADABLE_S)
        finally:
            self._looking = False

    async def _start_due(self) -> None:
        """Start whatever is due and may go, then sleep until something else is."""
        while True:
            now_ms = self._clock.now_ms()
            busy = self._busy(now_ms)
            unsure = any(one.refusals for name, one in self._targets.items() if name not in busy)
            limit = _PROBES if unsure else _AT_ONCE
            found = await self._store.deliveries(now_ms=now_ms, limit=limit, but=busy)
            if not found:
                break
            for delivery in found:
                self._target(delivery).in_flight += 1
                self._task(self._bring(delivery))
        due_ms = await self._store.next_delivery_ms(but=busy)
        blocked = [one.blocked_until_ms for one in self._targets.values() if one.blocked_until_ms > now_ms]
        wakes = [*blocked, *([] if due_ms is None else [due_ms])]
        if wakes:
            self._wake_in(max(0.0, (min(wakes) - self._clock.now_ms()) / _MS))

    def _busy(self, now_ms: int) -> list[str]:
        return [
            name
            for name, target in self._targets.items()
            if target.in_flight >= (_PROBES if target.refusals else _AT_ONCE)
            or target.blocked_until_ms > now_ms
        ]

    async def _bring(self, delivery: Delivery) -> None:
        try:
            await self._courier.bring(delivery)
        except Undeliverable as error:
            self._given_up(delivery, str(error))
        except NotAllowed as error:
            self._put_off(delivery, str(error))  # the target may take what other functions send
        except NotDelivered as error:
            self._not_delivered(delivery, str(error))
        except Exception as error:  # noqa: BLE001 - one message must not end the others
            _log.exception("a delivery failed", extra={"event": "events.delivery"})
            self._not_delivered(delivery, str(error))
        else:
            target = self._target(delivery)
            target.refusals, target.last_error = 0, None
            self._store.delivered(delivery)
        finally:
            self._left(delivery)

    def _left(self, delivery: Delivery) -> None:
        target = self._target(delivery)
        target.in_flight -= 1
        if not (target.in_flight or target.refusals):
            del self._targets[delivery.target]
        self.wake()

    def _not_delivered(self, delivery: Delivery, why: str) -> None:
        target, now_ms = self._target(delivery), self._clock.now_ms()
        target.last_error = why
        if target.blocked_until_ms <= now_ms:  # of those under way together only the first counts
            target.blocked_until_ms = now_ms + backoff_s(target.refusals) * _MS
            target.refusals += 1
        self._put_off(delivery, why)

    def _put_off(self, delivery: Delivery, why: str) -> None:
        now_ms = self._clock.now_ms()
        attempts = delivery.attempts + 1
        if attempts >= GIVEN_UP_AFTER:
            self._given_up(delivery, why)
            return
        self._failed(delivery, False)
        _tell(logging.WARNING, delivery, "", why)
        due_ms = now_ms + backoff_s(delivery.attempts) * _MS
        self._store.owe(replace(delivery, due_ms=due_ms, attempts=attempts))

    def _given_up(self, delivery: Delivery, why: str) -> None:
        self._failed(delivery, True)
        _tell(logging.ERROR, delivery, ", given up", why)
        self._store.delivered(delivery)

    def _target(self, delivery: Delivery) -> _Target:
        return self._targets.setdefault(delivery.target, _Target())

    def _wake_in(self, delay_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if self._stopped else self._later(delay_s, self.wake)

    def _task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _tell(level: int, delivery: Delivery, end: str, why: str) -> None:
    _log.log(
        level,
        "not delivered to %s (attempt %d%s): %s",
        delivery.target,
        delivery.attempts + 1,
        end,
        why,
        extra={"event": "events.not_delivered", "request_id": delivery.request_id},
    )
