"""Concurrency leases per account and region.

A lease is a number in a counter, taken before and given back after each invocation: nothing to
look up and nothing to leak but the call itself, which `frontend.invoke` makes in one place.
"""

from __future__ import annotations

from lambdad.domain.errors import Throttled


class Quota:
    """How many invocations of one account and region may run at once.

    Attributes:
        limit: most leases out at once.
        in_use: leases out now.
    """

    __slots__ = ("in_use", "limit")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_use = 0

    def take(self) -> bool:
        """Take a lease; False when none is left."""
        if self.in_use >= self.limit:
            return False
        self.in_use += 1
        return True

    def give_back(self) -> None:
        """Give a lease back."""
        if self.in_use <= 0:
            raise RuntimeError("a lease was given back twice")
        self.in_use -= 1


def account_exhausted() -> Throttled:
    """What a caller is told when the account's concurrency is used up (spec limits §2)."""
    return Throttled("ConcurrentInvocationLimitExceeded")
