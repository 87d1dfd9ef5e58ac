"""Sees invocations end, for metrics and traces: a log sink in front of the log's own.

Before: an environment's journal. After: the log store; what a role may not write is seen all the same. For
each invocation this adds a few numbers, and for one that is sampled an append.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lambdad.domain.function import FunctionVersion
from lambdad.domain.trace_context import Traced
from lambdad.ports.log_store import InvocationRecord, LogSink, Printed, StreamKey
from lambdad.telemetry.prometheus.aggregate import Invocations

Tell = Callable[[FunctionVersion, InvocationRecord, Traced], None]
"""Takes a sampled invocation."""

SinkOf = Callable[[FunctionVersion], LogSink]


class Observing:
    """Gives environments a sink that is seen.

    Args:
        sink_of: where lines go.
        invocations: counts.
        tell: takes sampled invocations; None when nothing is exported.
    """

    def __init__(self, sink_of: SinkOf, invocations: Invocations, tell: Tell | None) -> None:
        self._sink_of = sink_of
        self._invocations = invocations
        self._tell = tell

    def of(self, version: FunctionVersion) -> LogSink:
        """The sink of one environment."""
        return _SeenSink(self._sink_of(version), version, self._invocations, self._tell)


class _SeenSink:
    """Implements `ports.log_store.LogSink`."""

    __slots__ = ("_ran", "_sink", "_tell", "_version")

    def __init__(
        self,
        sink: LogSink,
        version: FunctionVersion,
        invocations: Invocations,
        tell: Tell | None,
    ) -> None:
        self._sink = sink
        self._version = version
        self._ran = invocations.of(version.scope, version.name).ran
        self._tell = tell

    def write(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        """Take lines."""
        self._sink.write(stream, lines)

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        """Take one whole invocation, and count it."""
        self._sink.write_invocation(stream, record)
        spans = record.spans
        self._ran(
            record.status,
            record.duration_ms,
            record.billed_ms,
            record.init_ms,
            record.waited_ms,
            spans[0].duration_ms if spans else 0.0,
            restored=record.restore is not None,
        )
        if record.traced is not None and self._tell is not None:
            self._tell(self._version, record, record.traced)

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        """As the sink behind it."""
        return self._sink.has_room(stream, on_room)
