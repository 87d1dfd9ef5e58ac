"""A started process, the same for every tier: its two ends of pipe and channel."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import Final

from lambdad.worker.sandbox.plan import RUNTIME, ProcessPlan

_OUTPUT: Final = (1, 2)
_TELEMETRY: Final = 3
_CHANNEL: Final = 4
_LENGTH_BYTES: Final = 4


@dataclass(slots=True)
class StartedProcess:
    """The two descriptors of a started process; see `plan.RunningProcess`."""

    output: int
    channel: socket.socket | None

    def become(self, process: ProcessPlan) -> bool:
        """Tell a program that waits at the other end of the channel what it is; False when it cannot hear.

        One message: length (4 bytes, big endian), then working directory and variables, each ending in NUL.
        """
        entries = [process.cwd, *(f"{name}={value}" for name, value in process.env.items()), ""]
        told = "\0".join(entries).encode("utf-8", "surrogateescape")
        message = len(told).to_bytes(_LENGTH_BYTES, "big") + told
        if self.channel is None:
            return False
        try:
            return self.channel.send(message) == len(message)  # an environment has 4 KB, its buffer 200
        except OSError:
            return False

    def close(self) -> None:
        """Let go of both: the process could not be started."""
        os.close(self.output)
        if self.channel is not None:
            self.channel.close()


@dataclass(slots=True)
class InsideEnds:
    """What the process gets of a pipe and a channel, to be passed to it and closed here.

    Attributes:
        targets: for each of `descriptors`, the numbers it shall have in the process.
    """

    output: int
    channel: socket.socket | None
    targets: tuple[tuple[int, ...], ...]

    @property
    def descriptors(self) -> tuple[int, ...]:
        """In the order of `targets`."""
        return (self.output,) if self.channel is None else (self.output, self.channel.fileno())

    def close(self) -> None:
        """The process has them."""
        os.close(self.output)
        if self.channel is not None:
            self.channel.close()


def open_ends(process: ProcessPlan) -> tuple[StartedProcess, InsideEnds]:
    """The pipe and the channel of a process that is to be started; ours do not block."""
    ours, theirs = socket.socketpair() if process.has_channel else (None, None)
    output, output_inside = os.pipe()
    os.set_blocking(output, False)
    if ours is not None:
        ours.setblocking(False)
    printed = (*_OUTPUT, _TELEMETRY) if process.name == RUNTIME else _OUTPUT
    targets = (printed,) if theirs is None else (printed, (_CHANNEL,))
    return StartedProcess(output, ours), InsideEnds(output_inside, theirs, targets)
