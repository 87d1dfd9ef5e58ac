"""What the group keeps of a mapping: offsets behind what is settled, and what was tried of what follows.

Before: lanes settle records. After: whoever reads the partition next goes on there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from lambdad.domain.kafka_record import Kept, Partition
from lambdad.ports.event_sources import EventCounts
from lambdad.ports.kafka import KafkaConsumer, KafkaTrouble, Trouble
from lambdad.sources.kafka.lane import Lane


class Offsets:
    """Of the partitions that one member reads.

    Args:
        lanes: by partition, as the poller has them.
        counted: told how many events are behind an offset that is kept, and what could not be.

    Attributes:
        lost: why the cluster is of no use any more; None while it is.
    """

    def __init__(self, lanes: Mapping[Partition, Lane], counted: Callable[[EventCounts], None]) -> None:
        self.lost: KafkaTrouble | None = None
        self._lanes = lanes
        self._counted = counted
        self._kept: dict[Partition, Kept] = {}
        self._keeping = asyncio.Lock()

    async def keep(self, consumer: KafkaConsumer | None) -> None:
        """Have the group keep how far everything is settled that is a member's."""
        async with self._keeping:
            moved = {} if consumer is None else self._moved(consumer.partitions())
            if consumer is None or not moved:
                return
            try:
                await consumer.commit(moved)
            except KafkaTrouble as error:
                self._counted(EventCounts(commit_errors=1))
                if error.kind is not Trouble.GROUP:  # the group tells by itself who has what
                    self.lost = error
            else:
                self._keep(moved)

    def forget(self, partitions: Collection[Partition]) -> None:
        """Somebody else may have moved them since."""
        for one in partitions:
            self._kept.pop(one, None)

    def _moved(self, mine: Collection[Partition]) -> dict[Partition, Kept]:
        found = ((one, lane.kept()) for one, lane in self._lanes.items() if one in mine)
        return {one: kept for one, kept in found if kept is not None and self._kept.get(one) != kept}

    def _keep(self, offsets: Mapping[Partition, Kept]) -> None:
        events = 0
        for one, kept in offsets.items():
            if (lane := self._lanes.get(one)) is not None:
                begun = kept.offset if lane.first is None else lane.first
                before = self._kept.get(one)
                events += kept.offset - (begun if before is None else before.offset)
                self._kept[one] = kept
        self._counted(EventCounts(committed=events))
