"""Images of initialised processes: what a sandbox makes of its runtime, and others are restored from.

Before: `Sandbox.snapshot` of an environment whose runtime waits in `restore/next`. After: `Sandbox.restore`
of another, made the same way. An image lives in this server's memory only.
"""

from __future__ import annotations

import os
from typing import Final, Protocol


class MemoryImage(Protocol):
    """The memory of a process; belongs to the server."""

    size_bytes: int

    def close(self) -> None:
        """Give the memory back; sandboxes restored from it live on."""
        ...


class SnapshotRefused(Exception):
    """No image can be made of the process; the message says why, in words for the function's author."""


class ImageStale(Exception):
    """The image fits no sandbox of this kind any more: its fork server has ended."""


class MemfdImage:
    """An image in a memfd.

    Args:
        descriptor: of the memfd; owned.
        size_bytes: memory it takes.
    """

    __slots__ = ("descriptor", "size_bytes")

    def __init__(self, descriptor: int, size_bytes: int) -> None:
        self.descriptor = descriptor
        self.size_bytes = size_bytes

    def close(self) -> None:
        """Give the memory back; twice is once."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


NO_IMAGES: Final = "this host's isolation cannot take memory images of processes"
NOT_FORKED: Final = "its runtime was executed, not forked (pools are off, or a variable is read at its start)"
