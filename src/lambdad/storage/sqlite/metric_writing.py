"""Writing points, inside the writer's thread and its transaction.

A point that is there already is read, added to and stored again, so a value may come whenever it likes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import msgspec

from lambdad.domain.errors import QuotaExceeded
from lambdad.domain.metric import Dimensions, MetricKey
from lambdad.domain.metric_total import Total
from lambdad.domain.scope import Scope
from lambdad.storage.sqlite.metric_batch import Batch, Point

_MAX_KNOWN = 20_000
"""Series whose ids are kept at hand."""


class PointWriter:
    """Writes points; knows the ids of the series it has written to.

    Args:
        sql: the named statements.
        max_series: of one account in one region.
    """

    def __init__(self, sql: Mapping[str, str], max_series: int) -> None:
        self._sql = sql
        self._max_series = max_series
        self._known: dict[MetricKey, int] = {}
        self._counts: dict[Scope, int] = {}

    def forget(self) -> None:
        """What is known may not be true any more: a transaction was taken back, or series deleted."""
        self._known.clear()
        self._counts.clear()

    def write(self, connection: sqlite3.Connection, batch: Batch) -> int:
        """Store what there is room for; the number of data there was none for."""
        refused = 0
        for key in batch.points:
            try:
                self._write_series(connection, batch, key)
            except QuotaExceeded:
                refused += batch.data[key]
        return refused

    def write_all(self, connection: sqlite3.Connection, batch: Batch) -> None:
        """Store a batch.

        Raises:
            QuotaExceeded: it would make too many series; take the transaction back, and `forget`.
        """
        for key in batch.points:
            self._write_series(connection, batch, key)

    def merge(self, connection: sqlite3.Connection, series_id: int, point: Point, total: Total) -> None:
        """Add to a point of a series."""
        row = {"series_id": series_id, **point._asdict()}
        found = connection.execute(self._sql["read_point"], row).fetchone()
        if found is not None:
            before = Total()
            before.merge_stored(*found)
            before.merge(total)
            total = before
        row |= {
            "samples": total.samples,
            "total": total.total,
            "minimum": total.minimum,
            "maximum": total.maximum,
            "sketch": total.packed(),
        }
        connection.execute(self._sql["write_point"], row)

    def _write_series(self, connection: sqlite3.Connection, batch: Batch, key: MetricKey) -> None:
        totals = {point: total for point, total in batch.points[key].items() if total.samples}
        if not totals:
            return
        series_id = self._id(connection, key)
        for point, total in totals.items():
            self.merge(connection, series_id, point, total)
        touched = {"series_id": series_id, "last_ms": batch.last_ms[key]}
        connection.execute(self._sql["touch_series"], touched)

    def _id(self, connection: sqlite3.Connection, key: MetricKey) -> int:
        known = self._known.get(key)
        if known is not None:
            return known
        row = series_row(key)
        found = connection.execute(self._sql["series_id"], row).fetchone()
        if found is None:
            self._count(connection, key.scope)
            (found,) = connection.execute(self._sql["create_series"], row).fetchall()
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        self._known[key] = series_id = int(found[0])
        return series_id

    def _count(self, connection: sqlite3.Connection, scope: Scope) -> None:
        """Count one more series of an account.

        Raises:
            QuotaExceeded: it has as many as it may.
        """
        count = self._counts.get(scope)
        if count is None:
            row = {"account": scope.account, "region": scope.region}
            (count,) = connection.execute(self._sql["count_series"], row).fetchone()
        if count >= self._max_series:
            self._counts[scope] = count
            raise QuotaExceeded(
                f"The account has {self._max_series} metrics in {scope.region}, the most it may have."
            )
        self._counts[scope] = count + 1


def series_row(key: MetricKey) -> dict[str, str]:
    """The parameters that name a series."""
    return {
        "account": key.scope.account,
        "region": key.scope.region,
        "namespace": key.namespace,
        "name": key.name,
        "dimensions": dimensions_text(key.dimensions),
    }


def dimensions_text(dimensions: Dimensions) -> str:
    """Dimensions as they are stored."""
    return msgspec.json.encode(dimensions).decode() if dimensions else ""


def dimensions_of(text: str) -> Dimensions:
    """Dimensions out of what is stored."""
    return msgspec.json.decode(text, type=Dimensions) if text else ()
