"""Runtimes that are expected: those of the functions there are, and of those that come."""

import asyncio

from lambdad.composition.expected import Expected
from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.scope import Scope
from tests.fakes.blanks import settled
from tests.fakes.catalogue import FakeCatalogue
from tests.fakes.worker import version_of


class FakeMaker:
    def __init__(self, *missing: str) -> None:
        self.missing = missing
        self.expected: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def expect(self, runtime: str) -> None:
        await self.gate.wait()
        if runtime in self.missing:
            raise EnvironmentUnavailable("no interpreter")
        self.expected.append(runtime)


async def catalogue_of(**runtimes):
    catalogue = FakeCatalogue()
    for name, runtime in runtimes.items():
        await catalogue.create(version_of(name, runtime=runtime), {})
    return catalogue


async def test_at_the_start_the_runtimes_of_all_functions_are_expected_but_for_missing_ones():
    catalogue = await catalogue_of(a="python3.13", b="nodejs22.x", c="python3.9", d="python3.13")
    maker = FakeMaker("nodejs22.x")
    expected = Expected(catalogue, maker)
    expected.begin()
    await settled()
    assert maker.expected == ["python3.13", "python3.9"]
    await expected.close()


async def test_the_runtime_of_a_function_that_is_made_or_changed_is_expected():
    maker = FakeMaker()
    expected = Expected(await catalogue_of(a="python3.13"), maker)
    expected.changed(Scope(), "a")
    expected.changed(Scope(), "deleted")
    await settled()
    assert maker.expected == ["python3.13"]
    await expected.close()


async def test_the_end_does_not_wait_for_what_is_looked_up():
    maker = FakeMaker()
    maker.gate.clear()
    expected = Expected(await catalogue_of(a="python3.13"), maker)
    expected.begin()
    expected.changed(Scope(), "a")
    await settled()
    await expected.close()
    assert maker.expected == []
