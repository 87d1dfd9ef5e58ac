"""Freezes a sandbox by its control group: one write into a file that stays open.

A frozen process can still be killed; it does not even see that it was frozen, and is charged nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress


class FreezeFile:
    """`cgroup.freeze` of one sandbox, opened when it is first frozen.

    Args:
        path: the file.
    """

    __slots__ = ("_descriptor", "_path")

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor = -1

    def freeze(self) -> bool:
        """Stop every process of the group; False when the group is gone."""
        try:
            if self._descriptor < 0:
                self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
            os.pwrite(self._descriptor, b"1", 0)
        except OSError:
            return False
        return True

    def thaw(self) -> None:
        """Let them go on."""
        with suppress(OSError):  # the group is gone, and all that was in it
            os.pwrite(self._descriptor, b"0", 0)

    def close(self) -> None:
        """Let go of the file; twice is once."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
