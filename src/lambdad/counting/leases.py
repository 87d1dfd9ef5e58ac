"""Concurrency leases.

A lease is a number in a counter, taken before and given back after each invocation: nothing to
look up and nothing to leak but the call itself, which `frontend.invoke` makes in one place.
"""

from __future__ import annotations

from typing import Final, Protocol

from lambdad.domain.errors import Throttled

ACCOUNT_EXHAUSTED: Final = "ConcurrentInvocationLimitExceeded"
"""The reason of a refusal when what the account shares is used up. Source: spec limits.md §2."""

RESERVED_EXHAUSTED: Final = "ReservedFunctionConcurrentInvocationLimitExceeded"
"""The reason when a function's own is used up, or is 0. Source: spec limits.md §2."""


class Leases(Protocol):
    """What a route takes its leases from."""

    def take(self) -> bool:
        """Take a lease; False when none is left."""
        ...

    def give_back(self) -> None:
        """Give a lease back."""
        ...

    def refusal(self) -> Throttled:
        """What a caller is told when `take` was False."""
        ...


class Quota:
    """How many invocations that count together may run at once.

    Args:
        limit: most leases out at once.
        reason: AWS's, for whom is refused.

    Attributes:
        limit: may come to be less than `in_use`; then nothing is given out until enough came back.
        in_use: leases out now.
    """

    __slots__ = ("in_use", "limit", "reason")

    def __init__(self, limit: int, reason: str) -> None:
        self.limit = limit
        self.reason = reason
        self.in_use = 0
