"""A mapping of Kafka as seen from one of its partitions."""

from __future__ import annotations

from lambdad.domain.function import FunctionVersion
from lambdad.ports.clock import Clock
from lambdad.ports.event_sources import EventCounts
from lambdad.sources.watch import Sleep, Watch


class PartitionWatch(Watch):
    """The mapping, as seen from one partition: it ends alone when somebody else is given the partition."""

    def __init__(self, mapping: Watch, clock: Clock, sleep: Sleep) -> None:
        super().__init__(mapping.scope, mapping.mapping, lambda *_: mapping.function(), clock, sleep)
        self._whole = mapping

    async def function(self) -> FunctionVersion | None:
        """See `Watch`."""
        return await self._whole.function()

    @property
    def last_function(self) -> FunctionVersion | None:
        """See `Watch`."""
        return self._whole.last_function

    def went(self, result: str) -> None:
        """See `Watch`."""
        self._whole.went(result)

    def counted(self, counts: EventCounts) -> None:
        """See `Watch`."""
        self._whole.counted(counts)

    def did(self, events: int) -> None:
        """See `Watch`."""
        super().did(events)
        self._whole.did(events)
