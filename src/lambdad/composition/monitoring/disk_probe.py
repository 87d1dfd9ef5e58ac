"""Whether the data directory takes what is written: by writing a little, seldom, in a thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lambdad.domain.limits import READY_FRESH_S, READY_PROBE_BYTES, READY_WITHIN_S

_NAME = "ready.probe"


class DiskProbe:
    """Asks the disk.

    Args:
        folder: where to write; on the file system of the stores.
        now: monotonic seconds.
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._path = folder / _NAME
        self._now = now
        self._asked_at = float("-inf")
        self._problem: str | None = None
        self._writing: asyncio.Future[str | None] | None = None

    async def problem(self) -> str | None:
        """Why it takes nothing; None when it does. Who asks again soon is told the same."""
        if self._now() - self._asked_at < READY_FRESH_S:
            return self._problem
        if self._writing is None:
            self._writing = asyncio.ensure_future(asyncio.to_thread(_written, self._path))
        try:
            problem = await asyncio.wait_for(asyncio.shield(self._writing), READY_WITHIN_S)
        except TimeoutError:  # the thread still waits; it is asked again, not another one
            problem = f"the disk of the data directory takes longer than {READY_WITHIN_S:g} s to write"
        else:
            self._writing = None
        self._problem, self._asked_at = problem, self._now()
        return problem


def _written(path: Path) -> str | None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            left = os.write(descriptor, b"\0" * READY_PROBE_BYTES) - READY_PROBE_BYTES
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            with suppress(OSError):
                path.unlink()
    except OSError as error:
        return f"the data directory cannot be written: {(error.strerror or str(error)).lower()}"
    return "the data directory cannot be written: no space left on device" if left else None
