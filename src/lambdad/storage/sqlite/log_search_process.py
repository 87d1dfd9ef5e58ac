"""A process that searches logs, so that neither the server's loop nor its other threads wait for one.

It reads requests from its standard input, one after the other, and writes frames to its standard output.
What it searches with may take for ever: whoever started it ends it then. It ends by itself when its
input does.
"""

from __future__ import annotations

import os
import pickle
import sqlite3
import sys
import time
from pathlib import Path
from typing import BinaryIO

from lambdad.domain.errors import NotFound, SearchTooSlow
from lambdad.ports.log_store import position_of
from lambdad.storage.sqlite.database import open_for_reading
from lambdad.storage.sqlite.log_asking import Asked
from lambdad.storage.sqlite.log_reading import EventReader, Found, Patience
from lambdad.storage.sqlite.log_search_frames import LENGTH, Frame, encode, framed
from lambdad.storage.sqlite.queries import queries

_TELL_EVERY_S = 0.02
_NICE = 5  # functions and the server go first


def main() -> None:
    """Answer requests until there are no more; the first argument is the file."""
    os.nice(_NICE)
    source, target = sys.stdin.buffer, sys.stdout.buffer
    sys.path[:] = pickle.loads(_body(source))  # noqa: S301  # from the process that started this one
    connection = open_for_reading(Path(sys.argv[1]))
    reader = EventReader(connection, queries("logs"))
    while body := _body(source):
        connection.execute("BEGIN")
        try:
            asked, within_s = pickle.loads(body)  # noqa: S301
            _tell(target, Frame([], None, "more"))  # begun: its time counts from here
            _answer(reader, asked, within_s, target)
        except NotFound as error:
            _tell(target, Frame([], None, "missing", str(error)))
        except SearchTooSlow:
            _tell(target, Frame([], None, "slow"))
        except Exception as error:  # noqa: BLE001  # told, and the next request is another one
            _tell(target, Frame([], None, "failed", repr(error)))
        finally:
            connection.execute("ROLLBACK")


def _answer(reader: EventReader, asked: Asked, within_s: float, target: BinaryIO) -> None:
    found: list[Found] = []
    told = 0.0  # how far it has come is told as soon as it has: what follows may never end
    for step in reader.read(asked, Patience(time.monotonic, within_s)):
        found += step.events
        now = time.monotonic()
        if step.is_last or (step.stopped_id is not None and now - told >= _TELL_EVERY_S):
            stopped = None if step.stopped_id is None else position_of(step.stopped_id)
            _tell(target, Frame(found, stopped, "done" if step.is_last else "more"))
            found, told = [], now


def _tell(target: BinaryIO, frame: Frame) -> None:
    target.write(framed(encode(frame)))
    target.flush()


def _body(source: BinaryIO) -> bytes:
    """The next request; empty when there are no more."""
    head = source.read(LENGTH.size)
    return source.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""


if __name__ == "__main__":
    try:
        main()
    except (sqlite3.Error, BrokenPipeError, KeyboardInterrupt) as error:
        sys.exit(f"log search: {error!r}")
