"""The environments of one function version, and who waits for one.

Before: the frontend hands over an invocation that holds a lease. After: the environment runs it.
The most recently used environment is taken first, so that the others become old enough to go.
"""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from lambdad.assignment.starter import Starter
from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.ports.clock import Clock
from lambdad.ports.worker import Environment


class Pool:
    """All environments of one version at one revision.

    Args:
        version: what they run.
        starter: where new ones come from.
        clock: for the age of environments.

    Attributes:
        retired: takes no more environments; the last ones end when their events have ended.
        is_kept: it stays when it has no environment.
    """

    __slots__ = (
        "_clock",
        "_idle",
        "_living",
        "_starter",
        "_starting",
        "_waiting",
        "retired",
        "version",
    )

    is_kept: ClassVar[bool] = False

    def __init__(self, version: FunctionVersion, starter: Starter, clock: Clock) -> None:
        self.version = version
        self.retired = False
        self._starter = starter
        self._clock = clock
        self._idle: list[Environment] = []
        self._waiting: deque[Invocation] = deque()
        self._living: set[Environment] = set()
        self._starting: set[Environment] = set()

    @property
    def idle(self) -> list[Environment]:
        """Idle environments, the longest unused first."""
        return list(self._idle)

    @property
    def longest_idle(self) -> Environment | None:
        """The idle environment that may be ended first; None when there is none."""
        return self._idle[0] if self._idle else None

    @property
    def idle_count(self) -> int:
        """Environments that wait for an event."""
        return len(self._idle)

    @property
    def starting_count(self) -> int:
        """Environments that come up."""
        return len(self._starting)

    @property
    def size(self) -> int:
        """Environments that live, starting ones included."""
        return len(self._living)

    @property
    def waiting(self) -> int:
        """Invocations that wait for an environment."""
        return len(self._waiting)

    def assign(self, invocation: Invocation) -> None:
        """Give it to an idle environment, else let it wait for one that is started for it.

        The most recently used comes first; one that is too old takes no event and ends.
        """
        while self._idle:
            environment = self._idle.pop()
            if environment.expires_at > self._clock.monotonic():
                environment.run(invocation)
                return
            environment.retire()
        self._waiting.append(invocation)
        self._starter.want(self)

    @property
    def wanted(self) -> int:
        """Invocations that wait and have no environment coming."""
        return len(self._waiting) - len(self._starting)

    def start_one(self) -> Environment:
        """Start an environment for whoever waits; the starter calls when it is this pool's turn."""
        environment = self._starter.placement.place(self.version, self)
        self._starting.add(environment)
        self._living.add(environment)
        return environment

    def refuse_wanted(self, why: LambdadError) -> None:
        """Refuse the invocations that have no environment coming, those that came last."""
        for _ in range(self.wanted):
            self._waiting.pop().refuse(why)

    def environment_idle(self, environment: Environment) -> None:
        """It can take an event: the one that has waited longest, if any; too old, it ends instead."""
        is_new = environment in self._starting
        if is_new:
            self._starting.discard(environment)
        if environment.expires_at <= self._clock.monotonic():
            environment.retire()
        elif self._waiting:
            environment.run(self._waiting.popleft())
        elif self.retired:
            environment.retire()
        else:
            self._idle.append(environment)
            if self._starter.is_short:
                self._starter.pump()
        if is_new:
            self._starter.came_up(environment)

    def environment_gone(self, environment: Environment, reason: LambdadError | None) -> None:
        """It is no more. If it could not be made, the event that has waited longest hears why."""
        self._starting.discard(environment)
        self._living.discard(environment)
        self._starter.left(environment)
        if environment in self._idle:
            self._idle.remove(environment)
        if reason is not None and self._waiting:
            self._waiting.popleft().refuse(reason)
        self._starter.want(self)

    def refuse_waiting(self, why: LambdadError) -> None:
        """Tell everyone who waits that there will be no environment."""
        while self._waiting:
            self._waiting.popleft().refuse(why)

    def retire_idle(self, idle_before: float) -> int:
        """End environments that are too old or idle since before a monotonic time; how many."""
        now = self._clock.monotonic()
        old = [one for one in self._idle if one.idle_since < idle_before or one.expires_at <= now]
        for environment in old:
            environment.retire()
        return len(old)

    def retire(self) -> None:
        """End idle environments now and busy ones after their event; who waits is still served."""
        self.retired = True
        for environment in self.idle:
            environment.retire()
