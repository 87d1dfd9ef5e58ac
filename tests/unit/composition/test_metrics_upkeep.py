"""Old metrics are rolled up again and again, step by step, whatever goes wrong in between."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lambdad.composition import metrics
from lambdad.domain.limits import METRIC_ROLL_UP_PAUSE_S, METRIC_ROLL_UP_S


class Store:
    """Has three steps to do each time, and fails in the second of its first time."""

    def __init__(self) -> None:
        self.steps: list[int] = []

    async def roll_up(self, after: int = 0) -> int | None:
        self.steps.append(after)
        if len(self.steps) == 2:
            raise RuntimeError("full")
        return after + 20 if after < 40 else None


async def test_every_look_goes_to_the_end_and_a_failure_ends_only_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store, slept = Store(), []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 6:
            raise asyncio.CancelledError

    monkeypatch.setattr(metrics.asyncio, "sleep", sleep)
    with caplog.at_level(logging.ERROR), pytest.raises(asyncio.CancelledError):
        await metrics.roll_up(store)
    assert store.steps == [0, 20, 0, 20, 40]
    look, pause = METRIC_ROLL_UP_S, METRIC_ROLL_UP_PAUSE_S
    assert slept == [look, pause, look, pause, pause, look]
    assert [record.message for record in caplog.records] == ["old metrics were not rolled up"]
