"""Blanks that are made, wait and die as a test says, and timers that it lets go off."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from lambdad.worker.pools.blank_pools import BlankPools
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.plan import SandboxPlan
from tests.fakes.moments import FakeClock

PYTHON = BlankKind("python3.13", stands_for=("python",), forks=True)
NODE = BlankKind("nodejs22.x", argv=("node", "wait"), stands_for=("node",))


class FakeBlank:
    """The part of a sandbox that pools look at."""

    def __init__(self, sandbox_id: str, number: int) -> None:
        self.sandbox_id = sandbox_id
        self.number = number
        self.is_alive = True
        self.destroyed = 0
        self.assigned: SandboxPlan | None = None
        self.assign_fails: Exception | None = None
        self.destroy_fails: Exception | None = None

    async def assign(self, plan: SandboxPlan) -> None:
        if self.assign_fails is not None:
            raise self.assign_fails
        self.assigned = plan

    async def destroy(self) -> None:
        self.destroyed += 1
        if self.destroy_fails is not None:
            raise self.destroy_fails


class FakeBlanks:
    """A factory of them.

    Attributes:
        made: every one, the oldest first.
        asked: the name of the kind of each that was asked for.
        fails: raised instead of an answer.
        held: while it is clear, nothing gets finished.
        most_at_once: the most that were ever being made together.
        prepare: is called with each.
    """

    def __init__(self) -> None:
        self.made: list[FakeBlank] = []
        self.asked: list[str] = []
        self.fails: Exception | None = None
        self.held = asyncio.Event()
        self.held.set()
        self.most_at_once = 0
        self.given_up = 0
        self.prepare: Callable[[FakeBlank], None] = lambda _: None
        self.created: list[SandboxPlan] = []
        self.create_fails: Exception | None = None
        self._now = 0

    async def create_blank(self, kind: BlankKind, sandbox_id: str, *, outbound: bool) -> FakeBlank:
        del outbound
        self.asked.append(kind.name)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(0)
            await self.held.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        finally:
            self._now -= 1
        if self.fails is not None:
            raise self.fails
        blank = FakeBlank(sandbox_id, len(self.made))
        self.made.append(blank)
        self.prepare(blank)
        return blank

    async def create(self, plan: SandboxPlan) -> FakeBlank:
        if self.create_fails is not None:
            raise self.create_fails
        self.created.append(plan)
        return FakeBlank(plan.sandbox_id, -1)

    @property
    def living(self) -> list[FakeBlank]:
        return [one for one in self.made if not one.destroyed]


@dataclass(order=True)
class FakeTimer:
    at: float
    number: int
    call: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class PoolStage:
    """Pools whose factory and time are the test's.

    Args:
        ceiling_bytes: of memory.
        making_s: real seconds; for tests of a factory that never answers.
    """

    def __init__(self, ceiling_bytes: int = 1 << 30, making_s: float = 60.0) -> None:
        self.clock = FakeClock(1_000.0)
        self.factory = FakeBlanks()
        self._timers: list[FakeTimer] = []
        self._numbers = itertools.count()
        self.pools = BlankPools(
            self.factory,  # type: ignore[arg-type]
            self.clock,
            ceiling_bytes=ceiling_bytes,
            outbound=False,
            later=self._later,
            making_s=making_s,
        )

    def _later(self, delay_s: float, call: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self.clock.now_s + delay_s, next(self._numbers), call)
        heapq.heappush(self._timers, timer)
        return timer

    @property
    def pending(self) -> int:
        """Timers that will go off."""
        return sum(not timer.cancelled for timer in self._timers)

    async def advance(self, seconds: float) -> None:
        """Let time pass, and whatever it lets happen happen."""
        until = self.clock.now_s + seconds
        await settle()
        while self._timers and self._timers[0].at <= until:
            timer = heapq.heappop(self._timers)
            self.clock.now_s = max(self.clock.now_s, timer.at)
            if not timer.cancelled:
                timer.call()
            await settle()
        self.clock.now_s = until
        await settle()

    def of(self, kind: BlankKind) -> tuple[int, int]:
        """How many of a kind wait, and shall wait."""
        found = {one.name: one for one in self.pools.status().kinds}[kind.name]
        return found.waiting, found.wanted


async def settle() -> None:
    """Everything that can happen without time or news happens."""
    for _ in range(300):
        await asyncio.sleep(0)
