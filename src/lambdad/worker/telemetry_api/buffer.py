"""A subscriber's records between their making and their delivery: bounded, every loss counted.

Pure. The rule: offered records = delivered ones + buffered ones + those a loss record tells of.
"""

from __future__ import annotations

from typing import NamedTuple


class Batch(NamedTuple):
    """What is delivered at once.

    Attributes:
        records: in order.
        size: of all records, in bytes.
        dropped_records: lost before these; 0 when none was.
        dropped_bytes: beside `dropped_records`.
    """

    records: list[bytes]
    size: int
    dropped_records: int
    dropped_bytes: int


class RecordBuffer:
    """Holds up to `max_items` records of up to twice `max_bytes`.

    Twice, because one line may be as long as the smallest `max_bytes`; subscribers are told to expect
    that ("2 * maxBytes + metadata" in AWS's developer guide).
    """

    __slots__ = ("_dropped_bytes", "_dropped_records", "_max_bytes", "_max_items", "_records", "_size")

    def __init__(self, max_items: int, max_bytes: int) -> None:
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._records: list[bytes] = []
        self._size = 0
        self._dropped_records = 0
        self._dropped_bytes = 0

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._size

    @property
    def has_any(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._records) or self._dropped_records > 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to deliver, however short the time since the last batch."""
        return len(self._records) >= self._max_items or self._size >= self._max_bytes

    def offer(self, record: bytes) -> None:
        """Take a record, or count it as lost."""
        size = len(record)
        if len(self._records) >= self._max_items or self._size + size > 2 * self._max_bytes:
            self._dropped_records += 1
            self._dropped_bytes += size
        else:
            self._records.append(record)
            self._size += size

    def take(self) -> Batch:
        """Everything there is; the buffer is empty afterwards."""
        batch = Batch(self._records, self._size, self._dropped_records, self._dropped_bytes)
        self._records = []
        self._size = self._dropped_records = self._dropped_bytes = 0
        return batch

    def give_up(self, batch: Batch) -> None:
        """A batch could not be delivered: its records are lost, and what it was to tell is not told yet."""
        self._dropped_records += len(batch.records) + batch.dropped_records
        self._dropped_bytes += batch.size + batch.dropped_bytes
