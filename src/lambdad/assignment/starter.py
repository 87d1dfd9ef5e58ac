"""Starts environments for pools: in turn, at AWS's rate, and when there is room.

Before: a pool whose invocations wait. After: the placement. A pool is asked again how many it wants whenever
it is its turn, so calls that were served meanwhile start nothing. Nothing here runs for an event that
finds an idle environment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lambdad.domain.errors import LambdadError, Throttled
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import ROOM_LOOK_S, ROOM_WAIT_S
from lambdad.domain.platform_events import PROVISIONED
from lambdad.domain.scope import Scope
from lambdad.placement import scaling_rate
from lambdad.placement.admission import Crowd, Way
from lambdad.placement.capacity import Placement
from lambdad.placement.scaling_rate import ScalingBucket
from lambdad.placement.turns import Turns
from lambdad.ports.clock import Clock
from lambdad.ports.worker import Environment, EnvironmentOwner

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function back in so many seconds."""


class Wanting(Protocol):
    """A pool, as far as environments are started for it."""

    version: FunctionVersion

    @property
    def wanted(self) -> int:
        """Invocations that wait and have no environment coming."""
        ...

    @property
    def size(self) -> int:
        """Environments that live."""
        ...

    def start_one(self) -> Environment:
        """Start an environment for whoever waits."""
        ...

    def refuse_wanted(self, why: LambdadError) -> None:
        """Refuse the invocations that have no environment coming, those that came last."""
        ...


class Idlers(Protocol):
    """Whoever knows the environments of all pools."""

    def crowd(self) -> Crowd:
        """The environments there are."""
        ...

    def evict(self, count: int) -> int:
        """End so many idle environments on demand, the longest unused first; how many there were."""
        ...


class Starter:
    """Who wants environments, and whose turn it is.

    Args:
        placement: where they come from.
        clock: for turns and rates.
        idlers: who can make room.
        most_starting: environments that may come up at once.
        later: how to be called back; None when somebody else calls `pump` from time to time.

    Attributes:
        is_short: somebody waits for room: an environment that becomes idle is news.
    """

    __slots__ = (
        "_again",
        "_clock",
        "_idlers",
        "_is_asked",
        "_is_pumping",
        "_later",
        "_rates",
        "_turns",
        "is_short",
        "placement",
    )

    def __init__(
        self, placement: Placement, clock: Clock, idlers: Idlers, most_starting: int, later: Later | None
    ) -> None:
        self.placement = placement
        self.is_short = False
        self._clock = clock
        self._idlers = idlers
        self._later = later
        self._turns: Turns[Wanting, Environment] = Turns(most_starting, _version_of)
        self._rates: dict[tuple[Scope, str], ScalingBucket] = {}
        self._is_pumping = False
        self._again = False
        self._is_asked = False

    def want(self, pool: Wanting) -> None:
        """Start as many as it wants, as soon as may be."""
        if pool.wanted > 0:
            self._turns.join(pool, self._clock.monotonic())
        self.pump()

    def came_up(self, environment: Environment) -> None:
        """One that was started has come up."""
        self._turns.over(environment)
        self.pump()

    def left(self, environment: Environment) -> None:
        """One is no more; `want` or `pump` follows."""
        self._turns.over(environment)
        self.placement.left()

    def start_kept(self, version: FunctionVersion, owner: EnvironmentOwner) -> Environment | None:
        """Start a provisioned environment; None when there is no room now. It has turns of its own."""
        if not self._has_room(version, self._clock.monotonic()):
            return None
        return self.placement.place(version, owner, PROVISIONED)

    def forget_rates(self) -> None:
        """Forget who has not scaled lately."""
        now = self._clock.monotonic()
        self._rates = {key: one for key, one in self._rates.items() if not scaling_rate.is_full(one, now)}

    def pump(self) -> None:
        """Start what may be started now; ending one to make room calls back, which is done after that."""
        if self._is_pumping:
            self._again = True
            return
        if not self._turns:
            return
        self._is_pumping = True
        try:
            self._again = True
            while self._again:
                self._again = False
                self._start_in_turn()
        finally:
            self._is_pumping = False
        if self._turns and self._later is not None and not self._is_asked:
            self._is_asked = True
            self._later(ROOM_LOOK_S, self._look_again)

    def _look_again(self) -> None:
        self._is_asked = False
        self.pump()

    def _start_in_turn(self) -> None:
        now = self._clock.monotonic()
        self.is_short = False
        while (pool := self._turns.next(now)) is not None:
            if pool.wanted <= 0:
                self._turns.leave(pool)
            elif not self._has_room(pool.version, now):
                self.is_short = True
                self._refuse_late(now)
                return
            elif not self._may_scale(pool.version, now):
                self._turns.leave(pool)
                pool.refuse_wanted(Throttled("ConcurrentInvocationLimitExceeded"))
            else:
                self._turns.took(pool, pool.start_one(), now)

    def _has_room(self, version: FunctionVersion, now: float) -> bool:
        placement = self.placement
        if placement.decide(version, placement.crowd_at_worst, now).way is Way.START:
            return True  # without counting: with a thousand functions that takes longer than all of this
        decision = placement.decide(version, self._idlers.crowd(), now)
        match decision.way:
            case Way.START:
                return True
            case Way.EVICT:
                return self._idlers.evict(decision.evict) >= decision.evict and decision.then_start
            case Way.WAIT:
                return False

    def _may_scale(self, version: FunctionVersion, now: float) -> bool:
        key = (version.scope, version.name)
        left = scaling_rate.take(self._rates.get(key) or scaling_rate.full(now), now)
        if left is None:
            return False
        self._rates[key] = left
        return True

    def _refuse_late(self, now: float) -> None:
        """Who has waited long for room, and has not even a busy environment to wait for, is throttled."""
        for pool in self._turns.waiting_since(now - ROOM_WAIT_S):
            if not pool.size and not self.placement.leaving:
                self._turns.leave(pool)
                pool.refuse_wanted(Throttled("ConcurrentInvocationLimitExceeded"))


def _version_of(pool: Wanting) -> tuple[Scope, str, str]:
    """What pools have one turn together for: those of the tenants of a version are many."""
    version = pool.version
    return version.scope, version.name, version.version
