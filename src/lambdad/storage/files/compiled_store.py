"""Byte code on disk; implements `ports.compiled_store.CompiledStore`.

::

    <root>/compiled/<name of the tree>/<maker>/a/b.pyc     for a/b.py of the tree
    <root>/unfinished/…                                    what is being written

`root` is the code store's, which also removes the byte code of trees that nobody refers to. A directory
appears under its name by one rename, after everything in it is on disk. There is at most one per tree and
minor version of Python.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from lambdad.domain.function import LayerKeys
from lambdad.ports.compiled_store import Sources
from lambdad.storage.files.on_disk import to_disk
from lambdad.storage.files.tree_names import COMPILED, UNFINISHED, tree_name

_SOURCE = ".py"
_MAX_NAME_BYTES = 254  # of a source: its byte code has a letter more, and names end at 255
_R = TypeVar("_R")


class FileCompiledStore:
    """Byte code below the code store's `root`; all disk work happens in one named thread."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compiled-store")

    def place(self, keys: LayerKeys, maker: str) -> Path:
        """Where the byte code of a tree is, or would be."""
        return self._root / COMPILED / tree_name(keys) / maker

    async def find(self, keys: LayerKeys, maker: str) -> bool:
        """Whether there is any."""
        return await self.in_thread(self.place(keys, maker).is_dir)

    async def sources(self, tree: Path) -> Sources:
        """What of a tree can be compiled."""
        return await self.in_thread(lambda: _sources(tree))

    async def begin(self, keys: LayerKeys, maker: str) -> FileDraft:
        """Begin to write the byte code of a tree."""
        unfinished = self._root / UNFINISHED
        work = await self.in_thread(lambda: Path(tempfile.mkdtemp(dir=unfinished, prefix="compiled-")))
        return FileDraft(self, work, self.place(keys, maker))

    async def close(self) -> None:
        """Return when the last disk work is done."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)

    async def in_thread(self, work: Callable[[], _R]) -> _R:
        """Do disk work where all of it is done."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class FileDraft:
    """A directory that gets its name in the end; see `ports.compiled_store.CompiledDraft`."""

    def __init__(self, store: FileCompiledStore, work: Path, place: Path) -> None:
        self._store = store
        self._work = work
        self._place = place

    async def add(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write some files."""
        await self._store.in_thread(lambda: self._add(files))

    async def keep(self) -> None:
        """It is whole."""
        await self._store.in_thread(self._keep)

    async def drop(self) -> None:
        """Forget it."""
        await self._store.in_thread(lambda: shutil.rmtree(self._work, ignore_errors=True))

    def _add(self, files: Iterable[tuple[str, bytes]]) -> None:
        for name, content in files:
            place = self._work / f"{name}c"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    def _keep(self) -> None:
        for directory, _, files in os.walk(self._work):
            Path(directory).chmod(0o755)
            for name in files:
                (Path(directory) / name).chmod(0o644)
        to_disk(self._work)
        self._place.parent.mkdir(parents=True, exist_ok=True)
        self._remove_older()
        with contextlib.suppress(FileExistsError):
            self._work.rename(self._place)

    def _remove_older(self) -> None:
        """Remove what other patches of the same minor version made: nothing starts with it any more."""
        minor = f"{self._place.name.rpartition('.')[0]}."
        for other in self._place.parent.iterdir():
            if other.name.startswith(minor) and other != self._place:
                leaving = self._work.with_name(f"{self._work.name}-{other.name}")
                other.rename(leaving)
                shutil.rmtree(leaving, ignore_errors=True)


def _sources(tree: Path) -> Sources:
    found: list[tuple[int, str]] = []
    total = 0
    pending = [("", 0)]
    while pending:
        prefix, depth = pending.pop()
        with os.scandir(tree / prefix) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append((f"{prefix}{entry.name}/", depth + 1))
                elif _is_source(entry):
                    found.append((depth, prefix + entry.name))
                    total += entry.stat(follow_symlinks=False).st_size
    return Sources(tuple(name for _, name in sorted(found)), total)


def _is_source(entry: os.DirEntry[str]) -> bool:
    return (
        entry.name.endswith(_SOURCE)
        and len(os.fsencode(entry.name)) <= _MAX_NAME_BYTES
        and entry.is_file(follow_symlinks=False)
    )
