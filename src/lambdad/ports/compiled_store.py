"""Where byte code lies that was made of a tree of code: beside the code, never inside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lambdad.domain.function import LayerKeys


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of a tree that can be compiled.

    Attributes:
        names: relative to the tree, links left out; what lies near its root comes first.
        total_bytes: of all of them.
    """

    names: tuple[str, ...]
    total_bytes: int


class CompiledDraft(Protocol):
    """Byte code that is being written; nobody sees it until it is kept."""

    async def add(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write some files: the name of the source, and its byte code.

        Raises:
            OSError: the disk is full or broken.
        """
        ...

    async def keep(self) -> None:
        """It is whole: from now on `CompiledStore.find` finds it, even after a power failure.

        Raises:
            OSError: the disk is full or broken.
        """
        ...

    async def drop(self) -> None:
        """Forget it; nothing when it was kept."""
        ...


class CompiledStore(Protocol):
    """Byte code by the archives it was made of and the interpreter it was made by.

    `keys` are the archives that lie over one another in the tree, `maker` is the interpreter
    (``python3.13.0``).
    """

    def place(self, keys: LayerKeys, maker: str) -> Path:
        """Where the byte code of a tree is, or would be: ``a/b.py`` has its own in ``a/b.pyc``."""
        ...

    async def find(self, keys: LayerKeys, maker: str) -> bool:
        """Whether there is any."""
        ...

    async def sources(self, tree: Path) -> Sources:
        """What of a tree can be compiled.

        Raises:
            OSError: the tree is gone.
        """
        ...

    async def begin(self, keys: LayerKeys, maker: str) -> CompiledDraft:
        """Begin to write the byte code of a tree.

        Raises:
            OSError: the disk is full or broken.
        """
        ...
