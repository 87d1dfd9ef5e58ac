"""Whatever happens to a stream, its function and its server, every record is seen, and each key in order."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from typing import Any

import pytest

from lambdad.domain.errors import Throttled
from lambdad.domain.outcome import Outcome
from lambdad.sources.streams.poller import StreamPoller
from tests.fakes.queue_stage import FAILED
from tests.fakes.service_faults import Faults
from tests.fakes.stream_stage import StreamStage, texts_of

KEYS = "abcdefgh"
STEPS = 40


class History:
    """A stream under a sequence of accidents, decided by a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.stage = StreamStage(shards=self.chance.choice((1, 3)))
        self.settings: dict[str, Any] = {
            "BatchSize": self.chance.choice((1, 4, 100)),
            "ParallelizationFactor": self.chance.choice((1, 1, 3)),
            "BisectBatchOnFunctionError": self.chance.random() < 0.5,
        }
        self.numbers: dict[str, int] = defaultdict(int)
        self.done: dict[str, list[int]] = defaultdict(list)
        self.stage.functions.answer = self.answer
        self.is_calm = False
        self.kept: dict[str, Any] = {}
        self.poller = self.stage.poller(**self.settings)

    def answer(self, event: dict[str, Any]) -> Any:
        roll = 1.0 if self.is_calm else self.chance.random()
        if roll < 0.15:
            return FAILED
        if roll < 0.25:
            return Throttled("ConcurrentInvocationLimitExceeded")
        for text in texts_of(event):
            self.done[text[0]].append(int(text[1:]))
        # What the function did is done, also when nobody hears of it any more.
        return None if roll < 0.35 else Outcome(b"null")

    async def step(self) -> None:
        stage, chance = self.stage, self.chance
        self.kept = {name: dict(states) for name, states in stage.checkpoints.states.items()}
        for _ in range(chance.randrange(6)):
            key = chance.choice(KEYS)
            stage.put(f"{key}{self.numbers[key]}", key=key)
            self.numbers[key] += 1
        roll = chance.random()
        if roll < 0.1:
            await self.kill()
        elif roll < 0.15:
            await self.restart()
        elif roll < 0.25:
            self.reshard()
            if chance.random() < 0.5:  # so that children are seen before their parents are read to the end
                await self.kill()
        elif roll < 0.3:
            stage.kinesis.log.expire()
        elif roll < 0.35:
            stage.kinesis.log.faults = Faults(chance.choice(("throttled", "down", "garbage")), times=3)
        while stage.functions.held and chance.random() < 0.7:
            stage.functions.end(Outcome(b"null"))
        await stage.pass_by(chance.choice((0.1, 1, 3)))

    def reshard(self) -> None:
        stage = self.stage
        shards = stage.shards()
        is_open = [
            at for at, one in enumerate(shards) if "EndingSequenceNumber" not in one["SequenceNumberRange"]
        ]
        neighbours = [
            (one, other)
            for one in is_open
            for other in is_open
            if int(shards[one]["HashKeyRange"]["EndingHashKey"]) + 1
            == int(shards[other]["HashKeyRange"]["StartingHashKey"])
        ]
        if neighbours and self.chance.random() < 0.5:
            stage.merge(*self.chance.choice(neighbours))
        else:
            stage.split(self.chance.choice(is_open))

    async def kill(self) -> None:
        """End a server at once; the last checkpoints may not have reached the disk."""
        await ended(self.poller)
        self.stage.functions.held.clear()
        if self.chance.random() < 0.5:
            self.stage.checkpoints.states = self.kept
        self.poller = self.stage.poller(**self.settings)

    async def restart(self) -> None:
        """End a server as it should, with another number of lanes afterwards."""
        stopping = asyncio.create_task(self.poller.stop())
        while not stopping.done():
            await self.stage.pass_by(0.1)
            while self.stage.functions.held:
                self.stage.functions.end(Outcome(b"null"))
        self.settings["ParallelizationFactor"] = self.chance.choice((1, 3))
        self.poller = self.stage.poller(**self.settings)


async def ended(poller: StreamPoller) -> None:
    """Cancel everything that a poller runs."""
    names = (f"mapping {poller.mapping.uuid}", "lane of ", "shard ")
    tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith(names)]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("seed", range(6))
async def test_every_record_is_seen_and_each_key_in_order(seed: int):
    history = History(seed)
    for _ in range(STEPS):
        await history.step()
    history.is_calm = True
    history.stage.kinesis.log.faults = Faults()
    for _ in range(10):
        while history.stage.functions.held:
            history.stage.functions.end(Outcome(b"null"))
        await history.stage.pass_by(30)
    await history.poller.stop()
    for key, count in history.numbers.items():
        firsts = list(dict.fromkeys(history.done[key]))
        assert firsts == list(range(count)), key
    assert history.stage.holding.held_bytes >= 0
