"""How many blanks of each kind shall wait: decided from demand, a ceiling of memory and `now`.

Rule: a kind keeps as many as the largest burst of its recent past took, which is forgotten by half each
minute; never fewer than a few while it is in use, never more than `MOST`, and nothing at all once nobody has
asked for long. When all of them together would not fit below the ceiling, each is cut alike.

Before: `blank_pools` notes what is taken and expected. After: it fills what lacks and drops what is too much.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from lambdad.domain.limits import MIB
from lambdad.worker.sandbox.blank import BlankKind

BURST_S: Final = 1.0
"""Takes within so long are one burst: filling cannot keep up with it, so it must be there before."""
HALF_LIFE_S: Final = 60.0
"""After so long a burst counts half."""
UNUSED_S: Final = 3_600.0
"""A kind that nobody took or expected for so long keeps none: being idle costs nothing."""
FLOOR: Final = 2
"""A kind in use keeps at least one for the next call and one for whoever comes with it."""
MOST: Final = 32
"""Of one kind; a larger burst finds the launcher at work anyway."""

_FORGOTTEN: Final = 0.5
"""Half a take is none: a burst of ten a second ago is not one of eleven, nor one of nine."""

FORKED_BYTES: Final = 4 * MIB
"""Measured: 3.3 MB for an interpreter's own pages, 4 MB with the kernel's memory."""
EXECUTED_BYTES: Final = 12 * MIB
"""Measured: a waiting Node has 6.9 MB (22) to 8.6 MB (24) of its own; the kernel's comes to it."""
BARE_BYTES: Final = 2 * MIB
"""Kernel memory alone, rounded up generously: measured 0.5 MB; pid 1 has 20 KB."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What was asked of a kind; times are monotonic seconds.

    Attributes:
        peak: takes of the largest burst, as it counted at `peak_at`.
        burst: takes of the burst that began at `burst_at`.
        used_at: when it was last taken or expected; None means never.
    """

    peak: float = 0.0
    peak_at: float = 0.0
    burst: int = 0
    burst_at: float = -math.inf
    used_at: float | None = None

    def taken(self, now: float) -> Demand:
        """One was taken."""
        goes_on = now - self.burst_at < BURST_S
        burst = self.burst + 1 if goes_on else 1
        return Demand(
            peak=max(self.strength(now), burst),
            peak_at=now,
            burst=burst,
            burst_at=self.burst_at if goes_on else now,
            used_at=now,
        )

    def expected(self, now: float) -> Demand:
        """A function that would take one has come to be known."""
        return replace(self, used_at=now)

    def strength(self, now: float) -> float:
        """Takes in the largest burst, as far as it still counts."""
        return float(self.peak * 0.5 ** ((now - self.peak_at) / HALF_LIFE_S))

    def wish(self, now: float) -> int:
        """How many shall wait when there is memory for all."""
        if self.used_at is None or now - self.used_at >= UNUSED_S:
            return 0
        return min(MOST, max(FLOOR, math.ceil(self.strength(now) - _FORGOTTEN)))


def blank_bytes(kind: BlankKind) -> int:
    """Memory that one waiting blank of a kind takes from this host."""
    if kind.forks:
        return FORKED_BYTES
    return EXECUTED_BYTES if kind.argv else BARE_BYTES


@dataclass(frozen=True, slots=True)
class Wish:
    """What a kind would keep.

    Attributes:
        each_bytes: memory of one.
        strength: the stronger demand goes first where two are cut alike.
    """

    count: int
    each_bytes: int
    strength: float = 0.0


def share(wishes: Mapping[str, Wish], ceiling_bytes: int) -> dict[str, int]:
    """How many of each may wait so that all stay below the ceiling.

    One after the other is given to whoever would then have the smallest part of its wish.
    """
    given = dict.fromkeys(wishes, 0)
    if sum(wish.count * wish.each_bytes for wish in wishes.values()) <= ceiling_bytes:
        return {name: wish.count for name, wish in wishes.items()}
    left = ceiling_bytes
    turns = [(1 / wish.count, -wish.strength, name) for name, wish in wishes.items() if wish.count > 0]
    heapq.heapify(turns)
    while turns:
        _, order, name = heapq.heappop(turns)
        wish = wishes[name]
        if wish.each_bytes > left:
            continue
        left -= wish.each_bytes
        given[name] += 1
        if given[name] < wish.count:
            heapq.heappush(turns, ((given[name] + 1) / wish.count, order, name))
    return given


def surplus(waiting: int, wanted: int, *, tight: bool) -> int:
    """How many of those that wait are to go.

    A few more than wanted may stay, a quarter, or demand that goes up and down would have them made and
    destroyed all the time; not when nothing is wanted, nor when others lack the memory (`tight`).
    """
    spare = 0 if tight or wanted == 0 else max(1, wanted // 4)
    return waiting - wanted if waiting > wanted + spare else 0
