"""A cluster of Kafka in memory: topics, groups, and members among whom partitions move when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence

from lambdad.domain.kafka_record import Access, KafkaRecord, Kept, Partition
from lambdad.ports.event_sources import StartFrom
from lambdad.ports.kafka import KafkaTrouble, OnRevoked, Trouble
from tests.fakes.moments import FakeClock
from tests.fakes.queue_stage import VirtualSleep

POLL_S = 0.2


class FakeMember:
    """A member; implements `ports.kafka.KafkaConsumer`."""

    def __init__(
        self, cluster: FakeCluster, group: str, topics: Sequence[str], on_revoked: OnRevoked
    ) -> None:
        self.cluster, self.group, self.topics, self.on_revoked = cluster, group, topics, on_revoked
        self.places: dict[Partition, int] = {}
        self.notes: dict[Partition, str] = {}
        self.is_closed = False

    async def poll(self, most: int, full: Collection[Partition]) -> Sequence[KafkaRecord]:
        if self.cluster.trouble is not None:
            raise self.cluster.trouble
        if self.cluster.defect is not None:
            raise self.cluster.defect
        found: list[KafkaRecord] = []
        for one, place in self.places.items():
            if one not in full:
                new = [record for record in self.cluster.logs[one] if record.offset >= place]
                new = new[: min(most, self.cluster.most)]
                found += new
                self.places[one] = new[-1].offset + 1 if new else place
        await asyncio.sleep(0) if found else await self.cluster.sleep(POLL_S)
        return found

    async def commit(self, offsets: Mapping[Partition, Kept]) -> None:
        if self.cluster.trouble is not None:
            raise self.cluster.trouble
        if not offsets.keys() <= self.places.keys():
            raise KafkaTrouble("not assigned", Trouble.GROUP)
        self.cluster.offsets.setdefault(self.group, {}).update(offsets)

    def partitions(self) -> frozenset[Partition]:
        return frozenset(self.places)

    def note(self, partition: Partition) -> str:
        return self.notes.get(partition, "")

    def end(self, partition: Partition) -> int | None:
        return len(self.cluster.logs[partition]) if partition in self.places else None

    async def close(self) -> None:
        self.is_closed = True
        self.places.clear()


class FakeCluster:
    """Implements `ports.kafka.KafkaClusters`.

    Attributes:
        trouble: what every call ends with; None for none.
        defect: what reading ends with that no cluster would say; None for none.
        offsets: what is kept, by group.
        most: records of a partition that one look gives.
        sent: records put into topics by `send`.
    """

    def __init__(self, sleep: VirtualSleep, *topics: str, partitions: int = 1) -> None:
        self.sleep = sleep
        self.clock: FakeClock = sleep.clock
        self.logs: dict[Partition, list[KafkaRecord]] = {
            Partition(topic, number): [] for topic in topics for number in range(partitions)
        }
        self.offsets: dict[str, dict[Partition, Kept]] = {}
        self.most = 1_000_000
        self.members: list[FakeMember] = []
        self.accesses: list[Access] = []
        self.sent: list[tuple[str, bytes, bytes]] = []
        self.trouble: KafkaTrouble | None = None
        self.defect: Exception | None = None

    def put(self, *values: bytes | str | None, partition: int = 0, topic: str = "t", **more: object) -> None:
        """Write records."""
        one = Partition(topic, partition)
        for value in values:
            data = value.encode() if isinstance(value, str) else value
            at_ms = int(self.clock.now() * 1000)
            key = more.get("key")
            headers = more.get("headers", ())
            record = KafkaRecord(one, len(self.logs[one]), at_ms, key, data, headers)  # type: ignore[arg-type]
            self.logs[one].append(record)

    async def join(
        self, access: Access, group: str, topics: Sequence[str], start: StartFrom, on_revoked: OnRevoked
    ) -> FakeMember:
        self.accesses.append(access)
        if self.trouble is not None:
            raise self.trouble
        member = FakeMember(self, group, topics, on_revoked)
        self.members.append(member)
        self.give(member, [one for one in self.logs if one.topic in topics], start)
        return member

    def give(self, member: FakeMember, partitions: Sequence[Partition], start: StartFrom) -> None:
        """Have a member read partitions from what its group keeps, or from a position."""
        kept = self.offsets.setdefault(member.group, {})
        for one in partitions:
            if one not in kept:
                kept[one] = Kept(self._beginning(one, start))
            member.places[one], member.notes[one] = kept[one].offset, kept[one].note

    async def take(self, member: FakeMember, *partitions: Partition) -> None:
        """Give partitions of a member to others."""
        await member.on_revoked(partitions)
        for one in partitions:
            member.places.pop(one)

    async def reset(self, access: Access, group: str, topics: Sequence[str], start: StartFrom) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.offsets[group] = {
            one: Kept(self._beginning(one, start)) for one in self.logs if one.topic in topics
        }

    async def send(self, access: Access, topic: str, key: bytes, value: bytes) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.sent.append((topic, key, value))

    def _beginning(self, one: Partition, start: StartFrom) -> int:
        log = self.logs[one]
        if start.position == "TRIM_HORIZON":
            return 0
        if start.at_s is not None:
            young = (record.offset for record in log if record.at_ms >= (start.at_s or 0) * 1000)
            return next(young, len(log))
        return len(log)
