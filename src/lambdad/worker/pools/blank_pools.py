"""Hands out blank sandboxes, of which some wait.

A take gets the oldest that waits; when none does, one is made for it at once, a few at a time and in order of
arrival. What is kept waiting follows demand (`sizing`); `filling` keeps out of the way of takes.

Before: `environment.making` wants a sandbox for a function. After: it assigns the one it gets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.ports.clock import Clock
from lambdad.worker.pools.blank_making import MAKING_S, BlankFactory, BlankMaking
from lambdad.worker.pools.filling import Filler, Later, Takes
from lambdad.worker.pools.pool_status import KindStatus, PoolsStatus
from lambdad.worker.pools.waiting_line import WaitingLine
from lambdad.worker.pools.waiting_lines import WaitingLines
from lambdad.worker.sandbox.blank import BlankKind, StartPath
from lambdad.worker.sandbox.plan import Sandbox

MADE_AT_ONCE: Final = 4
"""For takes: the launcher is one process, and more at once would only wait inside it."""
_PATHS: Final = (StartPath.POOL, StartPath.FORK, StartPath.SPAWN)


class BlankPools:
    """Every kind of blank that somebody took or is expected to take.

    Args:
        factory: makes them.
        clock: for demand and pauses.
        ceiling_bytes: most memory of all that wait together.
        outbound: whether they reach the internet.
        later: sets a timer; None is the loop's own.
        making_s: how long making one may take.
    """

    def __init__(
        self,
        factory: BlankFactory,
        clock: Clock,
        *,
        ceiling_bytes: int,
        outbound: bool,
        later: Later | None = None,
        making_s: float = MAKING_S,
    ) -> None:
        self._clock = clock
        self._ceiling_bytes = ceiling_bytes
        self._lines = WaitingLines(ceiling_bytes)
        self._making = BlankMaking(factory, clock, outbound=outbound, making_s=making_s)
        self._takes = Takes()
        self._filler = Filler(self._lines, self._making, self._takes, clock, later or _loop_later)
        self._turns = asyncio.Semaphore(MADE_AT_ONCE)
        self._closed = False

    def tell_memory(self, *, lacks: bool) -> None:
        """Nothing is to wait while memory lacks on this host; `look` does what follows from it."""
        self._lines.ceiling_bytes = 0 if lacks else self._ceiling_bytes

    async def take(self, kind: BlankKind) -> tuple[Sandbox, StartPath]:
        """A blank for a function, and how it came to be there; the caller destroys it in the end.

        Raises:
            EnvironmentUnavailable: none waits and none can be made, or the server ends.
        """
        self._refuse_when_closed()
        now = self._takes.last = self._clock.monotonic()
        line = self._line(kind)
        line.demand = line.demand.taken(now)
        sandbox = self._oldest(line)
        if sandbox is None:
            return await self._made_now(line)
        self._filler.consider()
        return sandbox, StartPath.POOL

    def _oldest(self, line: WaitingLine) -> Sandbox | None:
        sandbox, dead = line.take_oldest()
        self._making.dismiss(dead)
        if sandbox is not None:
            line.taken[StartPath.POOL] += 1
        return sandbox

    async def _made_now(self, line: WaitingLine) -> tuple[Sandbox, StartPath]:
        """Make one for a take, when it is its turn."""
        takes = self._takes
        takes.queued += 1
        try:
            await self._turns.acquire()
        finally:
            takes.queued -= 1
        takes.making += 1
        try:
            self._refuse_when_closed()
            sandbox = self._oldest(line)  # one that was being filled has come to wait meanwhile
            if sandbox is not None:
                return sandbox, StartPath.POOL
            sandbox = await self._making.create(line)
            if self._closed:
                await sandbox.destroy()
                self._refuse_when_closed()
            path = StartPath.FORK if line.kind.forks else StartPath.SPAWN
            line.taken[path] += 1
            return sandbox, path
        finally:
            takes.making -= 1
            takes.last = self._clock.monotonic()
            self._turns.release()
            self._filler.consider()

    def expect(self, kind: BlankKind) -> None:
        """A function that would take one is there: some shall wait."""
        if self._closed:
            return
        line = self._line(kind)
        line.demand = line.demand.expected(self._clock.monotonic())
        self._filler.consider()

    def invalidate(self, kind: BlankKind) -> None:
        """Those that wait or are being filled are of no use any more (the interpreter changed)."""
        line = self._lines.named(kind.name)
        if line is not None:
            self._making.dismiss(line.take_all())
            self._filler.consider()

    def look(self) -> None:
        """Drop the dead and what is too much, and fill; to be called every few seconds."""
        if not self._closed:
            self._making.dismiss(self._lines.take_useless(self._clock.monotonic()))
            self._filler.consider()

    def status(self) -> PoolsStatus:
        """What there is and has been."""
        self._lines.decide(self._clock.monotonic())
        lines = sorted(self._lines, key=lambda line: line.kind.name)
        return PoolsStatus(
            tuple(_status_of(line) for line in lines),
            sum(len(line.waiting) * line.each_bytes for line in lines),
            self._lines.ceiling_bytes,
            self._takes.queued,
        )

    async def close(self) -> None:
        """Destroy all that wait, and make no more; returns when nothing is left."""
        self._closed = True
        await self._filler.close()
        for line in self._lines:
            for sandbox in line.take_all():
                self._making.dismiss([sandbox])  # each beside the others
        await self._making.gone()

    def _line(self, kind: BlankKind) -> WaitingLine:
        line, useless = self._lines.of(kind)
        self._making.dismiss(useless)
        return line

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise EnvironmentUnavailable("the server is ending; nothing more is started")


def _loop_later(delay_s: float, call: Callable[[], None]) -> asyncio.TimerHandle:
    return asyncio.get_running_loop().call_later(delay_s, call)


def _status_of(line: WaitingLine) -> KindStatus:
    return KindStatus(
        name=line.kind.name,
        waiting=len(line.waiting),
        wanted=line.wanted,
        filling=line.filling,
        taken={path: line.taken[path] for path in _PATHS},
        died=line.died,
        failures=line.failures,
        last_failure=line.last_failure,
        failing=line.is_failing,
    )
