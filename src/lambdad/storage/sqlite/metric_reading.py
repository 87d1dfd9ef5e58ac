"""Reading points as the periods that were asked for.

Less than a minute comes from seconds; all else from minutes, five minutes and hours, whichever are kept of
that age. No point is in two of these at once, and a point never stands for less than its own length.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lambdad.domain import sketch
from lambdad.domain.metric import MetricKey
from lambdad.domain.metric_total import Total
from lambdad.ports.metric_store import Period
from lambdad.storage.sqlite.metric_batch import MINUTE_S, SECOND_S
from lambdad.storage.sqlite.metric_writing import series_row

_SLICE = 256  # points read before the interpreter is given to the event loop
_YIELD_S = 0.000_05
_COARSE = (MINUTE_S, 300, 3_600)
_Row = tuple[int, str, float, float, float, float, bytes | None]
"""Start, unit, samples, total, minimum, maximum, sketch."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which periods; see `ports.metric_store.MetricStore.read`."""

    start_s: int
    end_s: int
    period_s: int
    percentiles: Sequence[float]
    anchor_s: int


def periods(
    connection: sqlite3.Connection, sql: Mapping[str, str], key: MetricKey, asked: Question
) -> list[Period]:
    """The periods of one series, oldest first."""
    found = connection.execute(sql["series_id"], series_row(key)).fetchone()
    if found is None:
        return []
    statement = sql["points_with_sketches" if asked.percentiles else "points_without_sketches"]
    span = {"series_id": found[0], "start_s": asked.start_s, "end_s": asked.end_s}
    rows: list[_Row] = []
    for resolution_s in resolutions(asked.period_s):
        rows += connection.execute(statement, span | {"resolution_s": resolution_s}).fetchall()
    found, since_yield = [], 0
    for slot, several in sorted(_slots(rows, asked).items()):
        found.append(_period(slot, several, asked))
        since_yield += len(several)
        if since_yield >= _SLICE:
            since_yield = 0
            time.sleep(_YIELD_S)
    return found


def resolutions(period_s: int) -> tuple[int, ...]:
    """Of which points periods of a length are made."""
    if period_s % MINUTE_S:
        return (SECOND_S,)
    return tuple(resolution_s for resolution_s in _COARSE if period_s % resolution_s == 0)


def _slots(rows: Iterable[_Row], asked: Question) -> dict[tuple[int, str], list[_Row]]:
    period_s, anchor_s = asked.period_s, asked.anchor_s
    slots: dict[tuple[int, str], list[_Row]] = {}
    for row in rows:
        start_s = row[0]
        slot = (start_s - (start_s - anchor_s) % period_s, row[1])
        there = slots.get(slot)
        if there is None:
            slots[slot] = [row]
        else:
            there.append(row)
    return slots


def _period(slot: tuple[int, str], rows: list[_Row], asked: Question) -> Period:
    if len(rows) == 1:
        _, unit, samples, total, minimum, maximum, packed = rows[0]
        found = _percentiles(minimum, maximum, packed, asked.percentiles)
        return Period(slot[0], samples, total, minimum, maximum, found, unit)
    whole = Total() if asked.percentiles else Total(buckets=None)
    for row in rows:
        whole.merge_stored(*row[2:])
    found = whole.percentiles(asked.percentiles)
    return Period(slot[0], whole.samples, whole.total, whole.minimum, whole.maximum, found, rows[0][1])


def _percentiles(
    minimum: float, maximum: float, packed: bytes | None, asked: Sequence[float]
) -> dict[float, float]:
    if packed is not None:
        return sketch.percentiles(*sketch.unpack(packed), asked, minimum, maximum)
    return dict.fromkeys(asked, minimum) if minimum == maximum and minimum >= 0 else {}
