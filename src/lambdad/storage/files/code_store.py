"""Content-addressed code on disk; implements `ports.code_store.CodeStore`.

::

    <root>/ab/abcdef…/archive.zip      the zip file as uploaded
                      task/            its tree: directories 0755, files 0644 or 0755
                      unpacked_bytes   sum of its files, as text
    <root>/merged/cdef01…/             trees of several layers as one, hard links; made when first needed
    <root>/compiled/…                  byte code of trees; see `compiled_store`
    <root>/unfinished/…                work in progress: worthless after a kill, removed by keep_only
    <root>/leaving/…                   what is to be removed, in the background

A directory appears under its address by one rename, after everything in it is on disk, so whatever
is there is whole.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from lambdad.domain.errors import EnvironmentUnavailable, InvalidParameter, RequestTooLarge
from lambdad.domain.function import CodeKey, LayerKeys
from lambdad.domain.limits import CODE_GRACE_S, MAX_ZIPPED_BYTES
from lambdad.ports.code_store import StoredCode
from lambdad.storage.files.leaving import Leaving
from lambdad.storage.files.merge import merge
from lambdad.storage.files.on_disk import to_disk
from lambdad.storage.files.tree_names import COMPILED, LEAVING, UNFINISHED, tree_name
from lambdad.storage.files.unpack import unpack

_ARCHIVE = "archive.zip"
_TASK = "task"
_UNPACKED_BYTES = "unpacked_bytes"
_MERGED = "merged"
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
        self._fresh: dict[str, float] = {}
        self._roots: dict[LayerKeys, Path] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="code-store")
        self._leaving = Leaving(root / LEAVING)
        (root / UNFINISHED).mkdir(parents=True, exist_ok=True)

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

    async def unpacked_bytes(self, key: CodeKey) -> int:
        """Size of all files of a stored archive."""
        return await self._in_thread(_unpacked_bytes, self._place(key))

    async def layers_root(self, keys: LayerKeys) -> Path | None:
        """What functions with these layers have as ``/opt``; see the port."""
        if len(keys) <= 1:
            return self.task_root(keys[0]) if keys else None
        try:
            return self._roots.get(keys) or await self._in_thread(self._merged, keys)
        except OSError as error:
            raise EnvironmentUnavailable(f"The layers could not be merged: {error}") from error

    async def keep_only(self, keys: set[CodeKey], layers: AbstractSet[LayerKeys] = frozenset()) -> int:
        """Remove what is neither asked for nor fresh, and all unfinished work; how many archives."""
        merged = {tree_name(listed) for listed in layers if len(listed) > 1}
        return await self._in_thread(self._keep_only, (frozenset(keys), frozenset(merged)))

    async def close(self) -> None:
        """Return when the last disk work is done; what is left to be removed is for the next server."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._thread.shutdown)
        await loop.run_in_executor(None, self._leaving.close)

    async def swept(self) -> None:
        """Wait until what `keep_only` took away no longer takes up disk."""
        await self._leaving.swept()

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
            unpacked_bytes=_unpacked_bytes(place),
        )

    def _store(self, archive: bytes, place: Path) -> None:
        work = Path(tempfile.mkdtemp(dir=self._root / UNFINISHED))
        try:
            (work / _TASK).mkdir()
            unpacked = unpack(archive, work / _TASK)
            (work / _ARCHIVE).write_bytes(archive)
            (work / _UNPACKED_BYTES).write_text(str(unpacked))
            work.chmod(0o755)
            (work / _TASK).chmod(0o755)
            to_disk(work)
            place.parent.mkdir(exist_ok=True)
            work.rename(place)
            to_disk(place.parent)
        except BaseException as error:
            shutil.rmtree(work, ignore_errors=True)
            if isinstance(error, InvalidParameter):
                notes = "; ".join(getattr(error, "__notes__", ()))
                _log.info("archive refused", extra={"event": "code.refused", "reason": notes or str(error)})
            raise

    def _merged(self, keys: LayerKeys) -> Path:
        name = tree_name(keys)
        self._fresh[name] = self._monotonic()
        place = self._root / _MERGED / name
        if not place.exists():
            work = Path(tempfile.mkdtemp(dir=self._root / UNFINISHED))
            try:
                merge([self.task_root(key) for key in keys], work)
                to_disk(work)
                place.parent.mkdir(exist_ok=True)
                work.rename(place)
            except BaseException:
                shutil.rmtree(work, ignore_errors=True)
                raise
        self._roots[keys] = place
        return place

    def _keep_only(self, wanted: tuple[frozenset[str], frozenset[str]]) -> int:
        archives, merged = wanted
        self._leaving.take(list((self._root / UNFINISHED).iterdir()))
        now = self._monotonic()
        self._fresh = {key: at for key, at in self._fresh.items() if now - at < CODE_GRACE_S}
        self._remove([self._root / _MERGED], merged | self._fresh.keys())
        self._remove([self._root / COMPILED], archives | merged | self._fresh.keys())
        self._roots = {keys: place for keys, place in self._roots.items() if place.exists()}
        removed = self._remove(self._root.glob("??"), archives | self._fresh.keys())
        self._leaving.sweep()
        return removed

    def _remove(self, parents: Iterable[Path], kept: AbstractSet[str]) -> int:
        """Take away what is in these directories under a name that is not kept; how many."""
        doomed = [parent / name for parent in parents for name in _names(parent) if name not in kept]
        self._leaving.take(doomed)
        return len(doomed)


def _names(directory: Path) -> list[str]:
    """What is in a directory; nothing where there is none. Names alone: there may be 100,000."""
    try:
        return os.listdir(directory)  # noqa: PTH208 - see above
    except FileNotFoundError:
        return []


def _unpacked_bytes(place: Path) -> int:
    return int((place / _UNPACKED_BYTES).read_text())
