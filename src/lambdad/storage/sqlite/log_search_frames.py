"""What passes between a store and its search processes: a length, then that many bytes."""

from __future__ import annotations

import struct
from typing import Literal

import msgspec

from lambdad.storage.sqlite.log_reading import Found

LENGTH = struct.Struct("<I")


class Frame(msgspec.Struct, array_like=True):
    """A part of an answer.

    Attributes:
        events: found since the last frame, in the order of reading.
        stopped: time and number where to read on; None when unknown.
        state: whether more follows, and how it ended.
        words: of an error.
    """

    events: list[Found]
    stopped: tuple[int, int] | None
    state: Literal["more", "done", "slow", "missing", "failed"]
    words: str = ""


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Frame).decode


def framed(body: bytes) -> bytes:
    """A body with its length before it."""
    return LENGTH.pack(len(body)) + body
