"""Reads what the processes of one environment print, as fast as the log store can keep up.

While the store is behind nothing is read: the pipes fill up and who prints has to wait. A disk that has
stopped must not stop functions with it, so after some seconds reading goes on and the store drops and
counts.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from lambdad.domain.limits import LOG_STALL_S
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogSink, Printed, StreamKey
from lambdad.worker.environment.output import OutputReader
from lambdad.worker.environment.printed_levels import LevelJudge

FUNCTION = "function"
EXTENSION = "extension"


class Capture:
    """The outputs of an environment.

    Args:
        clock: gives lines without a time of their own the time they were read.
        sink: says whether there is room for more.
        stream: where the lines go in the end.
        take: gets lines with their kind (`FUNCTION`, `EXTENSION`), in order; never an empty list.
        read: called after the lines of one reading were handed to `take`.
        judge: marks the function's lines that the log does not show; None when it shows all.
    """

    __slots__ = (
        "_clock",
        "_closed",
        "_judge",
        "_outputs",
        "_overrun",
        "_paused",
        "_read",
        "_sink",
        "_stall",
        "_stream",
        "_take",
    )

    def __init__(
        self,
        clock: Clock,
        sink: LogSink,
        stream: StreamKey,
        take: Callable[[str, list[Printed]], None],
        read: Callable[[], None],
        judge: LevelJudge | None,
    ) -> None:
        self._clock = clock
        self._sink = sink
        self._stream = stream
        self._take = take
        self._read = read
        self._judge = judge
        self._outputs: dict[str, OutputReader] = {}
        self._closed = False
        self._paused = False
        self._overrun = False
        self._stall: asyncio.TimerHandle | None = None

    def attach(self, name: str, kind: str, fd: int) -> None:
        """Read a process's output from now on; the descriptor is ours to close.

        What is left of an earlier process of that name is read first.
        """
        self._detach(name)
        if self._closed:
            os.close(fd)
            return
        self._outputs[name] = OutputReader(fd, kind, self._judge if kind == FUNCTION else None)
        if not self._paused:
            asyncio.get_running_loop().add_reader(fd, self._readable, name)

    def read_all(self, now_ms: int) -> None:
        """Take everything printed up to now, an unfinished line as one of its own.

        All of it has the time of the platform's line that follows: a later one would sort behind it.
        """
        for output in self._outputs.values():
            lines = output.read_all(now_ms)
            if lines:
                self._take(output.kind, lines)

    def close(self) -> None:
        """Take what is left and stop reading."""
        for name in list(self._outputs):
            self._detach(name)
        self._closed = True
        self._cancel_stall()

    def _readable(self, name: str) -> None:
        output = self._outputs.get(name)
        if output is None:
            return
        lines = output.read_some(int(self._clock.now() * 1000))
        if lines:
            self._take(output.kind, lines)
            self._read()
        if output.ended:
            self._detach(name)
            self._read()
        elif lines and not self._overrun and not self._sink.has_room(self._stream, self._room):
            self._pause()

    def _detach(self, name: str) -> None:
        """Let go of the descriptor; its number may be another environment's from now on."""
        output = self._outputs.pop(name, None)
        if output is None:
            return
        asyncio.get_running_loop().remove_reader(output.fd)
        lines = output.read_all(int(self._clock.now() * 1000))
        os.close(output.fd)
        if lines:
            self._take(output.kind, lines)

    # --- the store is behind ---------------------------------------------------------------------

    def _pause(self) -> None:
        self._paused = True
        loop = asyncio.get_running_loop()
        for output in self._outputs.values():
            loop.remove_reader(output.fd)
        self._cancel_stall()
        self._stall = loop.call_later(LOG_STALL_S, self._stalled)

    def _stalled(self) -> None:
        """Waited long enough: read on, and let the store drop what it cannot take, until it has room."""
        self._stall = None
        self._overrun = True
        self._resume()

    def _room(self) -> None:
        self._overrun = False
        self._cancel_stall()
        self._resume()

    def _resume(self) -> None:
        if not self._paused:
            return
        self._paused = False
        loop = asyncio.get_running_loop()
        for name, output in self._outputs.items():
            loop.add_reader(output.fd, self._readable, name)

    def _cancel_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
