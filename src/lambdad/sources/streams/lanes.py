"""The lanes of one shard: to which a record goes, and how far each of them is.

Lanes are cut by CRC-32 of the key. A lane that is further than the checkpoint of its shard says so, and one
whose batch fails says what was tried; with another number of lanes neither counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

from lambdad.domain.stream_record import ShardState, StreamRecord
from lambdad.sources.sequence_numbers import number_of
from lambdad.sources.streams.lane import Lane, WindowLane

if TYPE_CHECKING:
    from lambdad.sources.streams.shard_progress import ShardProgress

T = TypeVar("T")


class Lanes:
    """All lanes of a shard.

    Args:
        progress: of the shard.
        state: where to go on.
    """

    def __init__(self, progress: ShardProgress, state: ShardState) -> None:
        self._lanes = _made(progress, state)
        # By lane, up to which number its records are settled; lanes of another cut have none.
        self._skips = [-1 if lane.settled is None else number_of(lane.settled) for lane in self._lanes]

    def of(self, record: StreamRecord) -> tuple[Lane, bool]:
        """The lane of a record, and whether that had settled it before."""
        at = crc32(record.key.encode()) % len(self._lanes) if len(self._lanes) > 1 else 0
        skip = self._skips[at]
        return self._lanes[at], skip >= 0 and number_of(record.sequence) <= skip

    def wake(self) -> None:
        """Have each do what it can."""
        for lane in self._lanes:
            lane.wake()

    def tasks(self) -> list[asyncio.Task[None]]:
        """Of lanes that work."""
        return [lane.task for lane in self._lanes if lane.task is not None]

    def clear(self) -> None:
        """Forget what waits."""
        for lane in self._lanes:
            lane.waiting.clear()

    def forget_attempts(self) -> None:
        """What was tried says nothing of what is read now."""
        for lane in self._lanes:
            lane.unfinished = ()

    @property
    def are_at_rest(self) -> bool:
        """Whether nothing waits and nothing is open in any."""
        return all(lane.is_at_rest for lane in self._lanes)

    def oldest_s(self) -> float | None:
        """When the oldest record that waits was written; None when none does."""
        return min((lane.waiting[0].record.arrived_s for lane in self._lanes if lane.waiting), default=None)

    def first_ordinal(self, otherwise: int) -> int:
        """Of the first record of the shard that waits."""
        return min((lane.waiting[0].ordinal for lane in self._lanes if lane.waiting), default=otherwise)

    def kept(self, state: ShardState, settled: str | None, *, are_apart: bool) -> ShardState:
        """A state with how far the lanes are.

        Args:
            state: before.
            settled: sequence number up to which all lanes have settled every record.
            are_apart: some lane may be further.
        """
        lanes: tuple[str | None, ...] = ()
        if len(self._lanes) > 1 and are_apart:
            lanes = tuple(lane.settled for lane in self._lanes)
        unfinished = tuple(lane.unfinished for lane in self._lanes)
        return replace(
            state,
            settled=settled,
            lanes=lanes,
            window=self._lanes[0].window,
            unfinished=unfinished if any(unfinished) else (),
        )


def _made(progress: ShardProgress, state: ShardState) -> Sequence[Lane]:
    many = progress.settings.lanes
    unfinished = _by_lane(state.unfinished, many, ())
    if progress.settings.window_s:
        lane = WindowLane(progress, None, *unfinished)
        lane.window = state.window
        return [lane]
    settled = _by_lane(state.lanes, many, None)
    return [Lane(progress, *one) for one in zip(settled, unfinished, strict=True)]


def _by_lane(kept: tuple[T, ...], many: int, none: T) -> tuple[T, ...]:
    """What was kept of each; nothing of lanes of another cut."""
    return kept if len(kept) == many else (none,) * many
