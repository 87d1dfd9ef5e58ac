"""The snapshots of a host: kept, lent, made again, dropped."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import SNAPSHOT_RETRY_S
from lambdad.domain.snap_start import InitFailed, NotOptimised, Optimisation, Optimised
from lambdad.worker.environment.template import Template
from lambdad.worker.snapshots import Snapshots
from tests.fakes.snapshots import FakeImage
from tests.fakes.worker import FakeClock, version_of

BUDGET = 3_000


class FakeTemplate:
    """Stands for a `TemplateEnvironment`."""

    def __init__(self, version: FunctionVersion) -> None:
        self.version = version
        self.outcome: asyncio.Future[Template | NotOptimised | InitFailed] = asyncio.Future()
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True
        if not self.outcome.done():
            self.outcome.set_result(NotOptimised("stopped"))


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.started: list[FakeTemplate] = []
        self.snapshots = Snapshots(self._start, self.clock, BUDGET)  # type: ignore[arg-type]

    def _start(self, version: FunctionVersion) -> FakeTemplate:
        self.started.append(FakeTemplate(version))
        return self.started[-1]

    async def asks(self, count: int) -> FakeTemplate:
        async with asyncio.timeout(5):
            while len(self.started) < count:
                await asyncio.sleep(0)
        return self.started[count - 1]

    async def publish(self, version: FunctionVersion, size_bytes: int = 1_000) -> FakeImage:
        image = FakeImage(size_bytes)
        making = asyncio.create_task(self.snapshots.optimise(version))
        (await self.asks(len(self.started) + 1)).outcome.set_result(Template(image, {}))
        await making
        return image

    async def rest(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    yield made
    await made.snapshots.close()


def optimised(name: str = "hello") -> FunctionVersion:
    return version_of(
        name, version="1", runtime="python3.13", snap_start_apply_on="PublishedVersions", is_optimised=True
    )


async def test_what_was_made_is_lent_as_often_as_asked(scene: Scene) -> None:
    image = await scene.publish(optimised())
    for _ in range(3):
        loan = scene.snapshots.borrow(optimised())
        assert loan is not None
        assert loan.image is image
        loan.give_back()
    assert (scene.snapshots.count, scene.snapshots.size_bytes) == (1, 1_000)


@pytest.mark.parametrize("outcome", [NotOptimised("no"), InitFailed("Runtime.ExitError")])
async def test_how_it_ended_otherwise_is_told(scene: Scene, outcome: Optimisation) -> None:
    making = asyncio.create_task(scene.snapshots.optimise(optimised()))
    template = await scene.asks(1)
    assert not isinstance(outcome, Optimised)
    template.outcome.set_result(outcome)
    assert await making == outcome
    assert scene.snapshots.count == 0


async def test_after_a_restart_one_is_made_beside_and_only_once(scene: Scene) -> None:
    assert scene.snapshots.borrow(optimised()) is None
    assert scene.snapshots.borrow(optimised()) is None
    template = await scene.asks(1)
    template.outcome.set_result(Template(FakeImage(), {}))
    await scene.rest()
    assert scene.snapshots.borrow(optimised()) is not None
    assert len(scene.started) == 1


async def test_a_version_that_was_never_optimised_gets_none(scene: Scene) -> None:
    version = version_of(version="1", runtime="python3.13", snap_start_apply_on="PublishedVersions")
    assert scene.snapshots.borrow(version) is None
    await scene.rest()
    assert scene.started == []


async def test_snapshots_are_made_again_one_at_a_time(scene: Scene) -> None:
    scene.snapshots.borrow(optimised("one"))
    scene.snapshots.borrow(optimised("two"))
    await scene.asks(1)
    await scene.rest()
    assert len(scene.started) == 1
    scene.started[0].outcome.set_result(Template(FakeImage(), {}))
    assert (await scene.asks(2)).version.name == "two"


async def test_after_a_failure_there_is_a_pause(scene: Scene) -> None:
    scene.snapshots.borrow(optimised())
    (await scene.asks(1)).outcome.set_result(InitFailed("Runtime.ExitError"))
    await scene.rest()
    scene.snapshots.borrow(optimised())
    await scene.rest()
    assert len(scene.started) == 1
    scene.clock.time += SNAPSHOT_RETRY_S
    scene.snapshots.borrow(optimised())
    await scene.asks(2)


async def test_a_useless_one_is_closed_once_nobody_uses_it_and_made_again(scene: Scene) -> None:
    image = await scene.publish(optimised())
    one, other = scene.snapshots.borrow(optimised()), scene.snapshots.borrow(optimised())
    assert one is not None
    assert other is not None
    one.is_useless("its fork server has ended")
    other.is_useless("its fork server has ended")
    one.give_back()
    one.give_back()
    assert not image.is_closed
    other.give_back()
    assert image.is_closed
    await scene.asks(2)
    await scene.rest()
    assert len(scene.started) == 2


async def test_the_one_unused_for_longest_goes_when_memory_is_used_up(scene: Scene) -> None:
    first = await scene.publish(optimised("one"), 1_400)
    second = await scene.publish(optimised("two"), 1_400)
    loan = scene.snapshots.borrow(optimised("one"))
    assert loan is not None
    loan.give_back()
    await scene.publish(optimised("three"), 1_400)
    assert (first.is_closed, second.is_closed) == (False, True)
    assert scene.snapshots.size_bytes <= BUDGET


async def test_one_that_is_larger_than_all_may_be_is_refused(scene: Scene) -> None:
    image = FakeImage(BUDGET + 1)
    making = asyncio.create_task(scene.snapshots.optimise(optimised()))
    (await scene.asks(1)).outcome.set_result(Template(image, {}))
    assert isinstance(await making, NotOptimised)
    assert image.is_closed


@pytest.mark.parametrize("version", [None, "1"])
async def test_a_deleted_version_has_none(scene: Scene, version: str | None) -> None:
    image = await scene.publish(optimised())
    scene.snapshots.forget(optimised().scope, "other", version)
    scene.snapshots.forget(optimised().scope, "hello", "2")
    assert not image.is_closed
    scene.snapshots.forget(optimised().scope, "hello", version)
    assert image.is_closed


async def test_a_version_deleted_while_one_is_made_has_none(scene: Scene) -> None:
    image = FakeImage()
    making = asyncio.create_task(scene.snapshots.optimise(optimised()))
    template = await scene.asks(1)
    template.outcome.set_result(Template(image, {}))
    scene.snapshots.forget(optimised().scope, "hello")
    await making
    assert image.is_closed
    assert scene.snapshots.count == 0


async def test_a_version_deleted_during_its_init_is_initialised_no_longer(scene: Scene) -> None:
    making = asyncio.create_task(scene.snapshots.optimise(optimised()))
    template = await scene.asks(1)
    scene.snapshots.forget(optimised().scope, "hello")
    assert template.stopped
    assert isinstance(await making, NotOptimised)


async def test_a_version_deleted_before_its_turn_is_not_initialised(scene: Scene) -> None:
    scene.snapshots.borrow(optimised("one"))
    scene.snapshots.borrow(optimised("two"))
    await scene.asks(1)
    scene.snapshots.forget(optimised().scope, "two")
    scene.started[0].outcome.set_result(Template(FakeImage(), {}))
    await scene.rest()
    assert [one.version.name for one in scene.started] == ["one"]


async def test_the_end_of_the_server_closes_all_and_stops_what_is_made(scene: Scene) -> None:
    image = await scene.publish(optimised("one"))
    scene.snapshots.borrow(optimised("two"))
    template = await scene.asks(2)
    await scene.snapshots.close()
    assert image.is_closed
    assert template.stopped
