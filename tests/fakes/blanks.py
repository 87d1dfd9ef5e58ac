"""Blank sandboxes without anything inside, who makes them, and time that only a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.plan import SandboxPlan
from tests.fakes.worker import LIMITS, FakeSandbox

PYTHON = BlankKind("python3.13", (), ("/var/lang/bin/python3.13",), forks=True)
NODE = BlankKind("nodejs22.x", (), ("/var/lang/bin/node",))
BARE = BlankKind("bare")


class FakeBlank(FakeSandbox):
    """A blank; it listens nowhere until a test of environments wants it to."""

    def __init__(self, kind: BlankKind, sandbox_id: str, *, listens: bool = False) -> None:
        plan = SandboxPlan(sandbox_id, (), LIMITS)
        super().__init__(plan if listens else SandboxPlan(sandbox_id, (), LIMITS, listen=()))
        self.kind = kind
        self.alive = True
        self.assigned: SandboxPlan | None = None
        self.refuses_assignment = False
        self.stays: Exception | None = None

    @property
    def is_alive(self) -> bool:
        return self.alive

    async def assign(self, plan: SandboxPlan) -> None:
        assert self.assigned is None, "once per sandbox"
        if self.refuses_assignment:
            raise EnvironmentUnavailable("it died just now")
        self.assigned = plan

    async def destroy(self) -> None:
        assert not self.destroyed, "destroyed twice"
        await super().destroy()
        if self.stays is not None:
            raise self.stays


class FakeBlankFactory:
    """Makes blanks at once, or as the test lets it.

    Attributes:
        made: all of them, in order; `begun` are the kinds asked for.
        most_at_once: most that were being made at the same time.
        held: whether making waits for `release`.
        fails: raised instead of making one, by the name of the kind.
    """

    def __init__(self, *, listens: bool = False) -> None:
        self.listens = listens
        self.made: list[FakeBlank] = []
        self.begun: list[str] = []
        self.ids: set[str] = set()
        self.making = 0
        self.most_at_once = 0
        self.held = False
        self.fails: dict[str, Exception] = {}
        self._gates: list[asyncio.Event] = []

    async def create_blank(self, kind: BlankKind, sandbox_id: str, *, outbound: bool) -> FakeBlank:
        assert sandbox_id not in self.ids
        self.ids.add(sandbox_id)
        self.begun.append(kind.name)
        self.making += 1
        self.most_at_once = max(self.most_at_once, self.making)
        try:
            await self._gate()
        finally:
            self.making -= 1
        if kind.name in self.fails:
            raise self.fails[kind.name]
        self.made.append(FakeBlank(kind, sandbox_id, listens=self.listens))
        return self.made[-1]

    async def _gate(self) -> None:
        gate = asyncio.Event()
        if self.held:
            self._gates.append(gate)
            await gate.wait()
        await asyncio.sleep(0)

    async def release(self, count: int = 1) -> None:
        """Let the longest held come to their end."""
        for _ in range(count):
            self._gates.pop(0).set()
        await settled()

    @property
    def living(self) -> list[FakeBlank]:
        return [one for one in self.made if not one.destroyed]


async def settled() -> None:
    """Let everything go on that need not wait for time."""
    for _ in range(300):
        await asyncio.sleep(0)


@dataclass(eq=False)
class _Timer:
    at: float
    call: Callable[[], None]
    pending: list[_Timer]

    def cancel(self) -> None:
        if self in self.pending:
            self.pending.remove(self)


@dataclass
class VirtualTime:
    """Implements `ports.clock.Clock`, and timers that go off when a test moves it."""

    time: float = 1_000.0
    timers: list[_Timer] = field(default_factory=list)

    def now(self) -> float:
        return 1_795_400_000.0 + self.time

    def monotonic(self) -> float:
        return self.time

    def later(self, delay_s: float, call: Callable[[], None]) -> _Timer:
        assert 0 <= delay_s < 1e6
        timer = _Timer(self.time + delay_s, call, self.timers)
        self.timers.append(timer)
        return timer

    async def passes(self, seconds: float) -> None:
        """Let so much time pass; what is due in it is done when it is due."""
        end = self.time + seconds
        await settled()
        while due := sorted((one for one in self.timers if one.at <= end), key=lambda one: one.at):
            self.time = max(self.time, due[0].at)
            self.timers.remove(due[0])
            due[0].call()
            await settled()
        self.time = end
