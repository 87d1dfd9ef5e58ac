"""How many events run at once, of all lanes together: whoever comes finds room, whatever the others do.

Each lane that has events under way gets as much as would be left for one more: alone half of what there is,
one of two a third. So functions with slow handlers never fill the host, however many of them there are, as
long as there are fewer than it holds.
"""

from __future__ import annotations


class Room:
    """Shared by all lanes.

    Args:
        most: events at once; beyond so many the host, or the account, refuses.

    Attributes:
        busy: lanes with events under way.
    """

    __slots__ = ("_most", "busy")

    def __init__(self, most: int) -> None:
        self._most = most
        self.busy = 0

    @property
    def share(self) -> int:
        """How many events one lane may have under way now."""
        return max(1, self._most // (self.busy + 1))
