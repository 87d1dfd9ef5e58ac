"""How much of what was received is held in memory, of all mappings together."""

from __future__ import annotations

import asyncio


class Holding:
    """Counts bytes; whoever wants to receive waits while there are too many.

    Args:
        most_bytes: beyond so many nothing more is received; what was asked for before may exceed it.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._room = asyncio.Event()
        self._room.set()
        self.held_bytes = 0

    def add(self, size: int) -> None:
        """So much was received (negative: is settled)."""
        self.held_bytes += size
        if self.held_bytes < self._most:
            self._room.set()
        else:
            self._room.clear()

    @property
    def is_full(self) -> bool:
        """Whether nothing more is to be received."""
        return not self._room.is_set()

    async def room(self) -> None:
        """Wait until something may be received."""
        await self._room.wait()
