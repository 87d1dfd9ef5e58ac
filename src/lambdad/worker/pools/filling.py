"""Fills the waiting lines in the background, at the pace that `pace` decides.

Nothing runs while nothing lacks: a take, a new kind or the upkeep calls `consider`, which sets a timer; the
timer fills or is set again. Before: `blank_pools`. After: a blank waits in its line.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.ports.clock import Clock
from lambdad.worker.pools import pace
from lambdad.worker.pools.blank_making import BlankMaking
from lambdad.worker.pools.waiting_line import WaitingLine
from lambdad.worker.pools.waiting_lines import WaitingLines

_log = logging.getLogger("lambdad.pool")


class Timer(Protocol):
    """Something that will be called."""

    def cancel(self) -> None:
        """Do not call it."""
        ...


Later = Callable[[float, Callable[[], None]], Timer]
"""Calls after so many seconds, as the loop's `call_later` does."""


@dataclass(slots=True)
class Takes:
    """What filling must keep out of the way of.

    Attributes:
        last: monotonic seconds when somebody last took or got one.
        making: how many are being made for takes.
        queued: how many takes wait for their turn.
    """

    last: float = 0.0
    making: int = 0
    queued: int = 0


class Filler:
    """Makes what lacks.

    Args:
        lines: what it fills.
        making: makes them.
        takes: what goes on beside.
        clock: of all of it.
        later: sets a timer.
    """

    __slots__ = (
        "_clock",
        "_closed",
        "_lacking_since",
        "_later",
        "_lines",
        "_making",
        "_rests_until",
        "_takes",
        "_task",
        "_timer",
        "_timer_at",
    )

    def __init__(
        self, lines: WaitingLines, making: BlankMaking, takes: Takes, clock: Clock, later: Later
    ) -> None:
        self._lines = lines
        self._making = making
        self._takes = takes
        self._clock = clock
        self._later = later
        self._lacking_since: float | None = None
        self._rests_until = 0.0
        self._timer: Timer | None = None
        self._timer_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def consider(self) -> None:
        """Something may lack: have it looked at soon. Called for every take, so it does little."""
        if self._closed or self._task is not None:
            return
        now = self._clock.monotonic()
        if self._timer is None or self._timer_at > now + pace.QUIET_S:
            self._wake_at(now + pace.QUIET_S, now)

    def _wake_at(self, at: float, now: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._later(at - now, self._woken)

    def _woken(self) -> None:
        """Fill now, or be woken when that may be."""
        self._timer = None
        now = self._clock.monotonic()
        self._lines.decide(now)
        lacking = self._lines.lacking()
        if not lacking:
            self._lacking_since = None
            return
        if self._lacking_since is None:
            self._lacking_since = now
        moment = self._moment(lacking, self._lacking_since)
        begin = pace.begins_at(moment)
        if begin <= now:
            chosen = self._choose(pace.at_once(moment, now), now)
            self._task = asyncio.create_task(self._fill(chosen), name="fill pools")
        elif not moment.queued:
            self._wake_at(begin, now)

    def _moment(self, lacking: list[WaitingLine], lacking_since: float) -> pace.Moment:
        takes = self._takes
        return pace.Moment(
            last_take=takes.last,
            lacking_since=lacking_since,
            rests_until=self._rests_until,
            retries_at=min(line.retries_at for line in lacking),
            making=takes.making,
            queued=takes.queued,
        )

    def _choose(self, count: int, now: float) -> list[WaitingLine]:
        """The lines that get one each, or the same one twice."""
        chosen: list[WaitingLine] = []
        while len(chosen) < count:
            line = next((line for line in self._lines.lacking() if line.retries_at <= now), None)
            if line is None:
                break
            line.filling += 1
            chosen.append(line)
        return chosen

    async def _fill(self, chosen: list[WaitingLine]) -> None:
        began = self._clock.monotonic()
        try:
            await asyncio.gather(*(self._fill_one(line, line.round) for line in chosen))
        finally:
            now = self._lacking_since = self._clock.monotonic()
            self._rests_until = now + min(pace.REST_S, now - began)
            self._task = None
            if not self._closed:
                self._woken()

    async def _fill_one(self, line: WaitingLine, of_round: int) -> None:
        """Make one to wait; a failure is noted, and the pause after it."""
        try:
            sandbox = await self._making.create(line)
        except EnvironmentUnavailable:
            return
        except Exception as error:  # noqa: BLE001 - nobody waits for it, and filling must go on with others
            _log.exception("filling a pool failed", extra={"event": "pool.fault"})
            self._making.note(line, error)
            return
        finally:
            line.filling -= 1
        if self._closed or line.round != of_round:
            self._making.dismiss([sandbox])
        else:
            line.waiting.append(sandbox)

    async def close(self) -> None:
        """Make no more, and give up what is being made."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
