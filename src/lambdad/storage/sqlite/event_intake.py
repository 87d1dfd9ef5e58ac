"""What was told to the event store and is not on disk yet: all that waits shares one commit.

`put` runs on the event loop and is an append; the rest runs in the writer's thread. New events of a
transaction that failed are refused; what settles events is kept and tried again, for it must not be lost.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from sqlite3 import Connection
from typing import Final, cast

from lambdad.domain.errors import LambdadError, NoRoom, ServiceFault
from lambdad.storage.sqlite.event_witness import Witness
from lambdad.storage.sqlite.queries import inserting

_log = logging.getLogger(__name__)
_RETRY_S = 1.0
_SETTLED_WITHIN_S: Final = 0.005
"""How long what settles events waits for more of it. Nobody waits for that, and each commit takes turns at
the interpreter from the event loop; an event that ran so shortly before a `kill -9` is run again."""
_FULL = 13  # SQLITE_FULL
_MOST_ROWS = 64  # of a statement, a power of two


class Step(IntEnum):
    """What is done to the file, in the order in which a transaction does it."""

    INSERT_LANE = 0
    INSERT_EVENT = 1
    AGAIN = 2
    END_EVENT = 3
    INSERT_DELIVERY = 4
    OWE = 5
    DELIVERED = 6


_COUNTED = {Step.END_EVENT: (-1, 0), Step.INSERT_DELIVERY: (0, 1), Step.DELIVERED: (0, -1)}
"""What a row of a step changes: events queued, deliveries owed."""

Row = tuple[object, ...]
Done = Callable[[LambdadError | None], None]


@dataclass(slots=True)
class Item:
    """Rows that are stored together.

    Attributes:
        is_new: refused when it cannot be stored; everything else is tried again.
    """

    rows: Sequence[tuple[Step, Row]]
    done: Done | None
    is_new: bool = False


class EventIntake:
    """The background of the event store's writer.

    Args:
        statements: of each step.
        loop: where `done` is called.
        tally: the statement that notes the last id before events are removed.
        witness: is told what is on disk.

    Attributes:
        wake: has the writer take what is here within so many seconds.
    """

    def __init__(
        self,
        statements: Mapping[Step, str],
        loop: asyncio.AbstractEventLoop,
        tally: str,
        witness: Witness,
    ) -> None:
        self._statements = statements
        self._loop = loop
        self._tally = tally
        self._witness = witness
        self._items: deque[Item] = deque()
        self._batch: list[Item] = []
        self._taken_within_s = math.inf
        self.wake: Callable[[float], None] = _nobody

    def put(self, item: Item) -> None:
        """Have it stored with whatever else waits: a new event at once, the rest soon."""
        self._items.append(item)
        within_s = 0.0 if item.is_new else _SETTLED_WITHIN_S
        if within_s < self._taken_within_s:
            self._taken_within_s = within_s
            self.wake(within_s)

    def take(self) -> bool:
        """Take everything there is."""
        self._taken_within_s = math.inf  # before looking: whoever comes later wakes us again
        items = self._items
        self._batch = [items.popleft() for _ in range(len(items))]
        return bool(self._batch)

    def store(self, connection: Connection) -> None:
        """Write what was taken."""
        steps: dict[Step, list[Row]] = {}
        for item in self._batch:
            for step, row in item.rows:
                steps.setdefault(step, []).append(row)
        for step in sorted(steps):
            rows = steps[step]
            if step is Step.END_EVENT:
                connection.execute(self._tally)
            changed = self._run(connection, step, rows)
            if step is Step.INSERT_EVENT:
                self._witness.add(last_event=max(cast("int", row[0]) for row in rows), queued=changed)
            elif step in _COUNTED:
                queued, owed = _COUNTED[step]
                self._witness.add(queued=queued * changed, owed=owed * changed)

    def _run(self, connection: Connection, step: Step, rows: Sequence[Row]) -> int:
        """Write the rows of a step; how many were changed.

        What comes in masses is written many rows a statement: the event loop waits a little at each of them.
        """
        statement = self._statements[step]
        match step:
            case Step.INSERT_EVENT:
                for part in _portions(rows):
                    connection.execute(inserting(statement, len(part)), tuple(chain.from_iterable(part)))
                return len(rows)
            case Step.END_EVENT:
                return connection.execute(statement, (json.dumps([row[0] for row in rows]),)).rowcount
            case _:
                return connection.executemany(statement, rows).rowcount

    def purge(self, connection: Connection, statement: str, parameters: Row) -> int:
        """Remove events within a transaction of the writer; how many."""
        connection.execute(self._tally)
        removed = connection.execute(statement, parameters).rowcount
        self._witness.add(queued=-removed)
        return removed

    def stored(self) -> None:
        """It is on disk."""
        self._witness.committed()
        self._tell(self._batch, None)
        self._batch = []

    def lost(self, error: Exception) -> None:
        """It could not be written: refuse what is new, keep the rest."""
        self._witness.taken_back()
        new = [item for item in self._batch if item.is_new]
        kept = [item for item in self._batch if not item.is_new]
        self._batch = []
        if new:
            _log.error("%d events refused: not written to disk", len(new), extra={"event": "events.refused"})
            self._tell(new, _refusal(error))
        if kept:
            self._items.extendleft(reversed(kept))
            timer = threading.Timer(_RETRY_S, self.wake, (0.0,))
            timer.name = "lambdad-events-retry"
            timer.daemon = True
            timer.start()

    def _tell(self, items: list[Item], error: LambdadError | None) -> None:
        waiting = [item.done for item in items if item.done is not None]
        if not waiting:
            return
        try:
            self._loop.call_soon_threadsafe(_call_all, waiting, error)
        except RuntimeError:  # the loop is closed: nobody waits any more
            _log.debug("loop closed before its events were stored")


def _portions(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Rows in portions of few different sizes, for each is a statement that is kept."""
    begin, size = 0, _MOST_ROWS
    while begin < len(rows):
        while size > len(rows) - begin:
            size //= 2
        yield rows[begin : begin + size]
        begin += size


def _refusal(error: Exception) -> LambdadError:
    if getattr(error, "sqlite_errorcode", None) == _FULL:
        return NoRoom("The event could not be stored: the disk of the data directory is full.")
    return ServiceFault("The event could not be stored.")


def _call_all(waiting: list[Done], error: LambdadError | None) -> None:
    for done in waiting:
        try:
            done(error)
        except Exception:  # noqa: BLE001 - one caller's defect must not keep the others waiting
            _log.exception("an event's caller could not be told", extra={"event": "events.tell"})


def _nobody(within_s: float) -> None:
    del within_s
