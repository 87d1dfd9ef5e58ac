"""What the invocation path has handed over and the disk does not have yet.

`put` runs on the event loop and is an append; the rest runs in the writer's thread. What is held is
bounded: beyond it lines are dropped and counted, and a line in the stream says how many.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from sqlite3 import Connection

from lambdad.domain.limits import MAX_PENDING_LOG_BYTES
from lambdad.domain.platform_log import InvocationRecord, LogLine, lines_of
from lambdad.ports.log_store import StreamKey

_log = logging.getLogger(__name__)
_ITEM_BYTES = 500  # roughly what an item costs besides its text
_SLICE = 32  # items formatted before the interpreter is given to the event loop
_YIELD_S = 0.000_05

Batch = dict[StreamKey, list[LogLine]]


class LogIntake:
    """The background of the log store's writer.

    Args:
        store: writes a batch.
        stored: told of a batch that is on disk.
        lost: told that what `store` wrote was taken back.
        now: seconds since the epoch.
        max_bytes: held before lines are dropped.
    """

    def __init__(
        self,
        store: Callable[[Connection, Batch], None],
        stored: Callable[[], None],
        lost: Callable[[], None],
        now: Callable[[], float],
        max_bytes: int = MAX_PENDING_LOG_BYTES,
    ) -> None:
        self._store = store
        self._stored = stored
        self._lost = lost
        self._now = now
        self._max_bytes = max_bytes
        self._items: deque[tuple[StreamKey, InvocationRecord | Sequence[LogLine], int]] = deque()
        self._taken_bytes = 0  # written by the loop only
        self._done_bytes = 0  # written by the writer's thread only
        self._dropped: Counter[StreamKey] = Counter()  # ever, written by the loop only
        self._told: Counter[StreamKey] = Counter()  # of these, told in their streams
        self._batch: Batch = {}
        self._batch_bytes = 0
        self.wake: Callable[[], None] = _nobody
        self._awake = False

    def put(self, stream: StreamKey, item: InvocationRecord | Sequence[LogLine]) -> None:
        """Take lines or a record; never blocks, never fails."""
        size = _size(item)
        if self._taken_bytes - self._done_bytes + size > self._max_bytes:
            self._dropped[stream] += len(_own_lines(item)) or 1
        else:
            self._taken_bytes += size
            self._items.append((stream, item, size))
        if not self._awake:
            self._awake = True
            self.wake()

    def take(self) -> bool:
        """Turn everything there is into lines by stream."""
        self._awake = False  # before looking: whoever comes later wakes us again
        batch: Batch = {}
        items = self._items
        for count in range(len(items)):
            stream, item, size = items.popleft()
            self._batch_bytes += size
            batch.setdefault(stream, []).extend(_lines(item))
            if count % _SLICE == _SLICE - 1:
                time.sleep(_YIELD_S)
        for stream, dropped in self._take_dropped():
            batch.setdefault(stream, []).append(self._marker(dropped))
        self._batch = batch
        return bool(batch)

    def store(self, connection: Connection) -> None:
        """Write the batch."""
        self._store(connection, self._batch)

    def stored(self) -> None:
        """The batch is on disk: its memory is free again."""
        self._forget()
        self._stored()

    def lost(self) -> None:
        """The batch could not be written; the log of the server says so, the streams cannot."""
        count = sum(len(lines) for lines in self._batch.values())
        if count:
            _log.error("%d log lines lost", count, extra={"event": "logs.lost", "lines": count})
        self._forget()
        self._lost()

    def _forget(self) -> None:
        self._done_bytes += self._batch_bytes
        self._batch_bytes = 0
        self._batch = {}

    def _take_dropped(self) -> list[tuple[StreamKey, int]]:
        # Copying is atomic and each count is written by one thread only, so none is told twice.
        new = [(stream, count - self._told[stream]) for stream, count in list(self._dropped.items())]
        found = [(stream, count) for stream, count in new if count > 0]
        for stream, count in found:
            self._told[stream] += count
        return found

    def _marker(self, dropped: int) -> LogLine:
        noun = "line" if dropped == 1 else "lines"
        return LogLine(
            int(self._now() * 1000),
            f"LAMBDAD dropped {dropped} log {noun}: they came faster than they could be stored\n",
        )


def _lines(item: InvocationRecord | Sequence[LogLine]) -> Sequence[LogLine]:
    if not isinstance(item, InvocationRecord):
        return item
    try:
        return lines_of(item)
    except Exception:  # noqa: BLE001  # one bad record must not cost the lines of others
        _log.exception("record cannot be told", extra={"event": "logs.bad_record"})
        return item.lines


def _own_lines(item: InvocationRecord | Sequence[LogLine]) -> Sequence[LogLine]:
    return item.lines if isinstance(item, InvocationRecord) else item


def _size(item: InvocationRecord | Sequence[LogLine]) -> int:
    size = _ITEM_BYTES
    for line in item.lines if isinstance(item, InvocationRecord) else item:
        size += len(line[1]) + 100
    return size


def _nobody() -> None:
    """Nobody to wake yet."""
