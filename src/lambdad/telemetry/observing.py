"""Sees invocations end, for metrics, traces and people: a log sink in front of the log's own.

Before: an environment's journal. After: the log store; what a role may not write is seen all the same. For
each invocation this adds a few numbers and an append, and for one that is sampled another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lambdad.domain.function import FunctionVersion
from lambdad.domain.trace_context import Traced
from lambdad.ports.log_store import InvocationRecord, LogSink, Printed, StreamKey
from lambdad.telemetry.prometheus.aggregate import Invocations
from lambdad.telemetry.recent_invocations import RecentInvocations, Ring, kept_of

Tell = Callable[[FunctionVersion, InvocationRecord, Traced], None]
"""Takes a sampled invocation."""

SinkOf = Callable[[FunctionVersion], LogSink]


class Observing:
    """Gives environments a sink that is seen.

    Args:
        sink_of: where lines go.
        invocations: counts.
        recent: keeps the last of each function.
        tell: takes sampled invocations; None when nothing is exported.
    """

    def __init__(
        self, sink_of: SinkOf, invocations: Invocations, recent: RecentInvocations, tell: Tell | None
    ) -> None:
        self._sink_of = sink_of
        self._invocations = invocations
        self._recent = recent
        self._tell = tell

    def of(self, version: FunctionVersion) -> LogSink:
        """The sink of one environment."""
        ring = self._recent.ring(version.scope, version.name)
        return _SeenSink(self._sink_of(version), version, self._invocations, ring, self._tell)


class _SeenSink:
    """Implements `ports.log_store.LogSink`."""

    __slots__ = ("_keep", "_ran", "_ring", "_sink", "_tell", "_version")

    def __init__(
        self,
        sink: LogSink,
        version: FunctionVersion,
        invocations: Invocations,
        ring: Ring,
        tell: Tell | None,
    ) -> None:
        self._sink = sink
        self._ring = ring  # which lasts as long as somebody holds it
        self._keep = ring.kept.append
        self._version = version
        self._ran = invocations.of(version.scope, version.name).ran
        self._tell = tell

    def write(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        """Take lines."""
        self._sink.write(stream, lines)

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        """Take one whole invocation, count it and keep what people may ask for."""
        self._sink.write_invocation(stream, record)
        self._keep(kept_of(stream, record))
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
