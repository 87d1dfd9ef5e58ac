"""What one environment may hold of the server: connections, and bytes of unfinished requests.

Counted over all its listeners, so that hostile code can exhaust its own share only: a few connections are
its own, more come out of what all share, as long as there is some.
"""

from __future__ import annotations

from lambdad.domain.limits import (
    MAX_ENVIRONMENT_BODY_BYTES,
    MAX_ENVIRONMENT_CONNECTIONS,
    OWN_CONNECTIONS,
)


class SharedConnections:
    """Connections that no environment has to itself; bounded by the server's descriptors.

    Args:
        limit: most of them at once.

    Attributes:
        left: those that nobody holds.
    """

    __slots__ = ("left",)

    def __init__(self, limit: int) -> None:
        self.left = limit

    def take(self) -> bool:
        """Take one; False when all are held."""
        if self.left <= 0:
            return False
        self.left -= 1
        return True

    def give_back(self) -> None:
        """Give one back."""
        self.left += 1


class ConnectionCount:
    """The share of one environment.

    Args:
        shared: where what is beyond its own few comes from; None sets no bound but its own.

    Attributes:
        open: connections it holds.
        held_bytes: of request bodies that are held for it.
    """

    __slots__ = ("_shared", "held_bytes", "open")

    def __init__(self, shared: SharedConnections | None = None) -> None:
        self._shared = shared
        self.open = 0
        self.held_bytes = 0

    def admit(self) -> bool:
        """Count one more; False (and not counted) when the environment has its share."""
        if self.open >= MAX_ENVIRONMENT_CONNECTIONS:
            return False
        if self.open >= OWN_CONNECTIONS and self._shared is not None and not self._shared.take():
            return False
        self.open += 1
        return True

    def leave(self) -> None:
        """One less."""
        self.open -= 1
        if self.open >= OWN_CONNECTIONS and self._shared is not None:
            self._shared.give_back()

    def hold(self, count: int) -> bool:
        """Hold `count` more bytes; False (and not counted) when that is over its share."""
        if self.held_bytes + count > MAX_ENVIRONMENT_BODY_BYTES:
            return False
        self.held_bytes += count
        return True

    def release(self, count: int) -> None:
        """`count` bytes less."""
        self.held_bytes -= count
