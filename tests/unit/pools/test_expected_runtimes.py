"""A function that is made or changed lets blanks of its runtime wait, and never more than that happens."""

from __future__ import annotations

import asyncio
import logging

import pytest

from lambdad.composition.expected import Expected
from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.scope import Scope
from tests.fakes.blanks import settle
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.worker import version_of

SCOPE = Scope()


class Looking:
    """The part of a maker that is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails: EnvironmentUnavailable | None = None
        self.held = asyncio.Event()
        self.held.set()

    async def expect(self, runtime: str) -> None:
        self.asked.append(runtime)
        await self.held.wait()
        if self.fails is not None:
            raise self.fails


@pytest.fixture
async def catalogue() -> FakeCatalogue:
    made = FakeCatalogue()
    await made.create(version_of("mine", runtime="nodejs22.x"), {})
    await made.create(version_of("image", runtime=None), {})
    return made


def expected(catalogue: FakeCatalogue, maker: Looking) -> Expected:
    return Expected(catalogue, maker)  # type: ignore[arg-type]


async def test_the_runtime_of_a_changed_function_is_expected(catalogue: FakeCatalogue) -> None:
    maker = Looking()
    expected(catalogue, maker).changed(SCOPE, "mine")
    await settle()
    assert maker.asked == ["nodejs22.x"]


@pytest.mark.parametrize("name", ["image", "gone meanwhile"])
async def test_what_has_no_runtime_is_not_expected(catalogue: FakeCatalogue, name: str) -> None:
    maker = Looking()
    expected(catalogue, maker).changed(SCOPE, name)
    await settle()
    assert maker.asked == []


async def test_a_runtime_this_host_lacks_is_told_in_the_log_and_to_nobody_else(
    catalogue: FakeCatalogue, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    maker = Looking()
    maker.fails = EnvironmentUnavailable("No interpreter for nodejs22.x on this host")
    expected(catalogue, maker).changed(SCOPE, "mine")
    await settle()
    assert "mine is not expected: No interpreter for nodejs22.x on this host" in caplog.text


async def test_a_flood_of_changes_is_bounded_and_ends_with_the_server(catalogue: FakeCatalogue) -> None:
    maker = Looking()
    maker.held.clear()
    listener = expected(catalogue, maker)
    for _ in range(1_000):
        listener.changed(SCOPE, "mine")
    await settle()
    assert len(maker.asked) == 100
    await listener.close()
    maker.held.set()
    listener.changed(SCOPE, "mine")
    await settle()
    assert len(maker.asked) <= 101
