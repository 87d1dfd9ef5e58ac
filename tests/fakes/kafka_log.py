"""Records of a broker of Kafka in memory, as batches that producers made; only their offsets are the broker's."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from aiokafka.record import MemoryRecords

_HEAD = struct.Struct(">qi")  # the first offset, and how many bytes follow
_COUNT = struct.Struct(">i")  # offset of the last record behind the first
_COUNT_AT = 23
_NEWEST, _OLDEST = -1, -2


@dataclass(slots=True)
class PartitionLog:
    """One partition.

    Attributes:
        start: the oldest offset that is still there.
        end: the offset behind the last record.
        batches: first offset, offset behind the last, and bytes of each.
    """

    start: int = 0
    end: int = 0
    batches: list[tuple[int, int, bytes]] = field(default_factory=list)

    def append(self, batches: bytes) -> int:
        """Keep batches; the offset of their first record."""
        first = self.end
        for batch in _batches(batches):
            count = _COUNT.unpack_from(batch, _COUNT_AT)[0] + 1
            kept = struct.pack(">q", self.end) + batch[8:]
            self.batches.append((self.end, self.end + count, kept))
            self.end += count
        return first

    def read(self, offset: int, most: int) -> bytes:
        """Batches from that of an offset on, at least one when there is any."""
        found: list[bytes] = []
        for at in range(self._behind(offset), len(self.batches)):
            batch = self.batches[at][2]
            if found and len(batch) > most:
                break
            found.append(batch)
            most -= len(batch)
        return b"".join(found)

    def at(self, moment_ms: int) -> tuple[int, int]:
        """Time and offset of the first record since a moment, or of the ends; -1 when none is so young."""
        if moment_ms in (_NEWEST, _OLDEST):
            return -1, self.end if moment_ms == _NEWEST else self.start
        for _, _, batch in self.batches:
            records = MemoryRecords(batch)
            while (one := records.next_batch()) is not None:
                for record in one:
                    if record.timestamp >= moment_ms and record.offset >= self.start:
                        return record.timestamp, record.offset
        return -1, -1

    def trim(self) -> None:
        """Lose everything, as by age."""
        self.start = self.end
        self.batches.clear()

    def _behind(self, offset: int) -> int:
        low, high = 0, len(self.batches)
        while low < high:
            middle = (low + high) // 2
            if self.batches[middle][1] <= offset:
                low = middle + 1
            else:
                high = middle
        return low


def _batches(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = _HEAD.size + _HEAD.unpack_from(data, at)[1]
        yield data[at : at + size]
        at += size
