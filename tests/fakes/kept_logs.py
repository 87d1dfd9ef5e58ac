"""A log sink that keeps what it is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lambdad.domain.platform_log import spread
from lambdad.ports.log_store import InvocationRecord, Printed, StreamKey


class KeptLogs:
    """Implements `ports.log_store.LogSink`."""

    def __init__(self) -> None:
        self.written: list[object] = []

    def write(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        self.written += spread(lines)

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        self.written.append(record)

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        return True
