"""CloudWatch's metrics of event source mappings that ask for them (`MetricsConfig`), put each second.

Before: pollers count what became of events. After: the metric store.

Source: Lambda developer guide, "Event source mapping metrics": the groups, the dimension
EventSourceMappingUUID; the names of Kafka's as blackbirdworks/gopherstack has them from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.limits import MEASURE_LOOK_S
from lambdad.domain.metric import Datum, MetricKey, dimensions
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import EventCounts
from lambdad.ports.metric_store import MetricSink

_EVENTS: Final = {
    "polled": "PolledEventCount",
    "filtered_out": "FilteredOutEventCount",
    "invoked": "InvokedEventCount",
    "failed_invoke": "FailedInvokeEventCount",
    "deleted": "DeletedEventCount",
    "dropped": "DroppedEventCount",
    "delivered_on_failure": "OnFailureDestinationDeliveredEventCount",
    "committed": "CommittedEventCount",
}
_ERRORS: Final = {
    "polling_errors": "PollingErrorCount",
    "invoke_errors": "InvokeErrorCount",
    "commit_errors": "CommitErrorCount",
}
_GROUPS: Final = {"EventCount": _EVENTS, "ErrorCount": _ERRORS}
_KAFKA: Final = "KafkaMetrics"


class MappingMetrics:
    """Sums of each mapping since they were last put.

    Args:
        sink: where they go.
        clock: of the machine.
        later: calls back after so many seconds.
    """

    def __init__(
        self, sink: MetricSink, clock: Clock, later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._later = later
        self._sums: dict[MetricKey, int] = {}

    def counted(self, scope: Scope, mapping: EventSourceMapping, counts: EventCounts) -> None:
        """Events of a mapping became this; nothing is kept of one that asks for no metrics."""
        asked = _asked(mapping)
        for group, names in _GROUPS.items():
            if group in asked:
                self._add(scope, mapping, counts, names)

    def lagging(self, scope: Scope, mapping: EventSourceMapping, lags: Sequence[int]) -> None:
        """How many records each partition is behind now; nothing is kept of who asks for no such metrics."""
        if _KAFKA not in _asked(mapping) or not lags:
            return
        dimension, at_ms = dimensions(EventSourceMappingUUID=mapping.uuid), int(self._clock.now() * 1000)
        told = {"MaxOffsetLag": max(lags), "SumOffsetLag": sum(lags)}
        keys = ((MetricKey(scope, "AWS/Lambda", name, dimension), much) for name, much in told.items())
        self._sink.put([Datum(key, at_ms, (float(much),), unit="Count") for key, much in keys])

    def _add(
        self, scope: Scope, mapping: EventSourceMapping, counts: EventCounts, names: Mapping[str, str]
    ) -> None:
        dimension = dimensions(EventSourceMappingUUID=mapping.uuid)
        for member, name in names.items():
            count = getattr(counts, member)
            if count:
                if not self._sums:
                    self._later(MEASURE_LOOK_S, self.put)
                key = MetricKey(scope, "AWS/Lambda", name, dimension)
                self._sums[key] = self._sums.get(key, 0) + count

    def put(self) -> None:
        """Hand on what was summed up."""
        sums, self._sums = self._sums, {}
        at_ms = int(self._clock.now() * 1000)
        if sums:
            self._sink.put([Datum(key, at_ms, (float(count),), unit="Count") for key, count in sums.items()])


def _asked(mapping: EventSourceMapping) -> Sequence[str]:
    """Groups of metrics that a mapping asks for."""
    config = mapping.settings.get("MetricsConfig") or {}
    asked: Sequence[str] = config.get("Metrics") or ()
    return asked
