"""Where code lives: content-addressed archives, unpacked once, read-only."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lambdad.domain.function import CodeKey, LayerKeys
from lambdad.domain.limits import MAX_ZIPPED_BYTES


@dataclass(frozen=True, slots=True)
class StoredCode:
    """An archive that is on disk and unpacked.

    Attributes:
        key: its content address.
        sha256_base64: as AWS shows it in `CodeSha256`.
        archive_bytes: size of the zip file.
        unpacked_bytes: sum of its files.
    """

    key: CodeKey
    sha256_base64: str
    archive_bytes: int
    unpacked_bytes: int


class CodeStore(Protocol):
    """Archives and their unpacked trees."""

    async def put(self, archive: bytes, *, max_archive_bytes: int = MAX_ZIPPED_BYTES) -> StoredCode:
        """Check, store and unpack a zip file; durable when it returns. Same bytes, same key.

        `max_archive_bytes` is raised for archives from S3, where only the unzipped size is bounded.

        Raises:
            InvalidParameter: not a zip file, an entry that leads out of the tree (absolute, `..`,
                a symlink pointing outside), or over 250 MB unzipped, in AWS's words.
            RequestTooLarge: over `max_archive_bytes` zipped, in AWS's words.
        """
        ...

    def task_root(self, key: CodeKey) -> Path:
        """The unpacked tree of a stored archive."""
        ...

    def archive(self, key: CodeKey) -> Path:
        """The zip file itself."""
        ...

    async def unpacked_bytes(self, key: CodeKey) -> int:
        """Size of all files of a stored archive."""
        ...

    async def layers_root(self, keys: LayerKeys) -> Path | None:
        """The tree that functions with these layers have as ``/opt``; None without layers.

        Later layers lie over earlier ones. The tree of several is made once and kept.

        Raises:
            EnvironmentUnavailable: it could not be made.
        """
        ...

    async def keep_only(self, keys: set[CodeKey], layers: AbstractSet[LayerKeys] = frozenset()) -> int:
        """Take away every archive not in `keys` (and unfinished work of a killed server); how many.

        They cannot be found any more when this returns; their disk is free a moment later.

        Merged trees of lists not in `layers` go as well. What was put or merged only just now stays: its
        version may not be in the catalogue yet.
        """
        ...
