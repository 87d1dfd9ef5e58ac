"""Looks through a large file of the queue while it is in use: at the start there is no time for it."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from lambdad.storage.sqlite.database import open_for_reading
from lambdad.storage.sqlite.event_damage import LOOK_BYTES, size
from lambdad.storage.sqlite.event_file import look_through
from lambdad.storage.sqlite.event_witness import Witness

_LEAST_PRIORITY: Final = 19
_JOIN_S: Final = 0.05


class Look:
    """One look, begun now and over by itself.

    Args:
        path: the file.
        witness: is told when something is wrong with it.
    """

    def __init__(self, path: Path, witness: Witness) -> None:
        self._thread: threading.Thread | None = None
        if size(path) <= LOOK_BYTES:
            return  # that was looked at before it was opened
        self._path, self._witness = path, witness
        self._connection = open_for_reading(path)
        self._thread = threading.Thread(target=self._run, name="lambdad-events-look", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it, wherever it is."""
        if self._thread is None:
            return
        while self._thread.is_alive():  # it may not have begun when it is interrupted
            self._connection.interrupt()
            self._thread.join(_JOIN_S)
        self._connection.close()

    def _run(self) -> None:
        with suppress(OSError):  # of the thread alone, which Linux can do
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST_PRIORITY)
        with suppress(sqlite3.ProgrammingError):
            look_through(self._path, self._witness, self._connection)
