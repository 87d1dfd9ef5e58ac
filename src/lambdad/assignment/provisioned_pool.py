"""The environments of a version with provisioned concurrency.

Those that are kept are taken first; what is beyond them spills over to environments on demand, as in every
pool. Nothing here runs for versions without provisioned concurrency: they have a plain `Pool`.
"""

from __future__ import annotations

import logging
from typing import ClassVar

from lambdad.assignment import progress
from lambdad.assignment.pool import Pool
from lambdad.assignment.provisioning import Standing, plan, renew_at
from lambdad.assignment.starter import Starter
from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.provisioned import INIT_FAILURE, Allocation, ProvisionedStatus
from lambdad.ports.clock import Clock
from lambdad.ports.worker import Environment

_log = logging.getLogger("lambdad.provisioned")


class _Kept:
    """A provisioned environment.

    Attributes:
        is_used: it has taken an event.
        is_ending: its end was asked for.
    """

    __slots__ = ("environment", "is_ending", "is_idle", "is_initialised", "is_used", "renew_at")

    def __init__(self, environment: Environment, renew_at: float) -> None:
        self.environment = environment
        self.renew_at = renew_at
        self.is_initialised = False
        self.is_idle = False
        self.is_used = False
        self.is_ending = False


class ProvisionedPool(Pool):
    """A pool that keeps environments initialised.

    Args:
        version: published, so it never changes.
        starter: where new ones come from.
        clock: for pauses and ages.

    Attributes:
        lacks_room: one was to be started and there was no room.
    """

    __slots__ = (
        "_is_closed",
        "_is_looking",
        "_kept",
        "_progress",
        "_ready",
        "_told_full",
        "lacks_room",
        "requested",
    )
    is_kept: ClassVar[bool] = True
    # _kept: all provisioned ones that live; _ready: the idle ones among them, last used last.

    def __init__(self, version: FunctionVersion, starter: Starter, clock: Clock) -> None:
        super().__init__(version, starter, clock)
        self.requested = 0
        self.lacks_room = False
        self._kept: dict[Environment, _Kept] = {}
        self._ready: list[_Kept] = []
        self._progress = progress.BEGUN
        self._is_closed = False
        self._is_looking = False
        self._told_full = False

    @property
    def allocation(self) -> Allocation:
        """How far it has come."""
        count = min(self.requested, self._initialised())
        return Allocation(self._progress.status, count, self._progress.reason)

    def require(self, requested: int) -> None:
        """Keep this many from now on, beginning at IN_PROGRESS."""
        self.requested = requested
        self._progress = progress.BEGUN
        self._told_full = False
        if self._initialised() >= requested:
            self._progress = progress.initialised(self._progress, self._initialised(), requested)
        self.look()

    def close(self) -> None:
        """Start nothing more: the server ends."""
        self._is_closed = True

    def look(self) -> None:
        """Start and end what is due."""
        if self.retired or self._is_closed or self._is_looking:
            return
        self._is_looking = True  # ending one calls back; what follows from that is in the plan already
        try:
            self._follow_plan()
        finally:
            self._is_looking = False

    def _follow_plan(self) -> None:
        now = self._clock.monotonic()
        for broken in [one for one in self._ready if one.environment.needs_init]:
            self._lost(broken)
        kept = list(self._kept.values())
        standing = [
            Standing(one.is_initialised, one.is_idle, one.renew_at, one.environment.expires_at)
            for one in kept
        ]
        due = plan(self.requested, standing, now, progress.starts(self._progress, now))
        for place in due.end:
            self._end(kept[place])
        for _ in range(due.start):
            if not self._start(now):
                return

    def _start(self, now: float) -> bool:
        environment = self._starter.start_kept(self.version, self)
        self.lacks_room = environment is None
        if environment is None:
            self._has_no_room()
            return False
        self._kept[environment] = _Kept(environment, renew_at(now, environment.expires_at))
        self._living.add(environment)
        return True

    def _has_no_room(self) -> None:
        """Wait for some, unless there never will be enough."""
        most = self._starter.placement.bounds.most
        if self.requested > most:
            reason = f"This host holds at most {most} execution environments (max_environments)."
            self._progress = progress.refused(self._progress, reason)
        if not self._told_full and not self._starter.placement.leaving:
            self._told_full = True
            _log.warning(
                "no room for the provisioned concurrency of %s: see max_environments and memory_ceiling_mib",
                self.version.qualified_arn,
                extra={"event": "provisioned.no_room"},
            )

    def _end(self, one: _Kept) -> None:
        one.is_ending = True
        one.environment.retire()

    def _lost(self, one: _Kept) -> None:
        """Its Init has failed, or its processes have ended: it is worth nothing any more."""
        if not one.is_used:
            self._failed(INIT_FAILURE)
        self._end(one)

    @property
    def idle_count(self) -> int:
        """Environments that wait for an event, those that are kept included."""
        return len(self._ready) + super().idle_count

    @property
    def starting_count(self) -> int:
        """Environments that come up, those that are kept included."""
        return len(self._kept) - self._initialised() + super().starting_count

    def _initialised(self) -> int:
        return sum(one.is_initialised for one in self._kept.values())

    # --- invocations -----------------------------------------------------------------------------

    def assign(self, invocation: Invocation) -> None:
        """Give it to one that is kept, else as every pool does."""
        while self._ready:
            one = self._ready[-1]
            if one.environment.needs_init:
                self._lost(one)
            elif one.environment.expires_at <= self._clock.monotonic():
                self._end(one)
            else:
                self._ready.pop()
                self._run(one, invocation)
                return
        super().assign(invocation)

    def _run(self, one: _Kept, invocation: Invocation) -> None:
        one.is_idle = False
        one.is_used = True
        one.environment.run(invocation)

    # --- news of environments --------------------------------------------------------------------

    def environment_idle(self, environment: Environment) -> None:
        """See `ports.worker.EnvironmentOwner`; one that would have to repeat Init is replaced."""
        one = self._kept.get(environment)
        if one is None:
            super().environment_idle(environment)
            return
        if environment.needs_init:
            self._lost(one)
            return
        is_new, one.is_initialised = not one.is_initialised, True
        if environment.expires_at <= self._clock.monotonic():
            self._end(one)
            return
        if is_new:
            count = self._initialised()
            self._progress = progress.initialised(self._progress, count, self.requested)
        if self._waiting:
            self._run(one, self._waiting.popleft())
        elif self.retired:
            self._end(one)
            return
        else:
            one.is_idle = True
            self._ready.append(one)
        if is_new or len(self._kept) > self.requested:
            self.look()

    def environment_gone(self, environment: Environment, reason: LambdadError | None) -> None:
        """See `ports.worker.EnvironmentOwner`; another one takes its place."""
        one = self._kept.pop(environment, None)
        if one is None:
            super().environment_gone(environment, reason)
            return
        if one.is_idle:
            self._ready.remove(one)
        if not one.is_ending and not one.is_used:
            self._failed(INIT_FAILURE if reason is None else str(reason))
        super().environment_gone(environment, None)
        self.look()

    def _failed(self, reason: str) -> None:
        if self.retired or self._is_closed:
            return
        before = self._progress.status
        self._progress = progress.failed(self._progress, reason, self._clock.monotonic())
        if self._progress.status is not before and self._progress.status is ProvisionedStatus.FAILED:
            _log.warning(
                "the provisioned concurrency of %s has failed: %s",
                self.version.qualified_arn,
                reason,
                extra={"event": "provisioned.failed"},
            )

    def retire(self) -> None:
        """End idle environments now, kept ones also while they start, and busy ones after their event."""
        super().retire()
        for one in [one for one in self._kept.values() if one.is_idle or not one.is_initialised]:
            self._end(one)
