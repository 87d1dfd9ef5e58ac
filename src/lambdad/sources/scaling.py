"""How many calls a mapping of a queue makes at once; pure.

It begins with a few, grows at a steady rate while every one of them finds messages, and falls back when the
queue is quiet. A maximum that the caller chose is the ceiling, and then it never falls below the first few.

Source: developer guide, "Configuring scaling behavior for SQS event source mappings": five at first, up to
300 more a minute, 1,250 at most; provisioned mode: ten per poller, 1,000 more a minute. Spec async-esm.md §3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lambdad.domain.limits import (
    CALLS_PER_QUEUE_POLLER,
    FIRST_QUEUE_CALLS,
    MAX_QUEUE_CALLS,
    PROVISIONED_QUEUE_GROWTH_PER_MINUTE,
    QUEUE_GROWTH_PER_MINUTE,
    QUIET_QUEUE_CALLS,
    QUIET_QUEUE_S,
)


@dataclass(frozen=True, slots=True)
class Growth:
    """The bounds of a mapping.

    Attributes:
        first: calls at once in the beginning.
        quiet: and while the queue is quiet.
        most: the ceiling.
        per_minute: calls more per minute while all of them are busy.
    """

    first: int
    quiet: int
    most: int
    per_minute: float


@dataclass(frozen=True, slots=True)
class Scale:
    """Where a mapping is.

    Attributes:
        calls: allowed at once; the fraction counts while it grows.
        looked_s: when that was decided.
        found_s: when a message was found last.
    """

    calls: float
    looked_s: float
    found_s: float

    @property
    def allowed(self) -> int:
        """Whole calls."""
        return int(self.calls)


def growth_of(settings: Mapping[str, Any]) -> Growth:
    """The bounds in a mapping's settings."""
    pollers = settings.get("ProvisionedPollerConfig")
    if pollers:
        least = pollers["MinimumPollers"] * CALLS_PER_QUEUE_POLLER
        most = pollers["MaximumPollers"] * CALLS_PER_QUEUE_POLLER
        return Growth(least, least, most, PROVISIONED_QUEUE_GROWTH_PER_MINUTE)
    chosen = (settings.get("ScalingConfig") or {}).get("MaximumConcurrency")
    if chosen:
        first = min(FIRST_QUEUE_CALLS, chosen)
        return Growth(first, first, chosen, QUEUE_GROWTH_PER_MINUTE)
    return Growth(FIRST_QUEUE_CALLS, QUIET_QUEUE_CALLS, MAX_QUEUE_CALLS, QUEUE_GROWTH_PER_MINUTE)


def begun(growth: Growth, now_s: float) -> Scale:
    """A mapping whose polling begins."""
    return Scale(float(growth.first), now_s, now_s)


def looked(scale: Scale, growth: Growth, now_s: float, *, all_busy: bool) -> Scale:
    """After a look: grown, fallen back, or as it was.

    Args:
        scale: of the last look.
        growth: the bounds.
        now_s: of a clock that never jumps.
        all_busy: none of the calls allowed waits for messages.
    """
    if all_busy:
        grown = scale.calls + (now_s - scale.looked_s) * growth.per_minute / 60
        return Scale(min(grown, float(growth.most)), now_s, now_s)
    if now_s - scale.found_s >= QUIET_QUEUE_S:
        return replace(scale, calls=float(growth.quiet), looked_s=now_s)
    return replace(scale, looked_s=now_s)


def found(scale: Scale, growth: Growth, now_s: float) -> Scale:
    """A message was found: a mapping that had fallen back is as in the beginning."""
    return replace(scale, calls=max(scale.calls, float(growth.first)), found_s=now_s)


def throttled(scale: Scale, growth: Growth, running: int) -> Scale:
    """A call was refused for want of concurrency: no more at once than run now."""
    return replace(scale, calls=max(float(growth.quiet), min(scale.calls, float(running))))
