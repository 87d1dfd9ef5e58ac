"""How long an environment may live; pure.

AWS ends even busy environments after hours. Each gets an age of its own, so that those that were
started together do not end together.
Source: spec internals §1 and runtime-api §6.
"""

from __future__ import annotations

from lambdad.domain.limits import ENVIRONMENT_AGE_JITTER


def expires_at(born: float, max_age_s: float, chance: float) -> float:
    """The time from which on an environment takes no event any more.

    Args:
        born: monotonic seconds.
        max_age_s: the longest any may live.
        chance: uniform in [0, 1).
    """
    return born + max_age_s * (1 - ENVIRONMENT_AGE_JITTER * chance)
