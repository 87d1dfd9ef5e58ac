"""How events lie in a chunk: a msgpack array of (time, message), deflated when it is worth it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from lambdad.ports.log_store import LogLine

_WORTH_DEFLATING_BYTES = 1_024
_FASTEST = 1
_MAX_LINES = 2_000
_MAX_CHARACTERS = 512 * 1024
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[int, str]]).decode


class Chunk(NamedTuple):
    """Lines of one stream, ready to be stored; `text_bytes` is what they count for in the group's size."""

    events: int
    first_ms: int
    last_ms: int
    text_bytes: int
    compressed: bool
    body: bytes


def cut(lines: Sequence[LogLine]) -> Iterator[Sequence[LogLine]]:
    """Parts of `lines` small enough for one chunk each, in order."""
    begin = characters = 0
    for index, line in enumerate(lines):
        full = characters + len(line.message) > _MAX_CHARACTERS or index - begin >= _MAX_LINES
        if full and index > begin:
            yield lines[begin:index]
            begin, characters = index, 0
        characters += len(line.message)
    if begin < len(lines):
        yield lines[begin:]


def pack(lines: Sequence[LogLine]) -> Chunk:
    """Make a chunk of one or more lines."""
    try:
        body = _encode(lines)
    except UnicodeEncodeError:  # lone surrogates: what a program printed was no text
        body = _encode(
            [(line.timestamp_ms, line.message.encode("utf-8", "replace").decode()) for line in lines]
        )
    text_bytes = len(body)
    times = [line.timestamp_ms for line in lines]
    compressed = text_bytes >= _WORTH_DEFLATING_BYTES
    if compressed:
        body = zlib.compress(body, _FASTEST)
    return Chunk(len(lines), min(times), max(times), text_bytes, compressed, body)


def unpack(body: bytes, *, compressed: bool) -> list[tuple[int, str]]:
    """The (time in ms, message) pairs of a chunk, in the order they were written."""
    return _decode(zlib.decompress(body) if compressed else body)
