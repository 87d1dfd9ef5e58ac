"""Whose start is next: only so many environments come up at once, and pools take turns.

One that comes up holds a turn until it is initialised, or for a moment: an Init that waits for a network
must not keep others from starting. The pools that want more stand in a ring, so that the one start of one
function never waits behind all starts of another. Pools of one group, as those of the tenants of a version
are, have one place in the ring together and take turns within it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from lambdad.domain.limits import START_TURN_S

Pool = TypeVar("Pool")
Environment = TypeVar("Environment")


class Turns(Generic[Pool, Environment]):
    """The ring, and who has a turn now.

    Args:
        most: environments that may come up at once.
        group_of: the group of a pool.
    """

    __slots__ = ("_group_of", "_most", "_ring", "_until")

    def __init__(self, most: int, group_of: Callable[[Pool], Hashable]) -> None:
        self._most = most
        self._group_of = group_of
        # Groups to their pools, those to when they joined or last started one; no group is empty.
        self._ring: dict[Hashable, dict[Pool, float]] = {}
        self._until: dict[Environment, float] = {}  # in the order of the times

    def __bool__(self) -> bool:
        return bool(self._ring)

    def join(self, pool: Pool, now: float) -> None:
        """It wants to start environments; nothing when it stands in the ring already."""
        self._ring.setdefault(self._group_of(pool), {}).setdefault(pool, now)

    def next(self, now: float) -> Pool | None:
        """Whose turn it is; None when too many come up now, or nobody wants to start any."""
        while self._until and (oldest := next(iter(self._until.items())))[1] <= now:
            del self._until[oldest[0]]
        if len(self._until) >= self._most:
            return None
        group = next(iter(self._ring.values()), None)
        return None if group is None else next(iter(group))

    def took(self, pool: Pool, environment: Environment, now: float) -> None:
        """It has started one: it goes to the end of its group, and that to the end of the ring."""
        self._until[environment] = now + START_TURN_S
        key = self._group_of(pool)
        group = self._ring.pop(key, {})
        group.pop(pool, None)
        group[pool] = now
        self._ring[key] = group

    def over(self, environment: Environment) -> None:
        """It has come up, or never will."""
        self._until.pop(environment, None)

    def leave(self, pool: Pool) -> None:
        """It wants no more."""
        key = self._group_of(pool)
        group = self._ring.get(key)
        if group is not None:
            group.pop(pool, None)
            if not group:
                del self._ring[key]

    def waiting_since(self, then: float) -> list[Pool]:
        """Pools that have stood in the ring since `then`, or before, and started none."""
        return [pool for group in self._ring.values() for pool, joined in group.items() if joined <= then]
