"""Checkpoints of streams that are written while shards are looked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from lambdad.domain.outcome import Outcome
from lambdad.domain.stream_record import ShardState
from lambdad.sources.streams.poller import StreamPoller
from tests.fakes.checkpoints import FakeCheckpoints
from tests.fakes.queue_stage import HERE
from tests.fakes.stream_stage import StreamStage


class SlowCheckpoints(FakeCheckpoints):
    """Replaces states late, over whatever was kept meanwhile, as a writer may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_replace = asyncio.Event()
        self.waiting = 0

    async def replace(self, mapping: str, states: Sequence[ShardState]) -> None:
        self.waiting += 1
        await self.may_replace.wait()
        self.waiting -= 1
        await super().replace(mapping, states)


async def test_what_moves_while_new_shards_are_written_is_kept():
    stage, checkpoints = StreamStage(shards=2), SlowCheckpoints()
    checkpoints.may_replace.set()
    mapping = stage.mapping()
    poller = StreamPoller(HERE, mapping, replace(stage.tools, checkpoints=checkpoints))
    poller.start()
    await stage.pass_by(1)
    stage.functions.answer = lambda _: None
    sent = stage.kinesis.put("s", "k", b"a")
    [busy] = [
        one
        for one in stage.shards()
        if stage.kinesis.log.streams[stage.source].shards[one["ShardId"]].entries
    ]
    await stage.pass_by(2)
    checkpoints.may_replace.clear()
    stage.split(1 - stage.shards().index(busy))
    await stage.pass_by(12)
    assert checkpoints.waiting == 1
    stage.functions.end(Outcome(b"null"))
    await stage.pass_by(0)
    checkpoints.may_replace.set()
    await stage.pass_by(1)
    assert checkpoints.states[mapping.uuid][busy["ShardId"]].settled == sent
    await poller.stop()
