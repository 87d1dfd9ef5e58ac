"""The blanks of one kind that wait, and what has been counted about the kind.

Before: `blank_pools` makes them. After: the oldest living one is taken. Everything here is immediate.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from dataclasses import dataclass

from lambdad.worker.pools.pace import pause_s
from lambdad.worker.pools.sizing import Demand, Wish, blank_bytes
from lambdad.worker.sandbox.blank import BlankKind, StartPath
from lambdad.worker.sandbox.plan import Sandbox

_log = logging.getLogger("lambdad.pool")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one could not be made.

    Attributes:
        at: seconds since the epoch.
        reason: one line.
    """

    at: float
    reason: str


class WaitingLine:
    """Blanks of one kind, the oldest first.

    Attributes:
        waiting: those that wait.
        wanted: how many shall wait, as last decided.
        filling: how many are being made to wait.
        round: changes when members made before are of no use any more.
        taken: how often one was handed out, by path.
        died: how many died while they waited.
        failures: how often none could be made.
        last_failure: None when that never happened.
        retries_at: monotonic seconds from which on one is made to wait again.
    """

    __slots__ = (
        "_in_a_row",
        "demand",
        "died",
        "each_bytes",
        "failures",
        "filling",
        "kind",
        "last_failure",
        "retries_at",
        "round",
        "taken",
        "waiting",
        "wanted",
    )

    def __init__(self, kind: BlankKind) -> None:
        self.kind = kind
        self.each_bytes = blank_bytes(kind)
        self.demand = Demand()
        self.waiting: deque[Sandbox] = deque()
        self.wanted = 0
        self.filling = 0
        self.round = 0
        self.taken: Counter[StartPath] = Counter()
        self.died = 0
        self.failures = 0
        self.last_failure: Failure | None = None
        self.retries_at = 0.0
        self._in_a_row = 0

    @property
    def lacks(self) -> bool:
        """Whether more shall wait than do and will soon."""
        return len(self.waiting) + self.filling < self.wanted

    @property
    def all_bytes(self) -> int:
        """Memory of those that wait or are being made to wait."""
        return (len(self.waiting) + self.filling) * self.each_bytes

    @property
    def is_failing(self) -> bool:
        """Whether the last one could not be made."""
        return self._in_a_row > 0

    def wish(self, now: float) -> Wish:
        """What it would keep."""
        return Wish(self.demand.wish(now), self.each_bytes, self.demand.strength(now))

    def take_oldest(self) -> tuple[Sandbox | None, list[Sandbox]]:
        """The oldest that lives, or None; and those found dead before it."""
        dead: list[Sandbox] = []
        while self.waiting:
            sandbox = self.waiting.popleft()
            if sandbox.is_alive:
                return sandbox, self._count_dead(dead)
            dead.append(sandbox)
        return None, self._count_dead(dead)

    def take_dead(self) -> list[Sandbox]:
        """All that have died while they waited; they wait no longer."""
        dead = [one for one in self.waiting if not one.is_alive]
        if dead:
            self.waiting = deque(one for one in self.waiting if one not in dead)
        return self._count_dead(dead)

    def take_surplus(self, count: int) -> list[Sandbox]:
        """So many of the oldest; they wait no longer."""
        return [self.waiting.popleft() for _ in range(min(count, len(self.waiting)))]

    def take_all(self) -> list[Sandbox]:
        """All of them, and those being made are not to wait either."""
        self.round += 1
        return self.take_surplus(len(self.waiting))

    def _count_dead(self, dead: list[Sandbox]) -> list[Sandbox]:
        if dead:
            self.died += len(dead)
            _log.warning(
                "%d blank sandbox(es) of %s died while waiting",
                len(dead),
                self.kind.name,
                extra={"event": "pool.died"},
            )
        return dead

    def failed(self, reason: str, now: float, at: float) -> None:
        """None could be made; the log says so once, until it works again.

        Args:
            reason: one line.
            now: monotonic seconds.
            at: seconds since the epoch.
        """
        self.failures += 1
        self.last_failure = Failure(at, reason)
        self._in_a_row += 1
        self.retries_at = now + pause_s(self._in_a_row)
        if self._in_a_row == 1:
            _log.warning(
                "no blank sandbox of %s can be made: %s; it is tried again now and then",
                self.kind.name,
                reason,
                extra={"event": "pool.failed"},
            )

    def worked(self) -> None:
        """One was made."""
        if self._in_a_row:
            self._in_a_row = 0
            self.retries_at = 0.0
            _log.info(
                "blank sandboxes of %s can be made again", self.kind.name, extra={"event": "pool.works"}
            )
