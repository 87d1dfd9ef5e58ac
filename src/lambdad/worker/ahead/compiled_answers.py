"""What the compiling process says, cut into files (see `compile_program`); it may say anything.

Sans-I/O: bytes in, files out. Files are numbered by the names that were sent: no name ever comes from inside.
"""

from __future__ import annotations

import struct

from lambdad.domain.limits import MAX_COMPILED_BYTES, MAX_COMPILED_FILE_BYTES

_FRAME = struct.Struct(">II")
_END = 0xFFFFFFFF


class CompileFailed(Exception):
    """There is no byte code to be had of a tree; the function compiles its code itself."""


class Answers:
    """Takes one process's answers.

    Args:
        names: as they were sent.

    Attributes:
        ended: it has said that this was all.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.ended = False
        self._names = names
        self._next = 0
        self._total = 0
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """The files that are whole now: the name of the source, and its byte code.

        Raises:
            CompileFailed: that is no answer to what was asked.
        """
        self._pending += data
        files = []
        while not self.ended and len(self._pending) >= _FRAME.size:
            number, length = _FRAME.unpack_from(self._pending)
            if number == _END:
                self.ended = True
                break
            self._check(number, length)
            end = _FRAME.size + length
            if len(self._pending) < end:
                break
            files.append((self._names[number], bytes(self._pending[_FRAME.size : end])))
            del self._pending[:end]
            self._next = number + 1
            self._total += length
        return files

    def _check(self, number: int, length: int) -> None:
        if not self._next <= number < len(self._names):
            raise CompileFailed("it answered for a file that is not to come now")
        if length > MAX_COMPILED_FILE_BYTES or self._total + length > MAX_COMPILED_BYTES:
            raise CompileFailed("it answered with too much")
