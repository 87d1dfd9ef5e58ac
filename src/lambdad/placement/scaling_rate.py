"""How fast a function may scale: a bucket of tokens, one for each new environment; pure.

Source: AWS developer guide, "Lambda scaling behavior": every function gets at most 1,000 more environments
every 10 seconds, refilled continuously; what is not used is not gathered.
"""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.limits import SCALING_ENVIRONMENTS, SCALING_PERIOD_S


@dataclass(frozen=True, slots=True)
class ScalingBucket:
    """What one function may start.

    Attributes:
        tokens: environments it may start at once, as of `as_of`.
        as_of: monotonic seconds.
    """

    tokens: float
    as_of: float


def full(now: float) -> ScalingBucket:
    """The bucket of a function that has started nothing lately."""
    return ScalingBucket(SCALING_ENVIRONMENTS, now)


def take(bucket: ScalingBucket, now: float) -> ScalingBucket | None:
    """Start one more environment: what is left then; None when it must not be."""
    there = _refilled(bucket, now)
    return ScalingBucket(there - 1, max(now, bucket.as_of)) if there >= 1 else None


def is_full(bucket: ScalingBucket, now: float) -> bool:
    """Whether it need not be remembered any more."""
    return _refilled(bucket, now) >= SCALING_ENVIRONMENTS


def _refilled(bucket: ScalingBucket, now: float) -> float:
    gained = max(0.0, now - bucket.as_of) * SCALING_ENVIRONMENTS / SCALING_PERIOD_S
    return min(SCALING_ENVIRONMENTS, bucket.tokens + gained)
