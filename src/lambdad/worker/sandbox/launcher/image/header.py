"""What an image says of itself, at the end of its own descriptor; written and read by our processes only."""

from __future__ import annotations

import json
import os
import struct
from typing import NamedTuple

from lambdad.worker.sandbox.launcher.image.refusal import ImageError

_MAGIC = b"lambdad-image-1\0"
_SUPERBLOCK = struct.Struct("=16s2Q")
FIRST_DATA = 4096
_MOST_HEADER_BYTES = 64 << 20


class Header(NamedTuple):
    """All that a restore needs besides memory.

    Attributes:
        number: pid of the process in its own namespace; code inside may have remembered it.
        low_descriptors: those up to the channel's, which are the blank's own.
        stack_end: where the stack begins.
        kept: identities of mappings that a blank has to have and keeps.
        covered: addresses that the image maps, as start and end.
        base: where the area of steps is mapped.
        head: code and data of the area, hexadecimal like all bytes here.
        steps: the steps that are the same for every blank.
        files: device, inode, size and time of each mapped file, as FSTAT leaves them at `slots`.
    """

    number: int
    low_descriptors: list[int]
    stack_end: int
    kept: list[str]
    covered: list[list[int]]
    base: int
    head: str
    steps: str
    slots: int
    files: list[list[int]]
    registers: list[int]
    extended: str
    blocked_signals: int
    signals: int
    limits: list[list[int]]


def write(image_fd: int, at: int, header: Header) -> int:
    """Write a header behind the data; returns where it ends."""
    content = json.dumps(header._asdict()).encode()
    os.pwrite(image_fd, content, at)
    os.pwrite(image_fd, _SUPERBLOCK.pack(_MAGIC, at, len(content)), 0)
    return at + len(content)


def read(image_fd: int) -> Header:
    """Read the header of an image.

    Raises:
        ImageError: it is none.
    """
    superblock = os.pread(image_fd, _SUPERBLOCK.size, 0)
    if len(superblock) < _SUPERBLOCK.size or not superblock.startswith(_MAGIC):
        raise ImageError("not a memory image")
    _, at, size = _SUPERBLOCK.unpack(superblock)
    if size > _MOST_HEADER_BYTES:
        raise ImageError("not a memory image")
    return Header(**json.loads(os.pread(image_fd, size, at)))
