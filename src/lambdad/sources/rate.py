"""How many events a second, over the last seconds."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW_S: Final = 10


class Rate:
    """Counts by whole seconds and forgets what is older than `WINDOW_S`."""

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque(maxlen=WINDOW_S + 1)

    def add(self, count: int, now_s: float) -> None:
        """So many more; `now_s` is of a clock that never jumps."""
        second = int(now_s)
        if self._counts and self._counts[-1][0] == second:
            count += self._counts.pop()[1]
        self._counts.append((second, count))

    def per_s(self, now_s: float) -> float:
        """On average."""
        return sum(count for second, count in self._counts if second > now_s - WINDOW_S) / WINDOW_S
