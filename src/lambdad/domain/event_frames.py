"""Takes frames of `application/vnd.amazon.eventstream` apart, as they arrive.

Pure; the other direction is `awsapi.eventstream`. A frame is: total length, header length, CRC-32 of
these eight bytes; headers; payload; CRC-32 of all before.

Source: https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html (frame layout).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MOST_FRAME_BYTES = 24 * 1024 * 1024
"""As clients of AWS take them: 16 MB of payload, with room."""
_PRELUDE = struct.Struct(">III")
_STRING = 7
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; 6 and 7 (bytes, string) begin with their length."""


class BrokenFrame(Exception):
    """The stream is no event stream, or damaged; nothing behind this can be read."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message; of its headers those that are strings."""

    headers: Mapping[str, str]
    payload: bytes


class FrameReader:
    """Collects bytes until they make frames."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes.

        Raises:
            BrokenFrame: a checksum or a length is wrong.
        """
        self._pending += data
        while len(self._pending) >= _PRELUDE.size:
            total, headers, checksum = _PRELUDE.unpack_from(self._pending)
            if zlib.crc32(self._pending[:8]) != checksum:
                raise BrokenFrame("the checksum of its prelude is wrong")
            if not _PRELUDE.size + headers + 4 <= total <= MOST_FRAME_BYTES:
                raise BrokenFrame(f"a frame of {total} bytes")
            if len(self._pending) < total:
                return
            whole = bytes(self._pending[:total])
            del self._pending[:total]
            if zlib.crc32(whole[:-4]) != int.from_bytes(whole[-4:]):
                raise BrokenFrame("the checksum of its payload is wrong")
            body = _PRELUDE.size + headers
            yield Frame(_headers(whole[_PRELUDE.size : body]), whole[body:-4])


def _headers(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    try:
        while at < len(data):
            end = at + 1 + data[at]
            name, kind = data[at + 1 : end].decode(), data[end]
            at = end + 1
            if kind in _SIZES:
                at += _SIZES[kind]
                continue
            size = int.from_bytes(data[at : at + 2])
            if kind == _STRING:
                found[name] = data[at + 2 : at + 2 + size].decode()
            at += 2 + size
    except (IndexError, UnicodeDecodeError):
        raise BrokenFrame("its headers are wrong") from None
    return found
