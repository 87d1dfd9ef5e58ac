"""CloudWatch's metrics of event source mappings that ask for them (`MetricsConfig`), put each second.

Before: pollers count what became of events. After: the metric store.

Source: Lambda developer guide, "Event source mapping metrics": the group EventCount, the dimension
EventSourceMappingUUID.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.limits import MEASURE_LOOK_S
from lambdad.domain.metric import Datum, MetricKey, dimensions
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import EventCounts
from lambdad.ports.metric_store import MetricSink

_GROUP: Final = "EventCount"
_NAMES: Final = {
    "polled": "PolledEventCount",
    "filtered_out": "FilteredOutEventCount",
    "invoked": "InvokedEventCount",
    "failed_invoke": "FailedInvokeEventCount",
    "deleted": "DeletedEventCount",
    "dropped": "DroppedEventCount",
    "delivered_on_failure": "OnFailureDestinationDeliveredEventCount",
}


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
        config = mapping.settings.get("MetricsConfig") or {}
        if _GROUP not in (config.get("Metrics") or ()):
            return
        if not self._sums:
            self._later(MEASURE_LOOK_S, self.put)
        dimension = dimensions(EventSourceMappingUUID=mapping.uuid)
        for member, name in _NAMES.items():
            count = getattr(counts, member)
            if count:
                key = MetricKey(scope, "AWS/Lambda", name, dimension)
                self._sums[key] = self._sums.get(key, 0) + count

    def put(self) -> None:
        """Hand on what was summed up."""
        sums, self._sums = self._sums, {}
        at_ms = int(self._clock.now() * 1000)
        if sums:
            self._sink.put([Datum(key, at_ms, (float(count),), unit="Count") for key, count in sums.items()])
