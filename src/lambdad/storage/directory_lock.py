"""One server per data directory: an advisory lock that the kernel drops with its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lambdad.storage.refusal import StorageRefused


@contextmanager
def take_lock(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file at `path` and write our process id into it.

    Raises:
        StorageRefused: another process holds it; the line names `what` and that process.
    """
    # Not inherited over exec: a child that outlives the server must not keep its directory.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, what)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def held(path: Path) -> bool:
    """Whether some process holds the lock file at `path`, which must exist."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock(descriptor: int, what: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise StorageRefused(f"{what} is in use by the lambdad server with process id {pid}") from error
