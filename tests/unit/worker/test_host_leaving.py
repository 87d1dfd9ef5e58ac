"""What an environment held counts as taken until nothing is left of it, and then somebody is told."""

from __future__ import annotations

import asyncio

from tests.fakes.stage import Stage


async def ready(stage: Stage) -> None:
    stage.start()
    await stage.made()
    await settled()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_it_counts_until_it_is_removed_and_news_comes_then() -> None:
    stage = Stage()
    await ready(stage)
    gate = asyncio.Event()
    destroy = stage.sandbox.destroy

    async def slowly() -> None:
        await gate.wait()
        await destroy()

    stage.sandbox.destroy = slowly  # type: ignore[method-assign]
    stage.environment.retire()
    await settled()
    assert (stage.host.leaving, stage.left) == (1, [])
    gate.set()
    await stage.environment.no_more()
    await settled()
    assert (stage.host.leaving, stage.left) == (0, [0])
    await stage.host.close()


async def test_one_that_could_not_be_made_is_gone_at_once() -> None:
    stage = Stage()
    stage.factory.fail_with = OSError("no")
    stage.start()
    await settled()
    assert len(stage.owner.gone) == 1
    assert stage.host.leaving == 0
