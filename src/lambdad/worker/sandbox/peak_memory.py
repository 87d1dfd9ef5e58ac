"""How much memory a sandbox has used at most, without what its files on disk have in the page cache.

The kernel counts the pages of files that were read or written, gives them up as soon as somebody needs the
memory, and keeps one highest value for all of it. So that value is right while little is cached, and costs
one read. When it cannot be right, three things are looked at, none of which counts the cache:

* the highest value without the pages that are cached now: exact when they were cached at that moment;
* what is used now without them: exact unless memory was given back since;
* how much more than now one process had at its own highest moment.

The largest of these is told and never less than before. It is too low only when several processes had
memory, gave it back, and files took its place, all between two readings. Pages of files that a process has
mapped count, as they do in its resident set.

Source: Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst and filesystems/proc.rst of Linux.
"""

from __future__ import annotations

from typing import Final

from lambdad.worker.sandbox.limit_files import LimitFiles

_UNEXPLAINED_BYTES: Final = 8 << 20  # less than this is not worth more than one read
_MOST_PROCESSES: Final = 16  # of a sandbox that may have a thousand


class PeakMemory:
    """Of one sandbox; to be read after every event."""

    __slots__ = ("_files", "_highest", "_told")

    def __init__(self, files: LimitFiles) -> None:
        self._files = files
        self._highest = 0
        self._told = 0

    def read(self) -> int:
        """In bytes; 0 when this host cannot tell."""
        highest = self._files.peak_memory_bytes()
        if highest != self._highest or highest - self._told > _UNEXPLAINED_BYTES:
            self._highest = highest
            self._told = max(self._told, min(highest, self._without_cache(highest)))
        return self._told

    def _without_cache(self, highest: int) -> int:
        cached = self._files.cached_bytes()
        if highest - max(self._told, highest - cached) <= _UNEXPLAINED_BYTES:
            return highest - cached
        now = self._files.memory_bytes() - cached
        return max(highest - cached, now + self._files.most_given_back_bytes(_MOST_PROCESSES))
