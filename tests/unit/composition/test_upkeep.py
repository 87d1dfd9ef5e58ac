"""Upkeep goes on whatever happens to it once."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lambdad.composition.upkeep import repeated

LOG = logging.getLogger("lambdad.test")


@pytest.mark.asyncio
@pytest.mark.parametrize("waits", [False, True])
async def test_work_that_fails_is_logged_and_done_again(
    caplog: pytest.LogCaptureFixture, *, waits: bool
) -> None:
    times = 0
    enough = asyncio.Event()

    def once() -> None:
        nonlocal times
        times += 1
        if times == 3:
            enough.set()
        elif times == 2:
            raise ValueError("this once")

    async def later() -> None:
        once()

    task = asyncio.create_task(
        repeated(0.0, later if waits else once, LOG, "it was not done", {"event": "test.upkeep"})
    )
    await enough.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [(one.message, one.event) for one in caplog.records] == [  # type: ignore[attr-defined]
        ("it was not done", "test.upkeep")
    ]
