"""What runs in a sandbox to make byte code: the text of this file is given to the interpreter with ``-c``.

It is told names of files on descriptor 4 (``name NUL name NUL … NUL``) and answers there with frames of
number, length (both 32 bits, big-endian) and byte code, in the order of the names; what cannot be compiled is
left out. A frame with the number 0xFFFFFFFF ends it. Arguments: the tree, and the bounds as in
`domain.limits`.

The sources are hostile: nothing of them is executed, and whatever compiling them does to this process is its
sandbox's matter. It runs on every Python from 3.9 on.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import resource
import socket
import struct
import sys
import time
import warnings
from importlib.machinery import SourceFileLoader
from importlib.util import MAGIC_NUMBER
from pathlib import Path

_CHANNEL = 4
_FRAME = struct.Struct(">II")
_END = 0xFFFFFFFF
# Flags of a file that is never compared with its source, and no hash of that: code does not change.
_HEADER = MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)


def compiled(path: str, source_bytes: int) -> bytes | None:
    """The byte code an import of this file would load; None when it should do what it does without."""
    try:
        if Path(path).stat().st_size > source_bytes:
            return None
        code = SourceFileLoader("module", path).get_code("module")
        return _HEADER + marshal.dumps(code)
    except Exception:  # noqa: BLE001 - hostile sources make the compiler raise anything
        return None


def bound(cpu_s: int, memory_bytes: int) -> None:
    """Let everybody else go first, and take no more than that; not every system has all of it."""
    for kind, value in ((resource.RLIMIT_CPU, 2 * cpu_s), (resource.RLIMIT_AS, memory_bytes)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, value))
    with contextlib.suppress(OSError):
        os.nice(19)


def told(channel: socket.socket) -> list[str]:
    """The names."""
    text = bytearray()
    while not text.endswith(b"\0\0"):
        piece = channel.recv(1 << 16)
        if not piece:
            raise SystemExit(1)
        text += piece
    return [os.fsdecode(name) for name in bytes(text[:-2]).split(b"\0")]


def main() -> None:
    """Answer for every name, and end."""
    tree = sys.argv[1]
    cpu_s, memory_bytes, source_bytes, file_bytes, total_bytes = map(int, sys.argv[2:])
    bound(cpu_s, memory_bytes)
    sys.dont_write_bytecode = True
    # A module whose compiling warns shall go on doing so when it is imported: it becomes an error here.
    warnings.simplefilter("error", SyntaxWarning)
    channel = socket.socket(fileno=_CHANNEL)
    for number, name in enumerate(told(channel)):
        code = compiled(f"{tree}/{name}", source_bytes)
        if code is not None and len(code) <= file_bytes:
            total_bytes -= len(code)
            if total_bytes < 0:
                break
            channel.sendall(_FRAME.pack(number, len(code)) + code)
        if time.process_time() > cpu_s:
            break
    channel.sendall(_FRAME.pack(_END, 0))


if __name__ == "__main__":
    main()
