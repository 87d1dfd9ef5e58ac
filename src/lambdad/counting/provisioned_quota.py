"""Leases of a version with provisioned concurrency: its own first, then those of its function.

What is provisioned is taken out of what the function has or the account shares, used or not, so a version is
never throttled below it, and the others of a function whose concurrency is all provisioned are throttled.
Source: spec limits.md §1; localstack's test_reserved_provisioned_overlap, recorded from AWS.
"""

from __future__ import annotations

from lambdad.counting.function_quota import FunctionQuota
from lambdad.domain.errors import Throttled


class ProvisionedQuota:
    """A quota that spills over.

    Args:
        function: the leases of the function it is a version of.

    Attributes:
        limit: what is provisioned.
        in_use: leases out now that are its own, as many as there can be.
        spilled: leases out now that are the function's.
    """

    __slots__ = ("_function", "in_use", "limit", "spilled")

    def __init__(self, function: FunctionQuota) -> None:
        self._function = function
        self.limit = 0
        self.in_use = 0
        self.spilled = 0

    @property
    def function(self) -> FunctionQuota:
        """The leases of the function it is a version of."""
        return self._function

    def take(self) -> bool:
        """Take a lease; False when neither kind is left."""
        if self.in_use < self.limit:
            self.in_use += 1
            return True
        if not self._function.take():
            return False
        self.spilled += 1
        return True

    def give_back(self) -> None:
        """Give a lease back, one of the function's as long as there are any."""
        if self.spilled:
            self.spilled -= 1
            self._function.give_back()
            return
        if self.in_use <= 0:
            raise RuntimeError("a lease was given back twice")
        self.in_use -= 1

    def refusal(self) -> Throttled:
        """Says whose concurrency is used up."""
        return self._function.refusal()

    def provide(self, limit: int) -> None:
        """Have so many leases from now on; those that are out count as its own as far as there are any."""
        self._function.source.limit -= limit - self.limit
        self.limit = limit
        out = self.in_use + self.spilled
        spilled = max(out - limit, 0)
        self._function.adopt(spilled - self.spilled)
        self.spilled = spilled
        self.in_use = out - spilled
