"""Leases of a version with provisioned concurrency: its own first, then those everybody shares.

What is provisioned is taken out of what the account shares, used or not, so a version is never throttled
below it. Source: spec limits.md §1.
"""

from __future__ import annotations

from lambdad.counting.leases import Quota


class ProvisionedQuota(Quota):
    """A quota that spills over.

    Args:
        limit: what is provisioned.
        shared: the account's in this region.

    Attributes:
        in_use: leases out now that are its own.
        spilled: leases out now that are shared ones.
    """

    __slots__ = ("_shared", "spilled")

    def __init__(self, limit: int, shared: Quota) -> None:
        super().__init__(limit)
        self._shared = shared
        self.spilled = 0

    def take(self) -> bool:
        """Take a lease; False when neither kind is left."""
        if super().take():
            return True
        if not self._shared.take():
            return False
        self.spilled += 1
        return True

    def give_back(self) -> None:
        """Give a lease back, a shared one as long as there are any."""
        if self.spilled:
            self.spilled -= 1
            self._shared.give_back()
        else:
            super().give_back()
