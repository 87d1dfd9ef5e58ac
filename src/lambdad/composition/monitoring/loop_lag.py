"""How late the event loop is: measured from the first time somebody asks."""

from __future__ import annotations

import asyncio

from lambdad.domain.limits import LOOP_LOOK_S


class LoopLag:
    """A timer that sees how late it is called.

    Attributes:
        last_s: the last time.
    """

    def __init__(self) -> None:
        self.last_s = 0.0
        self._most_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Measure from now on; nothing when that is done already."""
        if self._timer is None:
            self._set(asyncio.get_running_loop())

    def take_most(self) -> float:
        """The most since the last time this was asked."""
        most, self._most_s = self._most_s, 0.0
        return most

    def close(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, loop: asyncio.AbstractEventLoop) -> None:
        due = loop.time() + LOOP_LOOK_S
        self._timer = loop.call_at(due, self._look, loop, due)

    def _look(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.last_s = max(0.0, loop.time() - due)
        self._most_s = max(self._most_s, self.last_s)
        self._set(loop)
