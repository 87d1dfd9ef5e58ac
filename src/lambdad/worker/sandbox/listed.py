"""Lists the executable files of a directory of a sandbox, links followed inside it alone.

The server reads the names; what each of them is tells pid 1, in whose root links lead where they should.
"""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Awaitable, Callable
from typing import Final

from lambdad.worker.sandbox.launcher.listing import ANY_EXECUTE, MOST_ENTRIES, MOST_NAMES

Modes = Callable[[list[str]], Awaitable[tuple[int, ...]]]
"""Tells the modes of files of the directory, 0 where there is none."""
_AT_ONCE: Final = MOST_NAMES


async def listed(directory: int, modes: Modes) -> tuple[str, ...]:
    """Sorted names of the executable regular files, at most `listing.MOST_NAMES`.

    Args:
        directory: closed here.
        modes: asks pid 1.
    """
    names = _names(directory)
    found: list[str] = []
    while names and len(found) < MOST_NAMES:
        some, names = names[:_AT_ONCE], names[_AT_ONCE:]
        told = zip(some, await modes(some), strict=True)
        found += [name for name, mode in told if stat.S_ISREG(mode) and mode & ANY_EXECUTE]
    return tuple(found[:MOST_NAMES])


def _names(directory: int) -> list[str]:
    """Sorted names of all there is; one that is not UTF-8 could be told to nobody over HTTP."""
    try:
        with os.scandir(directory) as entries:
            names = [entry.name for entry in itertools.islice(entries, MOST_ENTRIES)]
    except OSError:
        return []
    finally:
        os.close(directory)
    return sorted(name for name in names if _is_text(name))


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
