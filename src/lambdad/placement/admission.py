"""Whether there is room for another environment, and what must go first; pure.

Memory is given out by what is used, not by what functions are configured for: a function of 1,024 MB that
uses 40 counts 40. What may still come is set aside in part: some for each environment that comes up, a
little for each that runs an event. That is overcommitment; what bounds it is the ceiling below the
host's memory, each environment's own limit, and the eviction of idle ones whenever use passes the ceiling.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto

from lambdad.domain.limits import (
    BUSY_MEMORY_BYTES,
    MIB,
    MOST_EVICTED,
    MOST_LEAVING,
    START_MEMORY_BYTES,
)


@dataclass(frozen=True, slots=True)
class Crowd:
    """The environments there are.

    Attributes:
        living: all that can take an event or will.
        starting: of these, the ones that come up.
        idle: of these, the ones that wait for an event, provisioned ones included.
        leaving: ended, but not all they held is free again.
    """

    living: int
    starting: int
    idle: int
    leaving: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """What all environments together may take.

    Attributes:
        most: environments at once.
        ceiling_bytes: memory of all; None when there is no bound.
    """

    most: int
    ceiling_bytes: int | None


class Way(Enum):
    """How to come to another environment."""

    START = auto()
    """There is room."""
    EVICT = auto()
    """Idle ones must go first."""
    WAIT = auto()
    """Some are going; when they are gone it is to be decided anew."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do.

    Attributes:
        evict: how many idle ones to end; 0 unless the way is EVICT.
        then_start: room is there once these are asked to end; otherwise they must be gone.
    """

    way: Way
    evict: int = 0
    then_start: bool = False


START = Decision(Way.START)
WAIT = Decision(Way.WAIT)


def decide(crowd: Crowd, bounds: Bounds, used_bytes: int, memory_mib: int) -> Decision:
    """Decide about one more environment of a function configured for `memory_mib`.

    Args:
        crowd: the environments there are.
        bounds: what they may take.
        used_bytes: memory all of them use now; what the kernel can take back does not count.
        memory_mib: the function's own limit.
    """
    if crowd.leaving >= MOST_LEAVING:
        return WAIT
    if crowd.living == crowd.leaving == 0:
        return START  # whatever the ceiling: with less than one nothing would ever run
    short = _short_bytes(crowd, bounds, used_bytes, memory_mib)
    if short > 0:
        return WAIT if crowd.leaving else Decision(Way.EVICT, _worth(short, crowd, used_bytes))
    if crowd.living >= bounds.most:
        return Decision(Way.EVICT, crowd.living - bounds.most + 1, then_start=True)
    return START


def to_relieve(crowd: Crowd, bounds: Bounds, used_bytes: int) -> int:
    """How many idle environments to end because use has passed the ceiling."""
    if bounds.ceiling_bytes is None or crowd.leaving:
        return 0
    over = used_bytes - bounds.ceiling_bytes
    return _worth(over, crowd, used_bytes) if over > 0 else 0


def _short_bytes(crowd: Crowd, bounds: Bounds, used_bytes: int, memory_mib: int) -> int:
    if bounds.ceiling_bytes is None:
        return 0
    busy = max(0, crowd.living - crowd.starting - crowd.idle)
    set_aside = crowd.starting * START_MEMORY_BYTES + busy * BUSY_MEMORY_BYTES
    needed = min(memory_mib * MIB, START_MEMORY_BYTES)
    return used_bytes + set_aside + needed - bounds.ceiling_bytes


def _worth(short_bytes: int, crowd: Crowd, used_bytes: int) -> int:
    """As many as use `short_bytes` if all use the same; a few at a time, as nobody knows which use more."""
    each = max(1, used_bytes // max(1, crowd.living))
    return min(MOST_EVICTED, max(1, math.ceil(short_bytes / each)))
