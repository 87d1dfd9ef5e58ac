"""Takes over what can be read of a damaged queue into a new file, and keeps the damaged one beside it.

The new file is made completely before anything is moved; a start that is cut off anywhere is finished by the
next one, and the damaged file is never written to.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lambdad.storage.sqlite.database import Durability, open_for_writing
from lambdad.storage.sqlite.event_damage import reading
from lambdad.storage.sqlite.event_rows import holds

_PARTS: Final = ("-wal", "-shm", "")
_MENDED: Final = ".mended-"
_MOST_STEPS: Final = 1_000_000
"""Ids tried one by one behind a place that cannot be read."""

_BLIND_STEPS: Final = 256
"""The same, when nobody knows that there are more."""

_LEAST_ID: Final = -(2**63)
_MOST_ID: Final = 2**63 - 1
_PAGE_BYTES: Final = 4096  # SQLite's default, which is what the file is made with
_SIZE_AND_FREE: Final = slice(28, 40)
"""Of the first page: pages of the file, first free page, free pages. Source: SQLite's file format, 1.3."""

_EVENT_COLUMNS: Final = (
    "id, lane, due_ms, accepted_ms, attempts, refusals, request_id, trace, tenant, payload"
)
_DELIVERY_COLUMNS: Final = (
    "id, account, region, due_ms, attempts, target, function_arn, request_id, trace, attributes, body"
)
_LANE_COLUMNS: Final = "id, account, region, function, qualifier, paused"


@dataclass(slots=True)
class Salvaged:
    """What came of it.

    Attributes:
        events: taken over.
        deliveries: taken over.
        unread: events that an index knows and that cannot be read.
        unread_deliveries: the same.
        rescued: of `events` those that the log had lost and the main file still had.
        last_event: the highest id of an event that there is a trace of, but for those.
        kept: where the damaged file is now.
    """

    events: int = 0
    deliveries: int = 0
    unread: int = 0
    unread_deliveries: int = 0
    rescued: int = 0
    last_event: int = 0
    kept: Path = Path()


def salvage(path: Path, last_event: int, stamp: str) -> Salvaged:
    """Make a new file of what can be read of `path`; the old one gets the date `stamp` in its name.

    Args:
        path: the damaged file; it may be gone.
        last_event: the highest id that may be in it, or have been; 0 when nobody knows.
        stamp: a date.

    Raises:
        StorageRefused: the new file cannot be made.
        sqlite3.Error: the same; there is no room, for example.
        OSError: the same.
    """
    building, mended = path.with_name(f"{path.name}.building"), path.with_name(f"{path.name}{_MENDED}{stamp}")
    patched = path.with_name(f"{path.name}.patched")
    for part in _PARTS:
        for old in (building, patched):
            old.with_name(old.name + part).unlink(missing_ok=True)
    done = Salvaged()
    with closing(open_for_writing(building, "events", Durability.FULL)) as new:
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        first_page = building.read_bytes()[:_PAGE_BYTES]
        new.execute("BEGIN")
        if path.exists() and path.stat().st_size:
            source = path if _has_schema(path) else _with_first_page(path, patched, first_page)
            _take_over(source, new, last_event, done)
        new.execute(
            "UPDATE tally SET last_event = max(?, (SELECT coalesce(max(id), 0) FROM events))",
            (done.last_event,),
        )
        new.execute("COMMIT")
    for part in _PARTS:
        patched.with_name(patched.name + part).unlink(missing_ok=True)
    # Closing has moved everything from its log into the file.
    building.replace(mended)
    done.kept = finish(path) or path
    return done


def finish(path: Path) -> Path | None:
    """Put a completed new file into its place, also one of a start that was cut off; where the old one is."""
    for mended in sorted(path.parent.glob(f"{path.name}{_MENDED}*")):
        kept = path.with_name(f"{path.name}.damaged-{mended.name.rpartition('-')[2]}")
        for part in _PARTS:  # the log first: it must not meet the new file
            old = path.with_name(path.name + part)
            if old.exists():
                old.replace(kept.with_name(kept.name + part))
        _sync(path.parent)
        mended.replace(path)
        _sync(path.parent)
        return kept
    return None


def _has_schema(path: Path) -> bool:
    with reading(path) as old:
        try:
            old.execute("SELECT 1 FROM events, lanes, deliveries LIMIT 0")
        except sqlite3.Error:
            return False
    return True


def _with_first_page(path: Path, patched: Path, first_page: bytes) -> Path:
    """A copy whose first page, which says what is where, is that of a new file.

    Tables begin at the same pages, for the same migrations have made them.
    """
    for part in ("", "-wal"):
        if path.with_name(path.name + part).exists():
            shutil.copyfile(path.with_name(path.name + part), patched.with_name(patched.name + part))
    page = bytearray(first_page)
    page[_SIZE_AND_FREE] = bytes(_SIZE_AND_FREE.stop - _SIZE_AND_FREE.start)  # 0: see how long the file is
    with patched.open("r+b") as file:
        file.write(page)
    return patched


def _take_over(source: Path, new: sqlite3.Connection, last_event: int, done: Salvaged) -> None:
    """Copy what can be read, with the log; then newer events that are in the main file alone.

    When a place of the log is damaged that had been copied to the main file, SQLite drops it and all that
    follows, but the main file has it.
    """
    with reading(source) as old:
        known = _ids(old, "events", ("events_of_lane", "events_due"), last_event or _MOST_ID)
        done.events = _copy_events(old, new, max(known, default=0))
        done.unread = max(0, len(known) - done.events)
        owed = _ids(old, "deliveries", ("deliveries_due",), _MOST_ID)
        columns = f"{_DELIVERY_COLUMNS}, {_newer(old, 'deliveries', 'role')}"
        for row in _rows(old, "deliveries", columns, max(owed, default=0), _LEAST_ID):
            done.deliveries += _put(new, "deliveries", row)
        done.unread_deliveries = max(0, len(owed) - done.deliveries)
        (newest,) = new.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
        done.last_event = max(_tally(old), newest, max(known, default=0))
    with reading(source, main_only=True) as old:
        done.rescued = _copy_events(old, new, last_event, start=done.last_event + 1)
        done.events += done.rescued


def _tally(old: sqlite3.Connection) -> int:
    try:
        return int(old.execute("SELECT last_event FROM tally").fetchone()[0])
    except (sqlite3.Error, TypeError, ValueError):
        return 0


def _copy_events(
    old: sqlite3.Connection, new: sqlite3.Connection, highest: int, start: int = _LEAST_ID
) -> int:
    for lane in _lanes(old):
        _put(new, "lanes", lane)
    lanes = {number for (number,) in new.execute("SELECT id FROM lanes")}
    rows = _rows(old, "events", f"{_EVENT_COLUMNS}, {_newer(old, 'events', 'checksum')}", highest, start)
    return sum(
        row[1] in lanes and holds(row[6], row[9], row[10]) and _put(new, "events", row) for row in rows
    )


def _newer(old: sqlite3.Connection, table: str, column: str) -> str:
    """The column, or what stands for it in an older file."""
    try:
        old.execute(f"SELECT {column} FROM {table} LIMIT 0")  # noqa: S608 - names of ours
    except sqlite3.Error:
        return "NULL"
    return column


def _lanes(old: sqlite3.Connection) -> Iterator[Sequence[Any]]:
    """Every lane; the index that keeps names apart has all of them once more."""
    yield from _rows(old, "lanes", _LANE_COLUMNS, 0, _LEAST_ID)
    try:
        yield from old.execute(
            "SELECT id, account, region, function, qualifier, 0 FROM lanes "
            "INDEXED BY sqlite_autoindex_lanes_1"
        )
    except sqlite3.Error:
        return


def _put(new: sqlite3.Connection, table: str, row: Sequence[Any]) -> bool:
    """Whether a row is new in the new file; what no such row can be is left out."""
    try:
        marks = ", ".join("?" * len(row))
        statement = f"INSERT OR IGNORE INTO {table} VALUES ({marks})"  # noqa: S608 - names of ours
        return new.execute(statement, row).rowcount == 1
    except sqlite3.IntegrityError:
        return False


def _ids(old: sqlite3.Connection, table: str, indices: Sequence[str], most: int) -> set[int]:
    """Ids of all rows up to `most`, as far as the indices tell."""
    found: set[int] = set()
    for index in indices:
        try:
            for (number,) in old.execute(f"SELECT id FROM {table} INDEXED BY {index}"):  # noqa: S608 - as above
                if 0 < number <= most:
                    found.add(number)
        except sqlite3.Error:
            continue
    return found


def _rows(
    old: sqlite3.Connection, table: str, columns: str, highest: int, start: int
) -> Iterator[Sequence[Any]]:
    """Rows from `start` on in the order of their ids, around what cannot be read; `highest` may be there."""
    query = f"SELECT {columns} FROM {table} WHERE id >= ? ORDER BY id"  # noqa: S608 - names of ours
    steps = 0
    while True:
        try:
            for row in old.execute(query, (start,)):
                if row[0] < start:
                    return  # no order left to go by
                yield row
                start, steps = row[0] + 1, 0
            return
        except sqlite3.Error:
            start, steps = max(start, 0) + 1, steps + 1
            if steps > _MOST_STEPS or (start > highest and steps > _BLIND_STEPS):
                return


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
