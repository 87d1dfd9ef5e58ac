"""How fast counters grow that CloudWatch keeps by minute: per second, over the last seconds.

Pure; `now` is a value. A reading has the counts of the last minutes, the newest of them still growing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

WINDOW_S = 10.0
"""What is shown is the rate of so many seconds: calm, and yet of now."""
MINUTE_S = 60


class Rate:
    """The rate of one counter."""

    def __init__(self) -> None:
        self._last: Mapping[int, float] | None = None
        self._grown: deque[tuple[float, float]] = deque()

    def read(self, now_s: float, counts: Mapping[int, float], floor_s: int) -> float:
        """Take a reading: counts by the second, since 1970, at which their minute began.

        `floor_s` is when the oldest minute that was asked for began. The first reading can only say the
        average since then.
        """
        before, self._last = self._last, dict(counts)
        if before is None:
            self._grown.append((now_s, 0.0))
            return sum(counts.values()) / max(1.0, now_s - floor_s)
        grown = sum(max(0.0, count - before.get(minute, 0.0)) for minute, count in counts.items())
        self._grown.append((now_s, grown))
        while len(self._grown) > 2 and now_s - self._grown[1][0] >= WINDOW_S:
            self._grown.popleft()
        span = now_s - self._grown[0][0]
        # What the first of them had grown by lies before the window.
        return sum(grown for _, grown in list(self._grown)[1:]) / span if span > 0 else 0.0
