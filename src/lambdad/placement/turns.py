"""Whose start is next: only so many environments come up at once, and pools take turns.

One that comes up holds a turn until it is initialised, or for a moment: an Init that waits for a network
must not keep others from starting. The pools that want more stand in a ring, so that the one start of one
function never waits behind all starts of another.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from lambdad.domain.limits import START_TURN_S

Pool = TypeVar("Pool")
Environment = TypeVar("Environment")


class Turns(Generic[Pool, Environment]):
    """The ring, and who has a turn now.

    Args:
        most: environments that may come up at once.
    """

    __slots__ = ("_most", "_ring", "_until")

    def __init__(self, most: int) -> None:
        self._most = most
        self._ring: dict[Pool, float] = {}  # to when it joined or last started one
        self._until: dict[Environment, float] = {}  # in the order of the times

    def __bool__(self) -> bool:
        return bool(self._ring)

    def join(self, pool: Pool, now: float) -> None:
        """It wants to start environments; nothing when it stands in the ring already."""
        self._ring.setdefault(pool, now)

    def next(self, now: float) -> Pool | None:
        """Whose turn it is; None when too many come up now, or nobody wants to start any."""
        while self._until and (oldest := next(iter(self._until.items())))[1] <= now:
            del self._until[oldest[0]]
        if len(self._until) >= self._most:
            return None
        return next(iter(self._ring), None)

    def took(self, pool: Pool, environment: Environment, now: float) -> None:
        """It has started one: it goes to the end of the ring."""
        self._until[environment] = now + START_TURN_S
        self._ring.pop(pool, None)
        self._ring[pool] = now

    def over(self, environment: Environment) -> None:
        """It has come up, or never will."""
        self._until.pop(environment, None)

    def leave(self, pool: Pool) -> None:
        """It wants no more."""
        self._ring.pop(pool, None)

    def waiting_since(self, then: float) -> list[Pool]:
        """Pools that have stood in the ring since `then`, or before, and started none."""
        return [pool for pool, joined in self._ring.items() if joined <= then]
