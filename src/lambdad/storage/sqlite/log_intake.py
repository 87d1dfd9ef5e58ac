"""What the invocation path has handed over and the disk does not have yet.

`put` runs on the event loop and is an append; the rest runs in the writer's thread. What is held is
bounded: whoever can wait is asked to (`has_room`), and beyond the bound lines are dropped and counted, and
so are those of a transaction that failed. A record in the stream, where the lines would have been, says how
many there were: shown and dropped make up what was handed over.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from lambdad.domain.limits import LOG_BEHIND_BYTES, MAX_PENDING_LOG_BYTES
from lambdad.domain.platform_events import logs_dropped
from lambdad.domain.platform_levels import WARN
from lambdad.domain.platform_log import InvocationRecord, LogLine, lines_of, shown
from lambdad.ports.log_store import StreamKey
from lambdad.storage.sqlite.log_room import Room

_log = logging.getLogger(__name__)
_ITEM_BYTES = 500  # roughly what an item costs besides its text
_SLICE = 32  # items formatted before the interpreter is given to the event loop
_YIELD_S = 0.000_05
_ROOM_SHARE = 4  # who can wait fills at most this part of what may be held
_RETRY_S = 1.0  # after a transaction that failed, doubled with each
_MAX_RETRY_S = 60.0
_TOO_FAST = "they came faster than they could be stored"
_NOT_WRITTEN = "they could not be written to the disk"

Batch = dict[StreamKey, list[LogLine]]


@dataclass(slots=True)
class Loss:
    """Lines that a stream will not have."""

    lines: int
    bytes: int

    def grow(self, lines: int, size: int) -> None:
        """Count so many more."""
        self.lines += lines
        self.bytes += size


Item = InvocationRecord | Sequence[LogLine] | Loss


class LogIntake:
    """The background of the log store's writer.

    Args:
        store: writes a batch.
        stored: told of a batch that is on disk.
        lost: told that what `store` wrote was taken back.
        now: seconds since the epoch.
        max_bytes: held before lines are dropped.
        behind_bytes: held before there is no more room for who can wait; a quarter of `max_bytes` at most.
    """

    def __init__(
        self,
        store: Callable[[Connection, Batch], None],
        stored: Callable[[], None],
        lost: Callable[[], None],
        now: Callable[[], float],
        max_bytes: int = MAX_PENDING_LOG_BYTES,
        behind_bytes: int = LOG_BEHIND_BYTES,
    ) -> None:
        self._store = store
        self._stored = stored
        self._lost = lost
        self._now = now
        self._max_bytes = max_bytes
        self._items: deque[tuple[StreamKey, Item, int]] = deque()
        self._taken_bytes = 0  # written by the loop only
        self._done_bytes = 0  # written by the writer's thread only
        self.all_lost = Loss(0, 0)  # of every stream, records in their place not counted
        self._lock = threading.Lock()  # of the losses that may still grow
        self._growing: dict[StreamKey, Loss] = {}  # the last item of their stream
        self._unwritten: dict[StreamKey, Loss] = {}  # of failed transactions; the writer's thread only
        self._batch: Batch = {}
        self._told: dict[StreamKey, Loss] = {}  # by records in the batch
        self._batch_bytes = 0
        self._retry_s = _RETRY_S
        self._room = Room(self._pending_bytes, min(behind_bytes, max_bytes // _ROOM_SHARE))
        self.wake: Callable[[], None] = _nobody
        self._awake = False

    def put(self, stream: StreamKey, item: InvocationRecord | Sequence[LogLine]) -> None:
        """Take lines or a record; never blocks, never fails."""
        size = _size(item)
        if self._taken_bytes - self._done_bytes + size > self._max_bytes:
            self._drop(stream, _lines(item))
        else:
            if self._growing:
                with self._lock:
                    self._growing.pop(stream, None)
            self._taken_bytes += size
            self._items.append((stream, item, size))
        if not self._awake:
            self._awake = True
            self.wake()

    def has_room(self, on_room: Callable[[], None]) -> bool:
        """See `ports.log_store.LogSink`."""
        return self._room.there_is(on_room)

    def _pending_bytes(self) -> int:
        return self._taken_bytes - self._done_bytes

    def _drop(self, stream: StreamKey, lines: Sequence[LogLine]) -> None:
        with self._lock:
            loss = self._growing.get(stream)
            if loss is None:
                loss = self._growing[stream] = Loss(0, 0)
                self._items.append((stream, loss, 0))
            loss.grow(len(lines), _bytes_of(lines))
            self.all_lost.grow(len(lines), _bytes_of(lines))

    def take(self) -> bool:
        """Turn everything there is into lines by stream."""
        self._awake = False  # before looking: whoever comes later wakes us again
        batch: Batch = {}
        self._batch, self._told = batch, {}
        unwritten, self._unwritten = self._unwritten, {}
        for stream, loss in unwritten.items():
            self._tell(stream, loss, _NOT_WRITTEN)
        items = self._items
        for count in range(len(items)):
            stream, item, size = items.popleft()
            self._batch_bytes += size
            if isinstance(item, Loss):
                self._stop_growing(stream, item)
                self._tell(stream, item, _TOO_FAST)
            else:
                batch.setdefault(stream, []).extend(_lines(item))
            if count % _SLICE == _SLICE - 1:
                time.sleep(_YIELD_S)
        return bool(batch)

    def _stop_growing(self, stream: StreamKey, loss: Loss) -> None:
        with self._lock:
            if self._growing.get(stream) is loss:
                del self._growing[stream]

    def _tell(self, stream: StreamKey, loss: Loss, reason: str) -> None:
        event = logs_dropped(
            int(self._now() * 1000), dropped_records=loss.lines, dropped_bytes=loss.bytes, reason=reason
        )
        marker = shown(event, WARN if stream.json_format else None)
        self._batch.setdefault(stream, []).extend(marker)
        told = self._told.setdefault(stream, Loss(0, 0))
        told.grow(loss.lines, loss.bytes)
        told.grow(-len(marker), -_bytes_of(marker))

    def store(self, connection: Connection) -> None:
        """Write the batch."""
        self._store(connection, self._batch)

    def stored(self) -> None:
        """The batch is on disk: its memory is free again."""
        self._forget()
        self._retry_s = _RETRY_S
        self._stored()

    def lost(self, error: Exception) -> None:
        """The batch could not be written; the server's log says so at once, its streams once they can."""
        count = 0
        for stream, lines in self._batch.items():
            loss = self._unwritten.setdefault(stream, Loss(0, 0))
            loss.grow(len(lines), _bytes_of(lines))
            count += len(lines)
            with self._lock:
                self.all_lost.grow(len(lines), _bytes_of(lines))
        for stream, told in self._told.items():  # what a lost record told of is lost again, the record is not
            self._unwritten[stream].grow(told.lines, told.bytes)
        if count:
            _log.error("%d log lines lost", count, extra={"event": "logs.lost", "lines": count})
        self._forget()
        self._lost()
        if self._unwritten:
            self._try_again()

    def _try_again(self) -> None:
        """Have the losses told even when nothing else is written."""
        timer = threading.Timer(self._retry_s, self.wake)
        timer.name = "lambdad-logs-retry"
        timer.daemon = True
        timer.start()
        self._retry_s = min(self._retry_s * 2, _MAX_RETRY_S)

    def _forget(self) -> None:
        self._done_bytes += self._batch_bytes
        self._batch_bytes = 0
        self._batch, self._told = {}, {}
        self._room.look()


def _lines(item: InvocationRecord | Sequence[LogLine]) -> Sequence[LogLine]:
    if not isinstance(item, InvocationRecord):
        return item
    try:
        return lines_of(item)
    except Exception:  # noqa: BLE001  # one bad record must not cost the lines of others
        _log.exception("record cannot be told", extra={"event": "logs.bad_record"})
        return item.lines


def _bytes_of(lines: Sequence[LogLine]) -> int:
    return sum(len(line.message.encode("utf-8", "replace")) for line in lines)


def _size(item: InvocationRecord | Sequence[LogLine]) -> int:
    size = _ITEM_BYTES
    for line in item.lines if isinstance(item, InvocationRecord) else item:
        size += len(line[1]) + 100
    return size


def _nobody() -> None:
    """Nobody to wake yet."""
