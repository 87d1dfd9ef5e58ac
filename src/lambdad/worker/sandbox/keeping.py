"""The server's end of a keeper: starts it, gives it orders, hears how its process ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Final

from lambdad.worker.sandbox import process_keeper
from lambdad.worker.sandbox.plan import ExitStatus, ProcessPlan
from lambdad.worker.sandbox.started import StartedProcess, open_ends

OnExit = Callable[[ExitStatus], None]
_END_WITHIN_S: Final = 5.0


class Keeper:
    """The server's end of `process_keeper`.

    Attributes:
        name: of its process.
        answered: done when the process was started, or cannot be.
    """

    def __init__(
        self, name: str, process: subprocess.Popen[bytes], status: int, lifeline: int, on_exit: OnExit
    ) -> None:
        self.name = name
        self._process = process
        self._status = status
        self._lifeline = lifeline
        self._on_exit: OnExit | None = on_exit
        self._loop = asyncio.get_running_loop()
        self._heard = b""
        self.answered: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(status, False)
        self._loop.add_reader(status, self._readable)

    @property
    def runs(self) -> bool:
        """Whether its process has not ended yet."""
        return self._on_exit is not None

    def kill(self) -> None:
        """Kill the tree."""
        self.order(b"k")

    def order(self, order: bytes) -> None:
        """Say something on the lifeline; nothing when the keeper has ended."""
        if self._lifeline >= 0:
            with contextlib.suppress(OSError):
                os.write(self._lifeline, order)

    def is_gone(self) -> bool:
        """Whether it has ended, after everything it kept was killed; its exit status is collected."""
        return self._status < 0 and self._process.poll() is not None

    async def close(self) -> None:
        """Kill the tree and wait for the keeper."""
        self._let_go()
        try:
            await asyncio.to_thread(self._process.wait, _END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._status >= 0:
            self._readable()
        if self._status >= 0:
            self._end()

    def _readable(self) -> None:
        try:
            data = os.read(self._status, 4096)
        except BlockingIOError:
            return
        self._heard += data
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            self._hear(line.decode())
        if not data:
            self._end()

    def _hear(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if not self.answered.done():
            self.answered.set_result(None)
        if word == "failed":
            self._ended(ExitStatus(None, None, error=rest))
        elif word == "exited":
            code = int(rest)
            self._ended(ExitStatus(code, None) if code >= 0 else ExitStatus(None, -code))

    def _end(self) -> None:
        self._loop.remove_reader(self._status)
        os.close(self._status)
        self._status = -1
        self._let_go()
        if not self.answered.done():
            self.answered.set_result(None)
        self._ended(ExitStatus(None, signal.SIGKILL))

    def _let_go(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def _ended(self, status: ExitStatus) -> None:
        on_exit, self._on_exit = self._on_exit, None
        if on_exit is not None:
            self._loop.call_soon(on_exit, status)


def start_keeper(process: ProcessPlan, open_files: int, on_exit: OnExit) -> tuple[Keeper, StartedProcess]:
    """Start a process under a keeper of its own; paths in `process` are the host's."""
    ours, inside = open_ends(process)
    status, status_inside = os.pipe()
    lifeline_inside, lifeline = os.pipe()
    passed = (status_inside, lifeline_inside)
    command = [
        sys.executable,
        "-I",
        "-S",
        process_keeper.__file__,
        *map(str, passed),
        str(open_files),
        process.cwd,
    ]
    descriptors = list(zip(inside.descriptors, inside.targets, strict=True))
    told = json.dumps({"env": dict(process.env), "descriptors": descriptors}).encode()
    os.set_blocking(lifeline, False)  # an environment has 4 KB, a pipe 64
    os.write(lifeline, len(told).to_bytes(4, "big") + told)
    try:
        keeper = subprocess.Popen(
            [*command, *process.argv],
            stdin=subprocess.DEVNULL,
            pass_fds=(*passed, *inside.descriptors),
            env={},
            process_group=0,
        )
    finally:
        inside.close()
        for descriptor in passed:
            os.close(descriptor)
    return Keeper(process.name, keeper, status, lifeline, on_exit), ours
