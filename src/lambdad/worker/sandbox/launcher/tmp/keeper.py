"""The keeper: a process that deletes what ended sandboxes leave in `/tmp` and grows the image.

Deleting gigabytes takes the kernel a second, and births must not wait for it. The launcher writes one line
per order, ``-name number`` (remove) or ``+bytes`` (grow); the keeper ends when the pipe does.
"""

from __future__ import annotations

import os
import select
from collections import deque
from typing import NoReturn

from lambdad.worker.sandbox.launcher import syscalls
from lambdad.worker.sandbox.launcher.tmp import btrfs
from lambdad.worker.sandbox.launcher.tmp.image import Image

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

    def grow(self, size_bytes: int) -> None:
        """Have the image grown, soon, if the disk has room for it."""
        self._order(f"+{size_bytes}\n")

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


def _keep(image: Image, orders: int) -> NoReturn:
    """Obey until the pipe ends."""
    cleared: list[int] = []  # numbers of destroyed subvolumes whose quota groups may still be there
    rest = b""
    poll = select.poll()
    poll.register(orders, select.POLLIN)
    while True:
        if poll.poll(_RETRY_MS if cleared else None):
            data = os.read(orders, 65536)
            if not data:
                os._exit(0)
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                _obey(image, line.decode(), cleared)
        cleared = [number for number in cleared if not btrfs.forget(image.root, number)]


def _obey(image: Image, line: str, cleared: list[int]) -> None:
    try:
        if line.startswith("+"):
            image.grow(int(line[1:]))
        else:
            name, number = line[1:].split(" ")
            btrfs.destroy(image.root, name)
            cleared.append(int(number))
    except OSError:
        return  # a broken image: births are told so, and get a tmpfs
