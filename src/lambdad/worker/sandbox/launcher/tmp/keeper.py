"""The keeper: a process that deletes what ended sandboxes leave in `/tmp` and grows the image.

Deleting gigabytes takes the kernel a second, and births must not wait for it. The image
grows with what is used, not with what is promised: most functions write little. While more is promised than
the image holds, the keeper looks four times a second whether it is to grow.

The launcher writes one line per order, ``-name number`` (remove) or ``=bytes`` (what all of `/tmp` together
may take now); the keeper ends when the pipe does.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections import deque
from typing import NoReturn

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.tmp import btrfs
from lambdad.worker.sandbox.launcher.tmp.image import GIB, Image

_AHEAD_BYTES = GIB  # what can be written between two looks, and what btrfs needs for itself
_LOOK_MS = 250
_RETRY_MS = 2_000  # the kernel clears away what was deleted with the next commit, 5 s at most


class Keeper:
    """The launcher's end.

    Args:
        image: where the keeper works.
    """

    def __init__(self, image: Image) -> None:
        self._waiting: deque[bytes] = deque()
        read, self._write = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._write, False)
        self._pid = os.fork()
        if self._pid == 0:
            syscalls.close_all_but([read, image.root, image.file])
            _keep(image, read)
        os.close(read)

    def remove(self, name: str, number: int) -> None:
        """Have a subvolume deleted, soon."""
        self._order(f"-{name} {number}\n")

    def promise(self, size_bytes: int) -> None:
        """All of `/tmp` together may take that much: the image grows as far, if the disk has room for it."""
        self._order(f"={size_bytes}\n")

    def close(self) -> None:
        """Wait until all orders are obeyed, and end it."""
        os.set_blocking(self._write, True)
        self._flush()
        os.close(self._write)
        os.waitpid(self._pid, 0)

    def _order(self, line: str) -> None:
        self._waiting.append(line.encode())
        self._flush()

    def _flush(self) -> None:
        try:
            while self._waiting:
                os.write(self._write, self._waiting[0])  # shorter than PIPE_BUF: all or nothing
                self._waiting.popleft()
        except BlockingIOError:
            return  # it is behind; with the next order, then
        except BrokenPipeError:
            self._waiting.clear()  # somebody killed it: all goes with the image


class _Work:
    """The keeper's side.

    Args:
        image: what it works on.
    """

    def __init__(self, image: Image) -> None:
        self._image = image
        self._promised_bytes = 0
        self._cleared: list[int] = []  # numbers of destroyed subvolumes whose quota groups may still be there

    def patience_ms(self) -> int | None:
        """How long to wait for the next order at most."""
        if self._may_grow():
            return _LOOK_MS
        return _RETRY_MS if self._cleared else None

    def obey(self, line: str) -> None:
        if line.startswith("="):
            self._promised_bytes = int(line[1:])
        else:
            self.look()  # what is deleted may take a while
            name, number = line[1:].split(" ")
            btrfs.destroy(self._image.root, name)
            self._cleared.append(int(number))

    def look(self) -> None:
        """Grow the image if it is nearly full."""
        if self._may_grow() and self._image.free_bytes < _AHEAD_BYTES:
            self._image.grow()

    def forget(self) -> None:
        """Remove quota groups of which the kernel has cleared away the contents."""
        self._cleared = [number for number in self._cleared if not btrfs.forget(self._image.root, number)]

    def _may_grow(self) -> bool:
        return self._image.size_bytes < self._promised_bytes + _AHEAD_BYTES


def _keep(image: Image, orders: int) -> NoReturn:
    """Obey until the pipe ends."""
    work = _Work(image)
    rest = b""
    poll = select.poll()
    poll.register(orders, select.POLLIN)
    while True:
        lines: list[bytes] = []
        if poll.poll(work.patience_ms()):
            data = os.read(orders, 65536)
            if not data:
                os._exit(0)
            *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            # A broken or full image: births meet that, too, and get a tmpfs.
            with contextlib.suppress(OSError):
                work.obey(line.decode())
        with contextlib.suppress(OSError):
            work.look()
        work.forget()
