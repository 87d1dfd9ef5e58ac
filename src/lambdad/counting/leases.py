"""Concurrency leases.

A lease is a number in a counter, taken before and given back after each invocation: nothing to
look up and nothing to leak but the call itself, which `frontend.invoke` makes in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from lambdad.counting.rates import Calls
from lambdad.domain.errors import Stopped, Throttled

ACCOUNT_EXHAUSTED: Final = "ConcurrentInvocationLimitExceeded"
"""The reason of a refusal when what the account shares is used up. Source: spec limits.md §2."""

RESERVED_EXHAUSTED: Final = "ReservedFunctionConcurrentInvocationLimitExceeded"
"""The reason when a function's own is used up, or is 0. Source: spec limits.md §2."""

ACCOUNT_RATE: Final = "FunctionInvocationRateLimitExceeded"
"""The reason when the account has leases left, but no more calls this second. Source: spec limits.md §2."""

RESERVED_RATE: Final = "ReservedFunctionInvocationRateLimitExceeded"
"""The reason when the function has leases of its own left, but no more calls this second."""

RATE_RETRY_AFTER_S: Final = 1
"""The next call may be made in a tenth of a second at most; AWS's member is in whole seconds."""


class Leases(Protocol):
    """What a route takes its leases from."""

    def take(self) -> bool:
        """Take a lease for a synchronous call; False when none is left, or no call in this second."""
        ...

    def take_for_event(self) -> bool:
        """Take a lease for an asynchronous call; False when none is left."""
        ...

    def give_back(self) -> None:
        """Give a lease back."""
        ...

    def refusal(self) -> Throttled:
        """What a caller is told when `take` was False."""
        ...


class Quota:
    """How many invocations that count together may run at once, and how many may be called in a second.

    Args:
        limit: most leases out at once.
        reason: AWS's, for whom is refused for want of a lease.
        rate_reason: AWS's, for whom is refused although there are leases.
        now: gives seconds of a clock that never jumps.

    Attributes:
        limit: changed by `resize`; may come to be less than `in_use`, then nothing is given out until enough
            came back.
        in_use: leases out now.
        most: of them since the last look.
        calls: synchronous calls that may be made now.
        is_stopped: the limit is 0 because that is what was reserved.
    """

    __slots__ = ("calls", "in_use", "is_stopped", "limit", "most", "rate_reason", "reason")

    def __init__(self, limit: int, reason: str, rate_reason: str, now: Callable[[], float]) -> None:
        self.limit = limit
        self.reason = reason
        self.rate_reason = rate_reason
        self.in_use = self.most = 0
        self.calls = Calls(now)
        self.is_stopped = False

    def resize(self, limit: int) -> None:
        """Have another limit from the next lease and call on."""
        if limit != self.limit:
            self.calls.put_back(self.limit)
            self.limit = limit

    def look(self) -> int:
        """Most leases out at once since the last look."""
        most, self.most = max(self.most, self.in_use), self.in_use
        return most

    def refusal(self) -> Throttled:
        """Why no lease was given just now."""
        if self.is_stopped:
            return Stopped(self.reason)
        if self.in_use >= self.limit:
            return Throttled(self.reason)
        return Throttled(self.rate_reason, RATE_RETRY_AFTER_S)
