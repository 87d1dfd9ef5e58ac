"""Environments that the test plays every part around."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from tests.fakes.stage import Stage, stages_of


@pytest.fixture
async def stages() -> AsyncIterator[Callable[..., Stage]]:
    async with stages_of(Stage) as make:
        yield make


@pytest.fixture
def stage(stages: Callable[..., Stage]) -> Stage:
    return stages()
