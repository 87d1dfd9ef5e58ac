"""Content-addressed code on disk; implements `ports.code_store.CodeStore`.

::

    <root>/ab/abcdef…/archive.zip      the zip file as uploaded
                      task/            its tree: directories 0755, files 0644 or 0755
                      unpacked_bytes   sum of its files, as text
    <root>/unfinished/…                work in progress: worthless after a kill, removed by keep_only

A directory appears under its address by one rename, after everything in it is on disk, so whatever
is there is whole.
"""

from __future__ import annotations

import asyncio
import base64
import ctypes
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from lambdad.domain.errors import InvalidParameter, RequestTooLarge
from lambdad.domain.function import CodeKey
from lambdad.domain.limits import CODE_GRACE_S, MAX_ZIPPED_BYTES
from lambdad.ports.code_store import StoredCode
from lambdad.storage.files.unpack import unpack

_ARCHIVE = "archive.zip"
_TASK = "task"
_UNPACKED_BYTES = "unpacked_bytes"
_UNFINISHED = "unfinished"
_log = logging.getLogger(__name__)
_A = TypeVar("_A")
_R = TypeVar("_R")


class FileCodeStore:
    """Archives and trees below `root`; all disk work happens in one named thread.

    Args:
        root: made when missing.
        monotonic: seconds of a clock that never jumps, for the grace of fresh code.
    """

    def __init__(self, root: Path, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._monotonic = monotonic
        self._fresh: dict[CodeKey, float] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="code-store")
        (root / _UNFINISHED).mkdir(parents=True, exist_ok=True)

    async def put(self, archive: bytes, *, max_archive_bytes: int = MAX_ZIPPED_BYTES) -> StoredCode:
        """Check, store and unpack a zip file; see the port."""
        if len(archive) > max_archive_bytes:
            raise RequestTooLarge(f"Zipped size must be smaller than {max_archive_bytes} bytes")
        return await self._in_thread(self._put, archive)

    def task_root(self, key: CodeKey) -> Path:
        """The unpacked tree of a stored archive."""
        return self._place(key) / _TASK

    def archive(self, key: CodeKey) -> Path:
        """The zip file itself."""
        return self._place(key) / _ARCHIVE

    async def keep_only(self, keys: set[CodeKey]) -> int:
        """Remove what is neither in `keys` nor fresh, and all unfinished work; how many archives."""
        return await self._in_thread(self._keep_only, frozenset(keys))

    async def close(self) -> None:
        """Return when the last disk work is done."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    async def _in_thread(self, work: Callable[[_A], _R], argument: _A) -> _R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, argument)

    def _place(self, key: CodeKey) -> Path:
        return self._root / key[:2] / key

    def _put(self, archive: bytes) -> StoredCode:
        digest = hashlib.sha256(archive)
        key = CodeKey(digest.hexdigest())
        self._fresh[key] = self._monotonic()
        place = self._place(key)
        if not place.exists():
            self._store(archive, place)
        return StoredCode(
            key=key,
            sha256_base64=base64.b64encode(digest.digest()).decode(),
            archive_bytes=len(archive),
            unpacked_bytes=int((place / _UNPACKED_BYTES).read_text()),
        )

    def _store(self, archive: bytes, place: Path) -> None:
        work = Path(tempfile.mkdtemp(dir=self._root / _UNFINISHED))
        try:
            (work / _TASK).mkdir()
            unpacked = unpack(archive, work / _TASK)
            (work / _ARCHIVE).write_bytes(archive)
            (work / _UNPACKED_BYTES).write_text(str(unpacked))
            work.chmod(0o755)
            (work / _TASK).chmod(0o755)
            _to_disk(work)
            place.parent.mkdir(exist_ok=True)
            work.rename(place)
            _to_disk(place.parent)
        except BaseException as error:
            shutil.rmtree(work, ignore_errors=True)
            if isinstance(error, InvalidParameter):
                notes = "; ".join(getattr(error, "__notes__", ()))
                _log.info("archive refused", extra={"event": "code.refused", "reason": notes or str(error)})
            raise

    def _keep_only(self, keys: frozenset[CodeKey]) -> int:
        for leftover in (self._root / _UNFINISHED).iterdir():
            shutil.rmtree(leftover, ignore_errors=True)
        now = self._monotonic()
        self._fresh = {key: at for key, at in self._fresh.items() if now - at < CODE_GRACE_S}
        stored = [place for place in self._root.glob("??/*") if place.name not in keys | self._fresh.keys()]
        for place in stored:
            # Renamed first: a kill in the middle leaves unfinished work, never half a tree.
            doomed = self._root / _UNFINISHED / place.name
            place.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)
        return len(stored)


def _to_disk(directory: Path) -> None:
    """Wait until everything below `directory` is on disk.

    One syncfs of the file system instead of an fsync per file: a tree of a thousand files takes
    milliseconds instead of seconds.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
        if syncfs is None:  # not Linux
            os.sync()
        elif syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(directory))
    finally:
        os.close(descriptor)
