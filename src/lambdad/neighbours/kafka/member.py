"""A member of a consumer group; implements `ports.kafka.KafkaConsumer`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition, errors

from lambdad.domain.kafka_record import Access, KafkaRecord, Kept, Partition
from lambdad.domain.limits import (
    KAFKA_CLOSE_S,
    KAFKA_LOOK_S,
    KAFKA_POLL_S,
    KAFKA_REBALANCE_S,
    KAFKA_REQUEST_S,
    KAFKA_SESSION_S,
)
from lambdad.neighbours.kafka.connection import options, probe, told
from lambdad.ports.event_sources import StartFrom
from lambdad.ports.kafka import KafkaTrouble, OnRevoked, Trouble

_PAGE_BYTES: Final = (
    1024 * 1024
)  # of one partition per fetch, and the largest record that brokers take usually


def raw(partition: Partition) -> TopicPartition:
    """A partition as the library has it."""
    return TopicPartition(partition.topic, partition.number)


def named(partition: TopicPartition) -> Partition:
    """A partition as lambdad has it."""
    return Partition(partition.topic, partition.partition)


async def beginnings(
    consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition], start: StartFrom
) -> dict[TopicPartition, int]:
    """Where each partition begins for a position; behind the last record where none is so young."""
    if not partitions:
        return {}
    if start.position == "TRIM_HORIZON":
        return dict(await consumer.beginning_offsets(partitions))
    ends: dict[TopicPartition, int] = dict(await consumer.end_offsets(partitions))
    if start.position == "AT_TIMESTAMP":
        at_ms = int((start.at_s or 0.0) * 1000)
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, at_ms))
        ends |= {one: where.offset for one, where in found.items() if where is not None}
    return ends


class Member:
    """Reads the partitions that its group gives it.

    Args:
        start: where partitions begin of which the group keeps nothing.
        on_revoked: told before partitions go to others.
    """

    def __init__(
        self, access: Access, group: str, topics: Sequence[str], start: StartFrom, on_revoked: OnRevoked
    ) -> None:
        self._access = access
        self._topics = topics
        self._start = start
        self._on_revoked = on_revoked
        self._begun: dict[TopicPartition, int] = {}
        self._notes: dict[Partition, str] = {}
        self._trouble: KafkaTrouble | None = None
        self._looked_s = 0.0
        self._consumer = AIOKafkaConsumer(
            **options(access),
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",  # what is kept and not there any more: the oldest there is
            isolation_level="read_committed",
            max_partition_fetch_bytes=_PAGE_BYTES,
            session_timeout_ms=int(KAFKA_SESSION_S * 1000),
            rebalance_timeout_ms=int(KAFKA_REBALANCE_S * 1000),
            metadata_max_age_ms=60_000,
        )

    async def join(self) -> None:
        """Become a member.

        Raises:
            KafkaTrouble: says why not.
        """
        try:
            await probe(self._access)
            await self._consumer.start()
            await self._look()
            self._consumer.subscribe(list(self._topics), listener=_Listener(self))
        except BaseException as error:
            await self.close()
            if isinstance(error, Exception):
                raise told(error) from error
            raise

    async def poll(self, most: int, full: Collection[Partition]) -> Sequence[KafkaRecord]:
        """See `ports.kafka.KafkaConsumer`."""
        try:
            if self._trouble is not None:
                raise self._trouble
            if asyncio.get_running_loop().time() > self._looked_s + KAFKA_LOOK_S:
                await self._look()
            await self._keep_beginnings()
            assigned = self._consumer.assignment()
            paused = {raw(one) for one in full} & assigned
            self._consumer.resume(*(self._consumer.paused() & assigned) - paused)
            self._consumer.pause(*paused)
            found = await self._consumer.getmany(timeout_ms=int(KAFKA_POLL_S * 1000), max_records=most)
        except KafkaTrouble:
            raise
        except Exception as error:
            raise told(error) from error
        return [_record(one) for records in found.values() for one in records]

    async def _look(self) -> None:
        """Whether brokers answer and the topics are there: reading alone goes on for ever without."""
        async with asyncio.timeout(KAFKA_REQUEST_S):
            known = await self._consumer.topics()
        for topic in self._topics:
            if topic not in known:
                raise KafkaTrouble(f"There is no topic {topic}", Trouble.TOPIC)
        self._looked_s = asyncio.get_running_loop().time()

    async def _keep_beginnings(self) -> None:
        """What begins now begins there also for whoever reads it next."""
        mine = {one: at for one, at in self._begun.items() if one in self._consumer.assignment()}
        if mine:
            try:
                async with asyncio.timeout(KAFKA_REQUEST_S):
                    await self._consumer.commit(mine)
            except Exception as error:
                if (trouble := told(error)).kind is not Trouble.GROUP:
                    raise trouble from error
                return  # while partitions go around; tried again
        self._begun.clear()

    async def commit(self, offsets: Mapping[Partition, Kept]) -> None:
        """See `ports.kafka.KafkaConsumer`."""
        try:
            async with asyncio.timeout(KAFKA_REQUEST_S):  # the client itself tries for ever
                await self._commit(offsets)
        except Exception as error:
            raise told(error) from error
        for one in offsets:
            self._begun.pop(raw(one), None)

    async def _commit(self, offsets: Mapping[Partition, Kept]) -> None:
        try:
            await self._consumer.commit({raw(one): (kept.offset, kept.note) for one, kept in offsets.items()})
        except errors.OffsetMetadataTooLargeError:
            await self._consumer.commit({raw(one): kept.offset for one, kept in offsets.items()})

    def partitions(self) -> frozenset[Partition]:
        """See `ports.kafka.KafkaConsumer`."""
        return frozenset(named(one) for one in self._consumer.assignment())

    def note(self, partition: Partition) -> str:
        """See `ports.kafka.KafkaConsumer`."""
        return self._notes.get(partition, "")

    def end(self, partition: Partition) -> int | None:
        """See `ports.kafka.KafkaConsumer`."""
        if raw(partition) not in self._consumer.assignment():
            return None
        found: int | None = self._consumer.highwater(raw(partition))
        return found

    async def close(self) -> None:
        """See `ports.kafka.KafkaConsumer`."""
        # A task of its own: amid requests to brokers that are gone, the client is cancelled by itself.
        stopping = asyncio.gather(self._consumer.stop(), return_exceptions=True)
        await asyncio.wait((stopping,), timeout=KAFKA_CLOSE_S)
        stopping.cancel()
        await asyncio.gather(self._consumer._client.close(), return_exceptions=True)  # or it is left

    # --- for the listener ------------------------------------------------------------------------------

    async def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """Somebody else may have these soon."""
        if partitions:
            await self._on_revoked([named(one) for one in partitions])

    async def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """These are to be read now: behind what is kept, or from where the mapping begins."""
        self._begun.clear()
        try:
            # The client's own question for what is kept leaves the notes out.
            kept = await self._consumer._coordinator.fetch_committed_offsets(list(partitions))
            self._notes = {named(one): what.metadata or "" for one, what in kept.items()}
            new = [one for one in partitions if one not in kept]
            for one, at in (await beginnings(self._consumer, new, self._start)).items():
                self._consumer.seek(one, at)
                self._begun[one] = at
        except Exception as error:  # noqa: BLE001 - of the library's own task, told by the next poll
            self._trouble = told(error)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, member: Member) -> None:
        self._member = member

    async def on_partitions_revoked(self, revoked: Any) -> None:
        await self._member.revoked(revoked)

    async def on_partitions_assigned(self, assigned: Any) -> None:
        await self._member.assigned(assigned)


def _record(one: ConsumerRecord) -> KafkaRecord:
    return KafkaRecord(
        Partition(one.topic, one.partition),
        one.offset,
        one.timestamp,
        one.key,
        one.value,
        tuple((name, value or b"") for name, value in one.headers),
        one.timestamp_type == 1,
    )
