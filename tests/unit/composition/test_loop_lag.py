"""How late the loop is, as the loop's own timers tell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from lambdad.composition.monitoring.loop_lag import LoopLag


class Loop:
    """A loop whose time the test moves, and whose one timer it calls."""

    def __init__(self) -> None:
        self.now = 50.0
        self.due = 0.0
        self.timers = 0

    def time(self) -> float:
        return self.now

    def call_at(self, due: float, call: Callable[..., None], *arguments: object) -> None:
        self.timers += 1
        self.due, self._call = due, lambda: call(*arguments)

    def late(self, seconds: float) -> None:
        self.now = self.due + seconds
        self._call()


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    made = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


def test_the_worst_is_told_once_and_the_last_always(loop: Loop) -> None:
    lag = LoopLag()
    lag.begin()
    for seconds in (0.0, 0.25, 0.125):
        loop.late(seconds)
    assert (lag.last_s, lag.take_most(), lag.take_most()) == (0.125, 0.25, 0.0)


def test_nothing_is_measured_before_somebody_asks_and_then_once(loop: Loop) -> None:
    lag = LoopLag()
    assert loop.timers == 0
    lag.begin()
    assert loop.timers == 1
