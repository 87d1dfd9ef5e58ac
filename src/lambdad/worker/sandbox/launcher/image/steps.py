"""A table of system calls, and the machine code that carries it out inside another process.

A process with numpy and pandas has 800 mappings. Made one by one from outside they would cost two stops
each; this way they are made at the speed of the kernel, and the process stops once, at the end.
"""

from __future__ import annotations

import os
import struct

# x86_64, any address, no stack. r15: the step; r13: descriptor of the image; r14: what KEEP kept.
#
#   next: rax = step.number; if rax < 0: stop
#         rdi, rsi, rdx, r10, r8, r9 = step.arguments; rbx = step.flags
#         if bl & 1: rdi = r14      if bl & 2: r8 = r14
#         if bl & 4: rdi = r13      if bl & 8: r8 = r13
#         syscall                   if rax is an error: stop
#         if bl & 16 and rax != rdi: stop
#         if bl & 32 and rax != rdx: stop
#         if bl & 64: r14 = rax
#         r15 += 64; goto next
#   stop: int3
CODE = bytes.fromhex(
    "498b07 4885c0 7868 498b7f08 498b7710 498b5718 4d8b5720 4d8b4728 4d8b4f30 498b5f38"
    "f6c301 7403 4c89f7 f6c302 7403 4d89f0 f6c304 7403 4c89ef f6c308 7403 4d89e8"
    "0f05 483d01f0ffff 7322 f6c310 7405 4839f8 7518 f6c320 7405 4839d0 750e"
    "f6c340 7403 4989c6 4983c740 eb90 cc"
)
FIRST_IS_KEPT, MAPS_KEPT, FIRST_IS_IMAGE, MAPS_IMAGE = 1, 2, 4, 8
IS_FIRST, IS_THIRD, KEEP = 16, 32, 64
"""Which argument is filled in, what the answer has to be, and that it is kept."""

READ, OPEN, CLOSE, FSTAT, LSEEK, MMAP, MUNMAP, BRK = 0, 2, 3, 5, 8, 9, 11, 12
RT_SIGACTION, PREAD, MADVISE, GETITIMER, RECVMSG, SOCKETPAIR = 13, 17, 28, 36, 47, 53
CHDIR, UMASK, SIGALTSTACK, PRCTL, DUP3 = 80, 95, 131, 157, 292

_STEP = struct.Struct("=q6QQ")
STEP_BYTES = _STEP.size
_END = _STEP.pack(-1, *[0] * 7)
_ALIGNMENT = 64
_MASK = (1 << 64) - 1


def step(number: int, *arguments: int, flags: int = 0) -> bytes:
    """One system call of the table."""
    padded = [value & _MASK for value in arguments] + [0] * (6 - len(arguments))
    return _STEP.pack(number, *padded, flags)


class Program:
    """Steps and what they point to, for an area that will lie at `base`.

    The area is: code, data, steps. The data come first so that steps can be put before others later.
    """

    def __init__(self, base: int) -> None:
        self.base = base
        self._data = bytearray(CODE.ljust(-(-len(CODE) // _ALIGNMENT) * _ALIGNMENT, b"\0"))
        self.steps = bytearray()

    def add(self, number: int, *arguments: int, flags: int = 0) -> None:
        """Append a system call."""
        self.steps += step(number, *arguments, flags=flags)

    def data(self, content: bytes) -> int:
        """Put bytes into the area; returns their address."""
        address = self.base + len(self._data)
        self._data += content.ljust(-(-len(content) // 8) * 8, b"\0")
        return address

    def text(self, value: str) -> int:
        """Put a name into the area, ended by a zero; returns its address."""
        return self.data(value.encode("utf-8", "surrogateescape") + b"\0")

    def head(self) -> bytes:
        """Code and data, up to where the steps begin."""
        return bytes(self._data.ljust(-(-len(self._data) // _ALIGNMENT) * _ALIGNMENT, b"\0"))


def table(*parts: bytes) -> bytes:
    """Steps in this order, and the end."""
    return b"".join(parts) + _END


def failure(steps_table: bytes, at: int, answer: int) -> str:
    """What went wrong at a step."""
    number, first, second, *_ = _STEP.unpack_from(steps_table, at * STEP_BYTES)
    error = _MASK + 1 - answer
    said = os.strerror(error) if error < 4096 else f"answered {answer:#x}"
    return f"step {at}, system call {number}({first:#x}, {second:#x}, …): {said}"
