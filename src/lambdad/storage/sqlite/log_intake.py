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
from collections.abc import Callable
from sqlite3 import Connection

from lambdad.domain.limits import LOG_BEHIND_BYTES, MAX_PENDING_LOG_BYTES
from lambdad.domain.platform_events import logs_dropped
from lambdad.domain.platform_levels import WARN
from lambdad.domain.platform_log import Columns, shown
from lambdad.ports.log_store import StreamKey
from lambdad.storage.sqlite.log_held import (
    Held,
    Item,
    Loss,
    counted,
    counted_columns,
    lines_in,
    size_of,
    written_out,
)
from lambdad.storage.sqlite.log_room import Room

_log = logging.getLogger(__name__)
_SLICE = 32  # parts written out before the interpreter is given to the event loop
_YIELD_S = 0.000_05
_ROOM_SHARE = 4  # who can wait fills at most this part of what may be held
_STREAM_SHARE = 64  # a stream that holds at most this part of what may be held is not made to wait
_RESERVED_SHARE = 4  # this part of what may be held is for streams that hold little
_RETRY_S = 1.0  # after a transaction that failed, doubled with each
_MAX_RETRY_S = 60.0
_TOO_FAST = "they came faster than they could be stored"
_NOT_WRITTEN = "they could not be written to the disk"

Batch = dict[StreamKey, Columns]
_NOTHING = Held()


class LogIntake:
    """The background of the log store's writer.

    Args:
        store: writes a batch.
        stored: told of a batch that is on disk.
        lost: told that what `store` wrote was taken back.
        now: seconds since the epoch.
        max_bytes: held before lines are dropped.
        behind_bytes: held before there is no more room for who can wait; a quarter of `max_bytes` at most.

    Attributes:
        dropped: lines that came faster than they could be stored, since the start.
        unwritten: lines that could not be written to the disk, since the start.
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
        self._free_for_all_bytes = max_bytes - max_bytes // _RESERVED_SHARE
        self._taken_bytes = 0  # written by the loop only
        self._done_bytes = 0  # written by the writer's thread only
        self._lock = threading.Lock()  # of what waits
        self._held: dict[StreamKey, Held] = {}
        self._writing: dict[StreamKey, Held] = {}  # what the batch was made of
        self._unwritten: dict[StreamKey, Loss] = {}  # of failed transactions; the writer's thread only
        self._batch: Batch = {}
        self._told: dict[StreamKey, Loss] = {}  # by records in the batch
        self._batch_bytes = 0
        self._retry_s = _RETRY_S
        self._room = Room(self._pending_bytes, min(behind_bytes, max_bytes // _ROOM_SHARE))
        self.dropped = 0  # lines, by the loop
        self.unwritten = 0  # lines, by the writer's thread
        self.wake: Callable[[], None] = _nobody
        self._awake = False

    def put(self, stream: StreamKey, item: Item) -> None:
        """Take lines or a record; never blocks for long, never fails."""
        size = size_of(item)
        with self._lock:
            held = self._held.get(stream)
            if held is None:
                held = self._held[stream] = Held()
            pending_bytes = self._taken_bytes - self._done_bytes + size
            if pending_bytes > self._free_for_all_bytes and self._is_too_much(stream, size, pending_bytes):
                self._drop(held, item)
            else:
                self._taken_bytes += size
                held.take(item, size)
        if not self._awake:
            self._awake = True
            self.wake()

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        """See `ports.log_store.LogSink`; a stream that holds little is never asked to wait."""
        return not self._is_noisy(stream, 0) or self._room.there_is(on_room)

    def _is_noisy(self, stream: StreamKey, more: int) -> bool:
        """Whether a stream holds more than its share of what may be held."""
        held = self._held.get(stream, _NOTHING).bytes + self._writing.get(stream, _NOTHING).bytes
        return held + more > self._max_bytes // _STREAM_SHARE

    def _is_too_much(self, stream: StreamKey, size: int, pending_bytes: int) -> bool:
        """Whether there is no place for more, the last of which is for streams that hold little."""
        return pending_bytes > self._max_bytes or self._is_noisy(stream, size)

    def _pending_bytes(self) -> int:
        return self._taken_bytes - self._done_bytes

    def _drop(self, held: Held, item: Item) -> None:
        lines, size = counted(lines_in(item))
        held.lose(lines, size)
        self.dropped += lines

    def take(self) -> bool:
        """Turn everything there is into lines by stream."""
        self._awake = False  # before looking: whoever comes later wakes us again
        self._batch, self._told = {}, {}
        with self._lock:
            self._writing, self._held = self._held, {}
        unwritten, self._unwritten = self._unwritten, {}
        for stream, loss in unwritten.items():
            self._tell(stream, loss, _NOT_WRITTEN)
        parts = 0
        for stream, held in self._writing.items():
            self._batch_bytes += held.bytes
            for part in held.parts:
                if isinstance(part, Loss):
                    self._tell(stream, part, _TOO_FAST)
                else:
                    self._add(stream, written_out(part))
                parts += 1
                if parts % _SLICE == 0:
                    time.sleep(_YIELD_S)
        return bool(self._batch)

    def _add(self, stream: StreamKey, columns: Columns) -> None:
        known = self._batch.get(stream)
        if known is None:
            self._batch[stream] = columns
        else:
            known.add_columns(columns)

    def _tell(self, stream: StreamKey, loss: Loss, reason: str) -> None:
        event = logs_dropped(
            int(self._now() * 1000), dropped_records=loss.lines, dropped_bytes=loss.bytes, reason=reason
        )
        marker = shown(event, WARN if stream.json_format else None)
        self._add(stream, Columns(marker))
        told = self._told.setdefault(stream, Loss(0, 0))
        told.grow(loss.lines, loss.bytes)
        lines, size = counted(marker)
        told.grow(-lines, -size)

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
            events, size = counted_columns(lines)
            loss.grow(events, size)
            count += events
        for stream, told in self._told.items():  # what a lost record told of is lost again, the record is not
            self._unwritten[stream].grow(told.lines, told.bytes)
        self.unwritten += count
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
        self._batch, self._told, self._writing = {}, {}, {}
        self._room.look()


def _nobody() -> None:
    """Nobody to wake yet."""
