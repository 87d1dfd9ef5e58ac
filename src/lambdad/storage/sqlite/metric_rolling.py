"""Making longer periods of what has become old, a few series at a time.

A point is added to the longer one and deleted in one transaction, so a kill in between changes nothing, and
the next look goes on with what is left.

Source: CloudWatch documentation, "Metrics retention".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

from lambdad.domain.limits import METRIC_RETENTION_S, METRIC_ROLL_UP_POINTS, METRIC_ROLL_UP_SERIES
from lambdad.domain.metric_total import Total
from lambdad.storage.sqlite.metric_batch import Point
from lambdad.storage.sqlite.metric_writing import PointWriter

_INTO: Mapping[int, int | None] = {1: None, 60: 300, 300: 3_600, 3_600: None}
"""What points of a length become; None: nothing, those of seconds having gone into their minutes at once."""
_LONGEST_S = max(METRIC_RETENTION_S.values())


class Step(NamedTuple):
    """What one step did.

    Attributes:
        after: the id behind which to go on; None when there is no further series.
        points: how many were rolled up or forgotten.
        forgot: whether a series was forgotten.
    """

    after: int | None
    points: int
    forgot: bool


def step(
    connection: sqlite3.Connection, sql: Mapping[str, str], writer: PointWriter, after: int, now_s: int
) -> Step:
    """Roll up the next few series behind the id `after`."""
    page = {"after": after, "limit": METRIC_ROLL_UP_SERIES}
    ids = [row[0] for row in connection.execute(sql["next_series"], page)]
    points, forgot = 0, False
    for series_id in ids:
        points += _roll(connection, sql, writer, series_id, now_s, METRIC_ROLL_UP_POINTS - points)
        if points >= METRIC_ROLL_UP_POINTS:
            return Step(series_id - 1, points, forgot)  # that series may have more
        dead = {"series_id": series_id, "before_ms": (now_s - _LONGEST_S) * 1000}
        forgot |= connection.execute(sql["delete_dead_series"], dead).rowcount > 0
    return Step(ids[-1] if len(ids) == METRIC_ROLL_UP_SERIES else None, points, forgot)


def _roll(
    connection: sqlite3.Connection,
    sql: Mapping[str, str],
    writer: PointWriter,
    series_id: int,
    now_s: int,
    room: int,
) -> int:
    rolled = 0
    for resolution_s, into_s in _INTO.items():
        before_s = now_s - METRIC_RETENTION_S[resolution_s]
        before_s -= before_s % (into_s or resolution_s)  # so that a longer period is made at once
        old = {"series_id": series_id, "resolution_s": resolution_s}
        page = old | {"before_s": before_s, "limit": room - rolled}
        for start_s, unit, *numbers in connection.execute(sql["old_points"], page).fetchall():
            if into_s is not None:
                point = Point(into_s, start_s - start_s % into_s, unit)
                total = Total()
                total.merge_stored(*numbers)
                writer.merge(connection, series_id, point, total)
            connection.execute(sql["delete_point"], old | {"start_s": start_s, "unit": unit})
            rolled += 1
    return rolled
