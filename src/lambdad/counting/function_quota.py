"""Leases of one function, over all its versions: from what the account shares, or from its own.

A function with reserved concurrency takes leases from a quota of its own and from nothing else; another
takes them from its account's in this region. Which one it is may change while invocations run: their leases
go with the function, so that what runs is counted where the next one is. Source: spec limits.md §1.
"""

from __future__ import annotations

from collections.abc import Callable

from lambdad.counting.leases import Quota
from lambdad.domain.errors import Throttled
from lambdad.domain.scope import Scope


class FunctionQuota:
    """The leases of a function.

    Args:
        source: where they are taken from.
        scope: of the function.
        name: of the function.
        risen: is given this quota when it has leases out that nobody has looked at.

    Attributes:
        in_use: leases of the function that are out now and counted at `source`.
        most: of them since the last look.
    """

    __slots__ = ("__weakref__", "_risen", "_source", "in_use", "most", "name", "scope")

    def __init__(
        self, source: Quota, scope: Scope, name: str, risen: Callable[[FunctionQuota], object]
    ) -> None:
        self._source = source
        self.scope = scope
        self.name = name
        self._risen = risen
        self.in_use = self.most = 0

    @property
    def source(self) -> Quota:
        """Where leases are taken from."""
        return self._source

    def take(self) -> bool:
        """Take a lease for a synchronous call; False when none is left, or no call in this second."""
        source = self._source
        if source.in_use >= source.limit:
            return False
        calls = source.calls
        if calls.at_hand:
            calls.at_hand -= 1
        elif not calls.draw(source.limit):
            return False
        return self._takes_one()

    def take_for_event(self) -> bool:
        """Take a lease for an asynchronous call; False when none is left."""
        source = self._source
        if source.in_use >= source.limit:
            return False
        return self._takes_one()

    def _takes_one(self) -> bool:
        source = self._source
        source.in_use = out = source.in_use + 1
        if out > source.most:  # noqa: PLR1730 - a call of max costs more than all the rest
            source.most = out
        self.in_use = out = self.in_use + 1
        if out > self.most:
            if not self.most:
                self._risen(self)
            self.most = out
        return True

    def give_back(self) -> None:
        """Give a lease back."""
        if self.in_use <= 0:
            raise RuntimeError("a lease was given back twice")
        self.in_use -= 1
        self._source.in_use -= 1

    def look(self) -> int:
        """Most leases out at once since the last look."""
        most, self.most = max(self.most, self.in_use), self.in_use
        return most

    def refusal(self) -> Throttled:
        """Says whose concurrency or calls are used up."""
        return self._source.refusal()

    def take_from(self, source: Quota) -> None:
        """Take leases from another quota from now on; those that are out count there too."""
        self._source.in_use -= self.in_use
        source.in_use += self.in_use
        self._source = source

    def adopt(self, leases: int) -> None:
        """Count so many more leases (fewer when negative) that are out already."""
        self.in_use += leases
        self._source.in_use += leases
