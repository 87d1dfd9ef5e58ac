"""A log sink that also looks for metrics in what functions print.

On the invocation path a line is only searched for the mark that every document has; what has it waits,
within a bound, to be read off the loop. Before: the environments' journals. After: the log store; and
`reading`, with every look of the books.

A line counts only as it is delivered to the log: the role needs what it needs for that, and no
`cloudwatch:PutMetricData`. Source: CloudWatch user guide, "Publishing logs with embedded metrics".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from lambdad.domain.limits import MAX_EMF_BYTES, MAX_EMF_PENDING_BYTES
from lambdad.domain.platform_log import LogText, Printed, spread
from lambdad.ports.log_store import InvocationRecord, LogLine, LogSink, StreamKey

MARK: Final = '"_aws"'
"""Every document has it."""
_MARK_BYTES: Final = MARK.encode()


class Waiting(NamedTuple):
    """A line with the mark."""

    stream: StreamKey
    line: LogLine


class WatchingSink:
    """Implements `ports.log_store.LogSink`.

    Args:
        sink: where everything goes.
        most_bytes: text that may wait; what comes beyond that makes no metrics, and is counted.

    Attributes:
        lost: lines that made no metrics for want of room, since the start.
    """

    def __init__(self, sink: LogSink, most_bytes: int = MAX_EMF_PENDING_BYTES) -> None:
        self._sink = sink
        self._most_bytes = most_bytes
        self._waiting: list[Waiting] = []
        self._waiting_bytes = 0
        self.lost = 0

    def write(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        """See `ports.log_store.LogSink`."""
        self._look(stream, lines)
        self._sink.write(stream, lines)

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        """See `ports.log_store.LogSink`."""
        if record.lines:
            self._look(stream, record.lines)
        self._sink.write_invocation(stream, record)

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        """See `ports.log_store.LogSink`."""
        return self._sink.has_room(stream, on_room)

    def take(self) -> list[Waiting]:
        """What waits; it waits no more."""
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return waiting

    def _look(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        for line in lines:
            if isinstance(line, LogText):
                if _MARK_BYTES in line.text:
                    self._look(stream, spread((line,)))
            elif MARK in line.message:
                self._keep(stream, line)

    def _keep(self, stream: StreamKey, line: LogLine) -> None:
        size = len(line.message)
        if size > MAX_EMF_BYTES or self._waiting_bytes + size > self._most_bytes:
            self.lost += 1
            return
        self._waiting_bytes += size
        self._waiting.append(Waiting(stream, line))
