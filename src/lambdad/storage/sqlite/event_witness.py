"""What the queue's file held after the last commit, in a small file beside it.

SQLite drops a damaged end of its log without a word; only who remembers elsewhere what had been committed
can tell that something is missing. It is written after each commit and never waited for: a killed process
does not lose it, a power cut may make it older, and older only means that less of a loss is known.
"""

from __future__ import annotations

import os
import struct
import zlib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

_MAGIC = b"lambdad1"
_FORMAT = struct.Struct("<8sqqqq")  # magic, last event, queued, owed, suspect
_CHECK = struct.Struct("<I")
_BYTES = _FORMAT.size + _CHECK.size


@dataclass(frozen=True, slots=True)
class Seen:
    """What was on disk.

    Attributes:
        last_event: the highest id of an event ever committed.
        queued: events that had not ended.
        owed: deliveries that were owed.
        is_suspect: the file could not be read somewhere: look at all of it before it is used again.
    """

    last_event: int = 0
    queued: int = 0
    owed: int = 0
    is_suspect: bool = False


class Witness:
    """The file; changes are collected by `add` while a transaction runs and written when it is on disk.

    Args:
        path: made when missing.
        seen: what is on disk now.

    Raises:
        OSError: the file cannot be written.
    """

    def __init__(self, path: Path, seen: Seen) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._seen = self._next = seen
        self._write()

    def add(self, *, last_event: int = 0, queued: int = 0, owed: int = 0) -> None:
        """The transaction that runs gives ids up to `last_event` and changes the numbers by so much."""
        now = self._next
        last = max(now.last_event, last_event)
        self._next = Seen(last, now.queued + queued, now.owed + owed, now.is_suspect)

    def committed(self) -> None:
        """The transaction is on disk."""
        if self._next is not self._seen:
            self._seen = self._next
            with suppress(OSError):  # then it is older than it could be
                self._write()

    def taken_back(self) -> None:
        """The transaction is not on disk."""
        self._next = replace(self._seen, is_suspect=self._next.is_suspect)

    def suspect(self) -> bool:
        """Have the next start look at the whole file; whether that is new. From any thread."""
        is_new = not self._seen.is_suspect
        self._seen, self._next = replace(self._seen, is_suspect=True), replace(self._next, is_suspect=True)
        if is_new:
            with suppress(OSError):  # the next one who finds it says so again
                self._write()
        return is_new

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self) -> None:
        seen = self._seen
        told = _FORMAT.pack(_MAGIC, seen.last_event, seen.queued, seen.owed, seen.is_suspect)
        os.pwrite(self._file, told + _CHECK.pack(zlib.crc32(told)), 0)


def read_witness(path: Path) -> Seen | None:
    """What was on disk when it was last written; None when nobody knows."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    told, check = data[: _FORMAT.size], data[_FORMAT.size : _BYTES]
    if len(check) != _CHECK.size or _CHECK.unpack(check)[0] != zlib.crc32(told):
        return None
    magic, last_event, queued, owed, suspect = _FORMAT.unpack(told)
    return Seen(last_event, queued, owed, bool(suspect)) if magic == _MAGIC else None
