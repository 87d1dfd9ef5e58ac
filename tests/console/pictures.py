"""Pictures of the console in the documentation: which there are, and how they are kept small."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

PICTURES = Path(__file__).parent.parent.parent / "docs" / "images" / "console"
SHOWN = (
    *("create-function", "function-code", "function-test", "function-monitor", "function-logs"),
    *("functions", "iam-role", "operations-queue", "operations-bill", "sign-in"),
)
"""The pictures that the documentation shows."""
MOST_BYTES = 120_000
_BEFORE_CHUNKS = 8
_CHUNK_BYTES = 12


def keep_picture(path: Path, png: bytes) -> None:
    """Write a picture, deflated as far as it goes: browsers deflate in a hurry.

    Raises:
        AssertionError: it is too large for the documentation even so.
    """
    small = _deflated(png)
    assert len(small) <= MOST_BYTES, f"{path.name} has {len(small):,} bytes: show less on it"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(small)


def _deflated(png: bytes) -> bytes:
    """The same picture. Source: PNG specification, 5 (structure) and 11.2.3 (IDAT)."""
    at, before, data, after = _BEFORE_CHUNKS, png[:_BEFORE_CHUNKS], b"", b""
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        chunk = png[at : at + size + _CHUNK_BYTES]
        if chunk[4:8] == b"IDAT":
            data += chunk[8:-4]
        elif data:
            after += chunk
        else:
            before += chunk
        at += len(chunk)
    body = b"IDAT" + zlib.compress(zlib.decompress(data), 9)
    return before + struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body)) + after
