"""Looks at the queue's file before it is used: is it whole, and is everything there that was committed?

Nothing is written here, not even by SQLite: a damaged file stays as it is until somebody has decided
about it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lambdad.domain.limits import MIB
from lambdad.storage.sqlite.event_rows import holds
from lambdad.storage.sqlite.event_witness import Seen
from lambdad.storage.sqlite.queries import migrations

LOOK_BYTES: Final = 32 * MIB
"""A larger file is looked at while it is used: about half a second for so much. Measured: 70 MB/s."""

_CORRUPT: Final = 11  # SQLITE_CORRUPT
_NOT_A_DATABASE: Final = 26  # SQLITE_NOTADB
_ERROR: Final = 1  # SQLITE_ERROR: to statements of ours, that the tables are not as they were made
_PRIMARY: Final = 0xFF
_WITH_SUMS: Final = 2  # the version of the schema from which on events have sums


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the file found.

    Attributes:
        seen: what is in it; None when it cannot be read as it is.
        damage: what is wrong with it; None when nothing is known to be.
    """

    seen: Seen | None
    damage: str | None = None


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is damaged, and not that it cannot be reached."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY in (_CORRUPT, _NOT_A_DATABASE)


@contextmanager
def reading(path: Path, *, main_only: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that leaves the file and its log exactly as they are, even when it is closed.

    Args:
        path: the file.
        main_only: read what the file was before its log.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if main_only else ''}"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)) as connection:
        yield connection


def size(path: Path) -> int:
    """Bytes of the file and its log."""
    log = path.with_name(f"{path.name}-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def examine(path: Path, witness: Seen | None) -> Found:
    """Look at the file; at the whole of it when it is small or was suspect.

    Raises:
        sqlite3.Error: it cannot be reached.
    """
    if not path.exists() or path.stat().st_size == 0:
        return _missing(path, witness)
    with reading(path) as connection:
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            suspect = witness is not None and witness.is_suspect
            if suspect or size(path) <= LOOK_BYTES:
                damage = _damage(connection, version)
                if damage is not None:
                    return Found(None, damage)
            if not 0 < version <= len(migrations("events")):
                # Nothing was ever in it, or that is gone with its log; a newer one is refused later.
                return Found(Seen() if version == 0 else witness or Seen())
            return Found(_seen(connection, version))
        except sqlite3.Error as error:
            if is_damage(error) or error.sqlite_errorcode == _ERROR:
                return Found(None, str(error))
            raise


def _damage(connection: sqlite3.Connection, version: int) -> str | None:
    (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        return " ".join(str(said).replace("*** in database main ***", "").split())
    if version < _WITH_SUMS:
        return None
    rows = connection.execute("SELECT request_id, payload, checksum FROM events")
    changed = sum(not holds(*row) for row in rows)
    return f"{changed} events are not what was stored" if changed else None


def _missing(path: Path, witness: Seen | None) -> Found:
    log = path.with_name(f"{path.name}-wal")
    if (log.exists() and log.stat().st_size) or (witness is not None and witness.last_event):
        return Found(None, "it is empty" if path.exists() else "it is gone")
    return Found(Seen())


def _seen(connection: sqlite3.Connection, version: int) -> Seen:
    one = connection.execute
    (last,) = one("SELECT coalesce(max(id), 0) FROM events").fetchone()
    if version > 1:
        last = max(last, *one("SELECT last_event FROM tally").fetchone())
    (queued,) = one("SELECT count(*) FROM events INDEXED BY events_of_lane").fetchone()
    (owed,) = one("SELECT count(*) FROM deliveries").fetchone()
    return Seen(last, queued, owed)
