"""Frames of `application/vnd.amazon.eventstream`.

A frame is: total length, header length, CRC-32 of these eight bytes; headers; payload; CRC-32 of
all before. Used by InvokeWithResponseStream and StartLiveTail.

Source: https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html (frame layout)
and the Smithy specification of `application/vnd.amazon.eventstream`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

CONTENT_TYPE = "application/vnd.amazon.eventstream"

HeaderValue: TypeAlias = bool | int | bytes | str | datetime

_PRELUDE = struct.Struct(">II")
_CRC = struct.Struct(">I")
_TRUE, _FALSE, _INTEGER, _LONG, _BYTES, _STRING, _TIMESTAMP = 0, 1, 4, 5, 6, 7, 8
_INT32_MAX = 2**31 - 1


def frame(headers: Mapping[str, HeaderValue], payload: bytes = b"") -> bytes:
    """Encode one frame."""
    encoded = b"".join(_header(name, value) for name, value in headers.items())
    total = _PRELUDE.size + _CRC.size + len(encoded) + len(payload) + _CRC.size
    prelude = _PRELUDE.pack(total, len(encoded))
    head = prelude + _CRC.pack(zlib.crc32(prelude)) + encoded
    return head + payload + _CRC.pack(zlib.crc32(payload, zlib.crc32(head)))


def event(
    kind: str,
    payload: bytes = b"",
    content_type: str | None = None,
    headers: Mapping[str, HeaderValue] | None = None,
) -> bytes:
    """Encode one event of a stream.

    Args:
        kind: name of the event, a member of the stream's shape (``PayloadChunk``).
        payload: its payload.
        content_type: of the payload; None when there is none.
        headers: members of the event that travel as headers.
    """
    fields: dict[str, HeaderValue] = {":message-type": "event", ":event-type": kind}
    if content_type is not None:
        fields[":content-type"] = content_type
    return frame(fields | dict(headers or {}), payload)


def exception(kind: str, payload: bytes) -> bytes:
    """Encode a modelled exception that ends a stream; `payload` is its JSON."""
    return frame(
        {":message-type": "exception", ":exception-type": kind, ":content-type": "application/json"}, payload
    )


def error(code: str, message: str) -> bytes:
    """Encode an unmodelled error that ends a stream."""
    return frame({":message-type": "error", ":error-code": code, ":error-message": message})


def _header(name: str, value: HeaderValue) -> bytes:
    key = name.encode()
    return bytes((len(key),)) + key + _typed(value)


def _typed(value: HeaderValue) -> bytes:
    if isinstance(value, bool):
        return bytes((_TRUE if value else _FALSE,))
    if isinstance(value, int):
        if abs(value) <= _INT32_MAX:
            return struct.pack(">Bi", _INTEGER, value)
        return struct.pack(">Bq", _LONG, value)
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return struct.pack(">Bq", _TIMESTAMP, round(aware.timestamp() * 1000))
    if isinstance(value, str):
        text = value.encode()
        return struct.pack(">BH", _STRING, len(text)) + text
    return struct.pack(">BH", _BYTES, len(value)) + value
