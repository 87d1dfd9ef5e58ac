"""Where to begin to read a shard, and which of its records are settled; pure."""

from __future__ import annotations

from collections import deque
from typing import Final

from lambdad.domain.stream_record import Position, ShardState
from lambdad.sources.streams.lineage_of_shards import AT_TIMESTAMP, LATEST, TRIM_HORIZON

_AFTER: Final = "AFTER_SEQUENCE_NUMBER"
_STILL_LATEST_S: Final = 2.0  # so long after that moment the end of a shard is still where it was


def position(state: ShardState, read: str | None, now_s: float, skew_s: float, *, is_new: bool) -> Position:
    """Where to begin.

    Args:
        state: of the shard.
        read: sequence number of the last record that was read; None when none was.
        now_s: seconds since the epoch.
        skew_s: by how much the clock of the stream may differ.
        is_new: nobody has begun to read it since the stream was first looked at.
    """
    since_s = state.since_s
    if read is not None:
        return Position(_AFTER, read)
    if since_s is None:
        return Position(TRIM_HORIZON)
    if state.start != LATEST:
        return Position(AT_TIMESTAMP, at_s=since_s)
    if is_new and now_s - since_s < _STILL_LATEST_S:
        return Position(LATEST)
    return Position(AT_TIMESTAMP, at_s=since_s - skew_s)


class Order:
    """Records that were read and may not be settled, in the order of their shard."""

    def __init__(self) -> None:
        self._records: deque[tuple[int, str]] = deque()
        self.last = 0

    def __len__(self) -> int:
        return len(self._records)

    def add(self, sequence: str) -> int:
        """One more; its ordinal."""
        self.last += 1
        self._records.append((self.last, sequence))
        return self.last

    def settled(self, first: int) -> str | None:
        """Let go of those before an ordinal; the sequence number of the last of them, None without any."""
        found = None
        while self._records and self._records[0][0] < first:
            found = self._records.popleft()[1]
        return found
