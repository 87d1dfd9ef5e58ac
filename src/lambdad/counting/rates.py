"""How many calls a second: ten times the concurrency that they are taken from.

A bucket holds what may be called within one second and fills all the time. What is known of it is one number,
until when it has been spent; so a limit that changes holds for the next call, and what was spent stays spent.
The clock is not read for every call: some calls are taken out of the bucket together and lie at hand.

Source: AWS's quotas page (October 2026): "Each instance of your execution environment can serve up to 10
requests per second" of synchronous invocations, and "an unlimited number of requests" of asynchronous ones;
"10 x allocated provisioned concurrency" of a version. Developer guide, "Understanding concurrency and
requests per second": "across all functions in your account". How much may come at once is not told:
one second's here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from lambdad.domain.limits import CALLS_PER_S_AND_LEASE

_BURST_S: Final = 1.0
_AT_HAND_S: Final = 0.05
"""The calls of so long are taken together; so many more than those of a second may come at once."""

_ROUNDING: Final = 1e-3
"""Calls: what is lacking of a whole one for floating point, at the most."""


def drawn(spent_until: float, concurrency: int, now: float) -> tuple[float, int]:
    """Take some calls out of a bucket.

    Args:
        spent_until: of the bucket; less than `now` by more than a second when it is full or more.
        concurrency: that the calls are taken from.
        now: seconds, of the clock that `spent_until` is of.

    Returns:
        Until when the bucket has been spent, and how many calls were taken: 0 when there are none.
    """
    per_s = CALLS_PER_S_AND_LEASE * concurrency
    begin = max(spent_until, now)
    left = math.floor((now + _BURST_S - begin) * per_s + _ROUNDING)
    count = min(left, max(1, math.floor(_AT_HAND_S * per_s)))
    return (begin + count / per_s, count) if count > 0 else (spent_until, 0)


def put_back(spent_until: float, concurrency: int, count: int) -> float:
    """Put calls back that were taken while the concurrency was this; until when the bucket has been spent."""
    return spent_until - count / (CALLS_PER_S_AND_LEASE * concurrency) if count else spent_until


class Calls:
    """The bucket of one quota.

    Args:
        now: gives seconds of a clock that never jumps.

    Attributes:
        at_hand: calls that may be taken by counting down; then `draw`.
    """

    __slots__ = ("_now", "_spent_until", "at_hand")

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._spent_until = -math.inf
        self.at_hand = 0

    def draw(self, concurrency: int) -> bool:
        """Take a call while none is at hand; False when there is none."""
        self._spent_until, count = drawn(self._spent_until, concurrency, self._now())
        if not count:
            return False
        self.at_hand = count - 1
        return True

    def put_back(self, concurrency: int) -> None:
        """The concurrency, this until now, changes: nothing of before stays at hand."""
        self._spent_until = put_back(self._spent_until, concurrency, self.at_hand)
        self.at_hand = 0
