"""What an environment's log says: platform lines, the function's own, in the right order.

Lines printed during an event are kept and handed to the log in one piece with START, END and
REPORT; when there are many, or the event goes on for long, what is there is written before.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.outcome import Status
from lambdad.domain.platform_log import (
    InvocationRecord,
    LogLine,
    init_report_line,
    init_start_line,
    start_line,
    tail_of,
)
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogSink, StreamKey
from lambdad.worker.environment.log_words import log_stream_name, runtime_version_arn, tail_lines
from lambdad.worker.environment.output import OutputReader

_EARLY_AFTER_S = 0.1
"""Lines of a running function are shown at the latest after this time."""
_EARLY_LINES = 1_000
"""So many lines are not kept for the end."""


class Journal:
    """The log of one environment.

    Attributes:
        stream_name: AWS's log stream name.
    """

    __slots__ = (
        "_begun",
        "_clock",
        "_closed",
        "_flush",
        "_invocation",
        "_json",
        "_lines",
        "_reader",
        "_sink",
        "_started_ms",
        "_stream",
        "_tail",
        "_version",
        "stream_name",
    )

    def __init__(self, version: FunctionVersion, environment_id: str, sink: LogSink, clock: Clock) -> None:
        self.stream_name = log_stream_name(version, environment_id, clock.now())
        self._stream = StreamKey(version.scope, version.logging.log_group, self.stream_name)
        self._version = version
        self._json = version.logging.log_format == "JSON"
        self._sink = sink
        self._clock = clock
        self._closed = False
        self._reader: OutputReader | None = None
        self._invocation: Invocation | None = None
        self._started_ms = 0
        self._lines: list[LogLine] = []
        self._tail: list[LogLine] = []
        self._begun = False
        self._flush: asyncio.TimerHandle | None = None

    def attach(self, fd: int) -> None:
        """Read the process's output from now on; the descriptor is the journal's to close."""
        self._detach()
        if self._closed:
            os.close(fd)
            return
        self._reader = OutputReader(fd)
        asyncio.get_running_loop().add_reader(fd, self._readable)

    def _readable(self) -> None:
        reader = self._reader
        if reader is None:
            return
        self._lines += reader.read_some(int(self._clock.now() * 1000))
        if self._invocation is None:
            self._write_now()
        elif len(self._lines) >= _EARLY_LINES:
            self._write_early()
        elif self._lines and self._flush is None:
            self._flush = asyncio.get_running_loop().call_later(_EARLY_AFTER_S, self._write_early)
        if reader.ended:
            self._detach()

    def _take_all(self, now_ms: int) -> None:
        """Everything printed up to now, an unfinished line as one of its own.

        All of it has the time of the platform's line that follows: a later one would sort behind it.
        """
        reader = self._reader
        if reader is not None:
            self._lines.extend(reader.read(now_ms))
            self._lines.extend(reader.unfinished(now_ms))

    def _write_now(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._sink.write(self._stream, lines)

    def _write_early(self) -> None:
        self._flush = None
        invocation = self._invocation
        if invocation is None or not self._lines:
            return
        if not self._begun:
            self._begun = True
            self._lines.insert(
                0, start_line(self._record(self._started_ms, 0.0, Status.SUCCESS, None, None, 0, ()))
            )
        if invocation.want_tail:
            self._tail = tail_lines([*self._tail, *self._lines])
        self._write_now()

    # --- init ------------------------------------------------------------------------------------

    def init_started(self, runtime_version: str) -> None:
        """INIT_START."""
        arn = runtime_version_arn(self._version, runtime_version)
        self._sink.write(self._stream, [init_start_line(int(self._clock.now() * 1000), runtime_version, arn)])

    def init_ended(self, duration_ms: float, status: Status, error_type: str | None) -> None:
        """INIT_REPORT: of an Init that did not succeed, or of one inside an event however it ended."""
        now_ms = int(self._clock.now() * 1000)
        inside = self._invocation is not None
        self._take_all(now_ms)
        self._lines.append(
            init_report_line(
                now_ms,
                duration_ms=duration_ms,
                phase="invoke" if inside else "init",
                status=status,
                error_type=error_type,
            )
        )
        if not inside:
            self._write_now()

    def output_until(self, now: float) -> None:
        """Write what has been printed outside of events."""
        self._take_all(int(now * 1000))
        self._write_now()

    # --- events ----------------------------------------------------------------------------------

    def begin(self, invocation: Invocation, started_ms: int) -> None:
        """An event goes to the function."""
        self._invocation = invocation
        self._started_ms = started_ms
        self._begun = False

    def end(
        self,
        ended_ms: int,
        duration_ms: float,
        status: Status,
        error_type: str | None,
        init_ms: float | None,
        peak_mib: int,
    ) -> InvocationRecord:
        """The event is over: what the log will say of it."""
        self._take_all(ended_ms)
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        lines, self._lines = self._lines, []
        record = self._record(ended_ms, duration_ms, status, error_type, init_ms, peak_mib, lines)
        self._invocation = None
        return record

    def _record(
        self,
        ended_ms: int,
        duration_ms: float,
        status: Status,
        error_type: str | None,
        init_ms: float | None,
        peak_mib: int,
        lines: Sequence[LogLine],
    ) -> InvocationRecord:
        version = self._version
        invocation = self._invocation
        billed = duration_ms if init_ms is None else duration_ms + init_ms
        return InvocationRecord(
            "" if invocation is None else invocation.request_id,
            version.version,
            self._started_ms,
            ended_ms,
            duration_ms,
            max(1, -int(-billed // 1)),
            version.memory_mib,
            peak_mib,
            init_ms,
            status,
            error_type,
            lines,
            None,
            None,
            True,
            self._json,
            self._begun,
        )

    def tail(self, record: InvocationRecord) -> bytes:
        """The last 4 KiB of the event's log."""
        earlier, self._tail = self._tail, []
        return tail_of(record, earlier)

    def write(self, record: InvocationRecord) -> None:
        """Hand the event's log over."""
        self._sink.write_invocation(self._stream, record)

    def attach_extension(self, name: str, fd: int) -> None:
        os.close(fd)

    def extension_state(self, name, state, events, error_type=None) -> None:
        pass

    # --- end -------------------------------------------------------------------------------------

    def _detach(self) -> None:
        """Let go of the descriptor; its number may be another environment's from now on."""
        reader, self._reader = self._reader, None
        if reader is not None:
            asyncio.get_running_loop().remove_reader(reader.fd)
            now_ms = int(self._clock.now() * 1000)
            self._lines += reader.read(now_ms)
            self._lines += reader.unfinished(now_ms)
            os.close(reader.fd)

    def close(self) -> None:
        """Write what is left and stop reading."""
        self._detach()
        self._closed = True
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        self._write_now()
