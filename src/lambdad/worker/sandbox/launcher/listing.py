"""The executable files of a directory: the process tier's answer to `executables`."""

# os.path on purpose: pathlib would add to the start of a process that must be small.

from __future__ import annotations

import itertools
import os
import stat

MOST_NAMES = 64  # AWS takes ten extensions; the rest is there to be refused by name
MOST_ENTRIES = 4_096  # what is looked at: a directory may have any number
ANY_EXECUTE = 0o111


def executables(directory: str) -> list[str]:
    """Sorted names of the executable regular files, symbolic links followed; none where none can be.

    A name that is not UTF-8 is left out: it could be told to nobody over HTTP.
    """
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in itertools.islice(entries, MOST_ENTRIES) if _is_executable(entry)]
    except OSError:
        return []
    return sorted(names)[:MOST_NAMES]


def _is_executable(entry: os.DirEntry[str]) -> bool:
    try:
        entry.name.encode()
        mode = entry.stat().st_mode
    except (OSError, UnicodeEncodeError):
        return False
    return stat.S_ISREG(mode) and bool(mode & ANY_EXECUTE)
