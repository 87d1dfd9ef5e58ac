"""Images of initialised processes: what a sandbox makes of its runtime, and others are restored from.

Before: `Sandbox.snapshot` of an environment whose runtime waits in `restore/next`. After: `Sandbox.restore`
of another, made the same way. An image lives in this server's memory only.
"""

from __future__ import annotations

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


NO_IMAGES: Final = "this host's isolation cannot take memory images of processes"
