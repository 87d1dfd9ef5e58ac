"""Dates that do not jump: the wall clock of the start, and from then on the one that only goes forward.

Ages and delays must not change because somebody sets the clock; over a restart there is no other than the
wall clock.
"""

from __future__ import annotations

from lambdad.ports.clock import Clock


class SteadyClock:
    """Milliseconds since the epoch, as they were at the start plus what has passed since."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s = clock.now() - clock.monotonic()

    def now_ms(self) -> int:
        """Now."""
        return int((self._clock.monotonic() + self._offset_s) * 1000)
