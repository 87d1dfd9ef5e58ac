"""What one environment may hold of the server: connections, and bytes of unfinished requests.

Counted over all its listeners, so that hostile code can exhaust its own share only.
"""

from __future__ import annotations

from lambdad.domain.limits import MAX_ENVIRONMENT_BODY_BYTES, MAX_ENVIRONMENT_CONNECTIONS


class ConnectionCount:
    """The share of one environment.

    Attributes:
        open: connections it holds.
        held_bytes: of request bodies that are held for it.
    """

    __slots__ = ("held_bytes", "open")

    def __init__(self) -> None:
        self.open = 0
        self.held_bytes = 0

    def admit(self) -> bool:
        """Count one more; False (and not counted) when the environment has its share."""
        if self.open >= MAX_ENVIRONMENT_CONNECTIONS:
            return False
        self.open += 1
        return True

    def leave(self) -> None:
        """One less."""
        self.open -= 1

    def hold(self, count: int) -> bool:
        """Hold `count` more bytes; False (and not counted) when that is over its share."""
        if self.held_bytes + count > MAX_ENVIRONMENT_BODY_BYTES:
            return False
        self.held_bytes += count
        return True

    def release(self, count: int) -> None:
        """`count` bytes less."""
        self.held_bytes -= count
