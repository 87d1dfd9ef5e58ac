"""A code store in memory: any bytes that begin like a zip file are code."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Set as AbstractSet
from pathlib import Path

from lambdad.domain.errors import InvalidParameter, RequestTooLarge
from lambdad.domain.function import CodeKey, LayerKeys
from lambdad.domain.limits import MAX_ZIPPED_BYTES
from lambdad.ports.code_store import StoredCode


class FakeCodes:
    """Implements `ports.code_store.CodeStore`; nothing is on disk."""

    def __init__(self) -> None:
        self.stored: dict[CodeKey, bytes] = {}
        self.unpacked: dict[CodeKey, int] = {}

    async def put(self, archive: bytes, *, max_archive_bytes: int = MAX_ZIPPED_BYTES) -> StoredCode:
        if len(archive) > max_archive_bytes:
            raise RequestTooLarge(f"Zipped size must be smaller than {max_archive_bytes} bytes")
        if not archive.startswith(b"PK"):
            raise InvalidParameter(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
            )
        digest = hashlib.sha256(archive)
        key = CodeKey(digest.hexdigest())
        self.stored[key] = archive
        shown = base64.b64encode(digest.digest()).decode()
        return StoredCode(key, shown, len(archive), await self.unpacked_bytes(key))

    def pretend(self, archive: bytes, unpacked_bytes: int) -> bytes:
        """Say that these bytes unpack to so many; the bytes."""
        self.unpacked[CodeKey(hashlib.sha256(archive).hexdigest())] = unpacked_bytes
        return archive

    def task_root(self, key: CodeKey) -> Path:
        return Path("/nowhere") / key

    def archive(self, key: CodeKey) -> Path:
        return Path("/nowhere") / f"{key}.zip"

    async def unpacked_bytes(self, key: CodeKey) -> int:
        return self.unpacked.get(key, len(self.stored[key]))

    async def layers_root(self, keys: LayerKeys) -> Path | None:
        return Path("/nowhere/merged", *keys) if keys else None

    async def keep_only(self, keys: set[CodeKey], layers: AbstractSet[LayerKeys] = frozenset()) -> int:
        lost = self.stored.keys() - keys
        for key in lost:
            del self.stored[key]
        return len(lost)
