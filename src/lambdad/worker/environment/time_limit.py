"""The function's timeout of an environment, as one timer that is looked at when it fires.

Before: `endings` can reset it. After: `events` sets a limit for every event and says what its end means.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod

from lambdad.worker.environment.endings import Endings

_CLOCK_GRAIN_S = 0.001
"""The loop's timers are good to a millisecond."""


class TimeLimited(Endings):
    """An environment whose events take a limited time."""

    __slots__ = ()

    def _limit(self, seconds: float) -> None:
        """Call `_timed_out` after this time, unless the deadline is taken back before.

        A timer that is set stays: making and closing one for every event costs more than looking at
        the clock when it fires. It never fires too late, because one environment's time is always
        the same.
        """
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + seconds
        if self._timer is None:
            self._timer = loop.call_later(seconds, self._look_at_clock)

    def _look_at_clock(self) -> None:
        self._timer = None
        if self._deadline is None:
            return
        loop = asyncio.get_running_loop()
        left = self._deadline - loop.time()
        if left > _CLOCK_GRAIN_S:
            self._timer = loop.call_later(left, self._look_at_clock)
        else:
            self._deadline = None
            self._timed_out()

    @abstractmethod
    def _timed_out(self) -> None: ...
