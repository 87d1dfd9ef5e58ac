"""What has been measured and the disk does not have yet.

`put` runs on the event loop and is an append; the rest runs in the writer's thread. What is held is bounded:
beyond that data are dropped and counted. A batch whose transaction failed is kept, within the same bound,
and tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from sqlite3 import Connection

from lambdad.domain.limits import MAX_PENDING_METRIC_VALUES
from lambdad.domain.metric import Datum
from lambdad.storage.sqlite.metric_batch import Batch

_log = logging.getLogger(__name__)
_SLICE = 256  # data added up before the interpreter is given to the event loop
_YIELD_S = 0.000_05
_RETRY_S = 1.0  # after a transaction that failed, doubled with each
_MAX_RETRY_S = 60.0


class MetricIntake:
    """The background of the metric store's writer.

    Args:
        store: writes a batch; how many data it had no room for.
        lost: told that what `store` wrote was taken back.
        max_values: held before data are dropped.
    """

    def __init__(
        self,
        store: Callable[[Connection, Batch], int],
        lost: Callable[[], None],
        max_values: int = MAX_PENDING_METRIC_VALUES,
    ) -> None:
        self._store = store
        self._lost = lost
        self._max_values = max_values
        self._items: deque[Datum] = deque()
        self._taken = 0  # values; written by the loop only
        self._done = 0  # written by the writer's thread only
        self._dropped = 0  # data; written by the loop only
        self._refused = 0  # written by the writer's thread only
        self._refused_now = 0
        self._told = 0
        self._batch = Batch()
        self._batch_values = 0
        self._retry_s = _RETRY_S
        self._awake = False
        self.wake: Callable[[], None] = _nobody

    @property
    def dropped(self) -> int:
        """How many data were not stored since the start."""
        return self._dropped + self._refused

    def put(self, data: Sequence[Datum]) -> None:
        """Take data; never blocks, never fails."""
        room = self._max_values - (self._taken - self._done)
        for datum in data:
            size = len(datum.values) + 1
            if size > room:
                self._dropped += 1
                continue
            room -= size
            self._taken += size
            self._items.append(datum)
        if not self._awake:
            self._awake = True
            self.wake()

    def take(self) -> bool:
        """Add up everything there is, to what could not be written before."""
        self._awake = False  # before looking: whoever comes later wakes us again
        items = self._items
        for count in range(len(items)):
            datum = items.popleft()
            self._batch_values += len(datum.values) + 1
            self._batch.add(datum)
            if count % _SLICE == _SLICE - 1:
                time.sleep(_YIELD_S)
        return self._batch_values > 0

    def store(self, connection: Connection) -> None:
        """Write the batch."""
        self._refused_now = self._store(connection, self._batch)

    def stored(self) -> None:
        """The batch is on disk: its memory is free again."""
        self._refused += self._refused_now
        self._batch = Batch()
        self._done += self._batch_values
        self._batch_values = 0
        self._refused_now = 0
        self._retry_s = _RETRY_S
        self._tell()

    def lost(self, error: Exception) -> None:
        """The batch could not be written: it is kept and tried again."""
        self._lost()
        if self._batch_values:
            timer = threading.Timer(self._retry_s, self.wake)
            timer.name = "lambdad-metrics-retry"
            timer.daemon = True
            timer.start()
            self._retry_s = min(self._retry_s * 2, _MAX_RETRY_S)

    def _tell(self) -> None:
        missing = self.dropped - self._told
        if missing:
            self._told += missing
            _log.warning("%d data not stored", missing, extra={"event": "metrics.dropped", "data": missing})


def _nobody() -> None:
    """Nobody to wake yet."""
