"""Opens the queue's file, whatever has become of it: a damaged one is kept beside and what it has goes on.

See decision 0015.
"""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from lambdad.storage.refusal import StorageRefused
from lambdad.storage.sqlite.event_damage import Found, examine, is_damage
from lambdad.storage.sqlite.event_salvage import Salvaged, finish, salvage
from lambdad.storage.sqlite.event_witness import Seen, Witness, read_witness

_log = logging.getLogger("lambdad.events")


def ready(path: Path) -> Witness:
    """Have a file that can be used at `path`, or none when it is new; its witness.

    Raises:
        StorageRefused: it cannot be reached, or it is damaged and nothing can be made of it now.
    """
    try:
        if finish(path):
            _log.warning("%s was mended by a start that was cut off", path, extra={"event": "events.mended"})
        beside = path.with_name(f"{path.stem}.witness")
        return Witness(beside, _mended(path, read_witness(beside)))
    except (sqlite3.Error, OSError) as error:
        raise StorageRefused(f"{path}: cannot be used: {error}") from error


def _mended(path: Path, witness: Seen | None) -> Seen:
    """What is in the file, once it can be used."""
    found = examine(path, witness)
    gap = _gap(found, witness)
    if found.damage is None and gap is None:
        return found.seen or Seen()
    damage = found.damage or gap
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    try:
        done = salvage(path, witness.last_event if witness else 0, stamp)
    except (sqlite3.Error, OSError) as error:
        raise StorageRefused(
            f"{path} is damaged ({damage}), and what is left of it cannot be copied: {error}; "
            f"nothing was changed: make room there, or move {path.name}* and {path.stem}.witness elsewhere "
            "to begin with an empty queue, and start again"
        ) from error
    _report(path, damage, done, witness)
    return examine(path, None).seen or Seen()


def _gap(found: Found, witness: Seen | None) -> str | None:
    """What is missing of what had been committed, in words."""
    seen = found.seen
    if witness is None or seen is None:
        return None
    if seen.last_event < witness.last_event:
        return "the end of its log is lost"
    if seen.last_event == witness.last_event and seen.queued > witness.queued:
        return "the end of its log is lost, and with it that events have ended"
    return None


def lost(done: Salvaged, witness: Seen | None) -> int:
    """How many accepted events are lost, as far as can be known."""
    if witness is None:
        return done.unread
    last_ones = max(0, witness.last_event - done.last_event - done.rescued)
    return min(max(done.unread + last_ones, witness.queued - done.events), witness.queued)


def _report(path: Path, damage: str | None, done: Salvaged, witness: Seen | None) -> None:
    events = lost(done, witness)
    messages = max(done.unread_deliveries, witness.owed - done.deliveries if witness else 0)
    _log.error(
        "%s is damaged (%s): %d accepted events and %d owed messages are lost, as far as can be known; "
        "%d events and %d messages go on, of which some may have ended already; kept beside: %s",
        *(path, damage, events, messages, done.events, done.deliveries, done.kept),
        extra={"event": "events.damaged", "lost": events, "kept": str(done.kept)},
    )


def look_through(path: Path, witness: Witness, connection: sqlite3.Connection) -> None:
    """Look at all of a large file while it is in use, and have the next start mend what is wrong.

    Ends early when the connection is interrupted.
    """
    try:
        (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        said = str(error) if is_damage(error) else "ok"
    if said != "ok":
        suspect(path, witness, said)


def suspect(path: Path, witness: Witness, damage: str) -> None:
    """The file could not be read while it was in use: say what to do, once."""
    if not witness.suspect():
        return
    _log.error(
        "%s is damaged (%s): restart the server, which then goes on with what can be read "
        "and keeps the damaged file beside",
        *(path, " ".join(damage.split())),
        extra={"event": "events.suspect"},
    )
