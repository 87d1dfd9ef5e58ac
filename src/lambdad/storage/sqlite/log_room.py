"""Asks those who hand over lines to wait while the disk is behind, and tells them when to go on."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Room:
    """Whether there is room, and who waits for it.

    Args:
        held_bytes: how much is held now; callable from any thread.
        behind_bytes: from this on there is no room; there is again at half of it.
    """

    def __init__(self, held_bytes: Callable[[], int], behind_bytes: int) -> None:
        self._held_bytes = held_bytes
        self._behind_bytes = behind_bytes
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = []

    def there_is(self, on_room: Callable[[], None]) -> bool:
        """True, or `on_room` will be called on the running loop."""
        if self._held_bytes() <= self._behind_bytes:
            return True
        with self._lock:  # look again: the other thread may just have made room
            if self._held_bytes() <= self._behind_bytes:
                return True
            self._waiting.append((asyncio.get_running_loop(), on_room))
        return False

    def look(self) -> None:
        """Something was stored or given up: tell who waits, if that made enough room."""
        with self._lock:
            if not self._waiting or self._held_bytes() > self._behind_bytes // 2:
                return
            waiting, self._waiting = self._waiting, []
        for loop, on_room in waiting:
            try:
                loop.call_soon_threadsafe(on_room)
            except RuntimeError:  # that loop is closed: nobody waits any more
                _log.debug("loop closed while an output waited for the log store")
