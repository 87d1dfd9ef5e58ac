"""Checkpoints in memory: `ports.checkpoint_store.CheckpointStore`."""

from __future__ import annotations

from collections.abc import Sequence

from lambdad.domain.stream_record import ShardState


class FakeCheckpoints:
    """Keeps the last state of each shard.

    Attributes:
        writes: how often a state was kept.
    """

    def __init__(self) -> None:
        self.states: dict[str, dict[str, ShardState]] = {}
        self.writes = 0

    async def read(self, mapping: str) -> list[ShardState]:
        return [state for _, state in sorted(self.states.get(mapping, {}).items())]

    def keep(self, mapping: str, state: ShardState) -> None:
        self.writes += 1
        self.states.setdefault(mapping, {})[state.shard] = state

    async def replace(self, mapping: str, states: Sequence[ShardState]) -> None:
        self.states[mapping] = {state.shard: state for state in states}

    async def flush(self) -> None:
        """All is kept."""
