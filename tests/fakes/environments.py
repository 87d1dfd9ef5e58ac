"""Environments as the assignment sees them; the test says what becomes of each."""

from __future__ import annotations

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import ON_DEMAND
from lambdad.ports.worker import EnvironmentOwner
from tests.fakes.worker import FakeClock

AGE_S = 1_000.0


class FakeEnvironment:
    def __init__(
        self, owner: EnvironmentOwner, clock: FakeClock, number: int, initialization_type: str
    ) -> None:
        self.environment_id = f"e-{number}"
        self.idle_since = 0.0
        self.needs_init = False
        self.initialization_type = initialization_type
        self.expires_at = clock.monotonic() + AGE_S
        self.owner = owner
        self.clock = clock
        self.current: Invocation | None = None
        self.gone = False

    def run(self, invocation: Invocation) -> None:
        assert not self.gone
        assert self.current is None
        assert not self.needs_init or self.initialization_type == ON_DEMAND
        assert self.clock.monotonic() < self.expires_at, "too old for an event"
        self.current = invocation
        self.needs_init = False  # it is repeated inside the event

    def ready(self) -> None:
        self.idle_since = self.clock.monotonic()
        self.owner.environment_idle(self)

    def finish(self) -> None:
        assert self.current is not None
        invocation, self.current = self.current, None
        invocation.settle(Status.SUCCESS, b"")
        self.ready()

    def fail_init(self) -> None:
        """Init fails: it is offered, and would repeat Init."""
        self.needs_init = True
        self.ready()

    def reset(self) -> None:
        """The event ends with the processes: it is offered, and would repeat Init."""
        assert self.current is not None
        invocation, self.current = self.current, None
        invocation.settle(Status.ERROR, b"")
        self.needs_init = True
        self.ready()

    def fall_over(self) -> None:
        """The processes end while it is idle; nobody is told."""
        assert self.current is None
        self.needs_init = True

    def crash(self) -> None:
        invocation, self.current = self.current, None
        self.gone = True
        if invocation is not None:
            invocation.settle(Status.ERROR, b"")
        self.owner.environment_gone(self, None)

    def fail_making(self) -> None:
        self.gone = True
        self.owner.environment_gone(self, EnvironmentUnavailable("no"))

    def retire(self) -> None:
        assert self.current is None
        self.gone = True
        self.owner.environment_gone(self, None)


class FakeWorker:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.made: list[FakeEnvironment] = []
        self.leaving = 0

    def start(
        self, version: FunctionVersion, owner: EnvironmentOwner, initialization_type: str = ON_DEMAND
    ) -> FakeEnvironment:
        self.made.append(FakeEnvironment(owner, self.clock, len(self.made), initialization_type))
        return self.made[-1]

    async def close(self) -> None:
        return None
