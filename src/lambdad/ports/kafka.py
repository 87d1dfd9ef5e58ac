"""Clusters of Kafka, as pollers read them and as failures are told to their topics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from enum import Enum, auto
from typing import Protocol

from lambdad.domain.kafka_record import Access, KafkaRecord, Kept, Partition
from lambdad.ports.event_sources import StartFrom

OnRevoked = Callable[[Collection[Partition]], Awaitable[None]]
"""Told of partitions before somebody else may have them; the group waits for it."""


class Trouble(Enum):
    """What can be wrong with a cluster."""

    CONNECTION = auto()
    """No broker answers."""
    LOGIN = auto()
    """It does not take the user or password."""
    CLIENT = auto()
    """It does not trust the client."""
    SERVER = auto()
    """The client does not trust it."""
    KEY = auto()
    """A certificate or private key cannot be read."""
    FORBIDDEN = auto()
    """The user may not read the topic or be of the group."""
    TOPIC = auto()
    """There is no such topic."""
    GROUP = auto()
    """Somebody else reads the partitions now, or reads them in this group at all."""
    OTHER = auto()


class KafkaTrouble(Exception):
    """A cluster did not do what it was asked; the text says why, for people."""

    def __init__(self, text: str, kind: Trouble = Trouble.OTHER) -> None:
        super().__init__(text)
        self.kind = kind


class KafkaConsumer(Protocol):
    """A member of a consumer group."""

    async def poll(self, most: int, full: Collection[Partition]) -> Sequence[KafkaRecord]:
        """Records that come now, those of a partition in order; none of partitions that are full.

        Returns after a fraction of a second when none are there.

        Raises:
            KafkaTrouble: the member is of no use any more.
        """
        ...

    async def commit(self, offsets: Mapping[Partition, Kept]) -> None:
        """Keep for the group where to go on in each partition; a note that is too long is left out.

        Raises:
            KafkaTrouble: it is not kept; of the kind `GROUP` when somebody else has the partitions.
        """
        ...

    def partitions(self) -> frozenset[Partition]:
        """What the member is to read now."""
        ...

    def note(self, partition: Partition) -> str:
        """What the group kept beside the offset from which a partition of the member's is read."""
        ...

    def end(self, partition: Partition) -> int | None:
        """The offset behind the last record of a partition, as heard last; None before."""
        ...

    async def close(self) -> None:
        """Leave the group."""
        ...


class KafkaClusters(Protocol):
    """Reaches clusters."""

    async def join(
        self, access: Access, group: str, topics: Sequence[str], start: StartFrom, on_revoked: OnRevoked
    ) -> KafkaConsumer:
        """Become a member of a group; partitions that it never kept an offset of begin at `start`.

        Raises:
            KafkaTrouble: says why not.
        """
        ...

    async def reset(self, access: Access, group: str, topics: Sequence[str], start: StartFrom) -> None:
        """Have a group without members go on from there in every partition.

        Raises:
            KafkaTrouble: says why not.
        """
        ...

    async def send(self, access: Access, topic: str, key: bytes, value: bytes) -> None:
        """Put a record into a topic, and wait until the brokers have it.

        Raises:
            KafkaTrouble: says why not.
        """
        ...
