"""Whether names resolve: asked once, remembered, and never waited for."""

from __future__ import annotations

import asyncio

import pytest

from lambdad.composition import names
from lambdad.composition.names import Names
from tests.fakes.moments import FakeClock


class Resolver:
    """Stands in for `getaddrinfo` of the loop."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.known: set[str] = set()
        self.hangs = False

    async def __call__(self, host: str, port: object) -> list[object]:
        self.asked.append(host)
        if self.hangs:
            await asyncio.Event().wait()
        if host not in self.known:
            raise OSError("no such name")
        return [object()]


@pytest.fixture
async def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    made = Resolver()
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", made, raising=False)
    return made


async def test_a_name_that_resolves_is_asked_for_once(resolver: Resolver) -> None:
    resolver.known.add("names.lambda-url.localhost")
    resolves = Names(FakeClock())
    assert await resolves("localhost")
    assert await resolves("localhost")
    assert resolver.asked == ["names.lambda-url.localhost"]


async def test_a_name_that_does_not_is_asked_for_again_after_a_minute(resolver: Resolver) -> None:
    clock = FakeClock()
    resolves = Names(clock)
    assert not await resolves("localhost")
    resolver.known.add("names.lambda-url.localhost")
    clock.now_s += 59
    assert not await resolves("localhost")
    clock.now_s += 1
    assert await resolves("localhost")


async def test_a_resolver_that_hangs_is_not_waited_for(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "WITHIN_S", 0.01)
    resolver.hangs = True
    assert not await Names(FakeClock())("localhost")


async def test_what_can_be_no_name_does_not_resolve() -> None:
    assert not await Names(FakeClock())("x" * 70 + ".example")
