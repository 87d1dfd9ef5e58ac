"""Environments that the test plays every part around."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.fakes.stage import Stage


@pytest.fixture
async def stages() -> AsyncIterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(**changes: object) -> Stage:
        made.append(Stage(**changes))
        return made[-1]

    yield make
    for one in made:
        for caller in one.callers:
            caller.close()
        await one.host.close()
        await asyncio.sleep(0)


@pytest.fixture
def stage(stages: Callable[..., Stage]) -> Stage:
    return stages()
