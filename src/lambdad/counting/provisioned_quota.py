"""Leases of a version with provisioned concurrency: its own first, then those of its function.

What is provisioned is taken out of what the function has or the account shares, used or not, so a version is
never throttled below it, and the others of a function whose concurrency is all provisioned are throttled.
Calls beyond ten a second for each that is provisioned spill over as well.
Source: spec limits.md §1; localstack's test_reserved_provisioned_overlap, recorded from AWS; quotas page, "10
x allocated provisioned concurrency".
"""

from __future__ import annotations

from collections.abc import Callable

from lambdad.counting.function_quota import FunctionQuota
from lambdad.counting.rates import Calls
from lambdad.domain.errors import Throttled
from lambdad.domain.function import FunctionVersion


class ProvisionedQuota:
    """A quota that spills over.

    Args:
        function: the leases of the function it is a version of.
        version: whose they are.
        now: gives seconds of a clock that never jumps.

    Attributes:
        calls: synchronous calls that may be made now with its own.
        limit: what is provisioned.
        in_use: leases out now that are its own, as many as there can be.
        spilled: leases out now that are the function's.
        most: of its own since the last look.
        version: whose they are.
    """

    __slots__ = ("_function", "calls", "in_use", "limit", "most", "spilled", "version")

    def __init__(self, function: FunctionQuota, version: FunctionVersion, now: Callable[[], float]) -> None:
        self._function = function
        self.version = version
        self.calls = Calls(now)
        self.limit = 0
        self.in_use = self.most = 0
        self.spilled = 0

    @property
    def function(self) -> FunctionQuota:
        """The leases of the function it is a version of."""
        return self._function

    def take(self) -> bool:
        """Take a lease for a synchronous call; False when neither kind is left, or no call in this second."""
        if self.in_use < self.limit:
            calls = self.calls
            if calls.at_hand:
                calls.at_hand -= 1
                return self._takes_own()
            if calls.draw(self.limit):
                return self._takes_own()
        if not self._function.take():
            return False
        self.spilled += 1
        return True

    def take_for_event(self) -> bool:
        """Take a lease for an asynchronous call; False when neither kind is left."""
        if self.in_use < self.limit:
            return self._takes_own()
        if not self._function.take_for_event():
            return False
        self.spilled += 1
        return True

    def _takes_own(self) -> bool:
        self.in_use = out = self.in_use + 1
        self.most = max(self.most, out)
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

    def look(self) -> int:
        """Most of its own leases out at once since the last look."""
        most, self.most = max(self.most, self.in_use), self.in_use
        return most

    def refusal(self) -> Throttled:
        """Says whose concurrency or calls are used up."""
        return self._function.refusal()

    def provide(self, limit: int) -> None:
        """Have so many leases from now on; those that are out count as its own as far as there are any."""
        source = self._function.source
        source.resize(source.limit - limit + self.limit)
        if limit != self.limit:
            self.calls.put_back(self.limit)
            self.limit = limit
        out = self.in_use + self.spilled
        spilled = max(out - limit, 0)
        self._function.adopt(spilled - self.spilled)
        self.spilled = spilled
        self.in_use = out - spilled
