"""Time as a value: whoever needs `now` is given a clock."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Two clocks: one for dates and one for durations."""

    def now(self) -> float:
        """Seconds since the epoch; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds of a clock that never jumps."""
        ...
