"""What pollers rely on of a cluster of Kafka: asked of the tests' broker here, and of a real one by `make test-real`.

Who takes the class gives the fixture `broker`, with `plain`, `login` and `certificate`: where it is without and with TLS
and login, and the certificate that shows it there.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Collection
from dataclasses import replace
from typing import Any, Protocol

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from lambdad.domain.kafka_record import Access, KafkaRecord, Kept, Partition
from lambdad.neighbours.kafka.clusters import Clusters
from lambdad.ports.event_sources import StartFrom
from lambdad.ports.kafka import KafkaConsumer, KafkaTrouble, Trouble
from tests.fakes.kafka_login import PASSWORD, USER

OLDEST, NEWEST = StartFrom("TRIM_HORIZON"), StartFrom("LATEST")
WITHIN_S = 60.0


class Brokers(Protocol):
    """Where a broker is."""

    @property
    def plain(self) -> str: ...

    @property
    def login(self) -> str: ...

    @property
    def certificate(self) -> str: ...


def plain(broker: Brokers) -> Access:
    """Without TLS or login."""
    return Access((broker.plain,))


def with_login(broker: Brokers, mechanism: str = "SCRAM-SHA-512") -> Access:
    """By TLS, as the user."""
    return Access((broker.login,), True, mechanism, USER, PASSWORD, authority=broker.certificate)


async def made_topic(servers: str, partitions: int = 1) -> str:
    """Make a topic; its name."""
    name = f"t-{uuid.uuid4()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, partitions, 1)])
    finally:
        await admin.close()
    return name


async def put(servers: str, topic: str, *values: str, partition: int = 0) -> None:
    """Write records one after the other."""
    async with AIOKafkaProducer(bootstrap_servers=servers, max_request_size=8 * 1024 * 1024) as producer:
        for value in values:
            await producer.send_and_wait(topic, value.encode(), b"k", partition, headers=[("h", b"\xff")])


async def nothing(_: Collection[Partition]) -> None:
    """For members that let partitions go."""


async def read(consumer: KafkaConsumer, count: int) -> list[KafkaRecord]:
    """So many records, or more."""
    found: list[KafkaRecord] = []
    async with asyncio.timeout(WITHIN_S):
        while len(found) < count:
            found += await consumer.poll(100, ())
    return found


def values(found: list[KafkaRecord]) -> list[str]:
    """What records say."""
    return [(one.value or b"").decode() for one in found]


# The client closes its sockets a moment after it says so.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
class KafkaContract:
    """A broker."""

    async def test_records_come_as_they_were_written(self, broker: Brokers) -> None:
        topic = await made_topic(broker.plain)
        await put(broker.plain, topic, "a", "b")
        consumer = await Clusters().join(plain(broker), "g", [topic], OLDEST, nothing)
        found = await read(consumer, 2)
        await consumer.close()
        assert values(found) == ["a", "b"]
        assert [one.offset for one in found] == [0, 1]
        assert (found[0].key, found[0].headers) == (b"k", (("h", b"\xff"),))
        assert abs(found[0].at_ms - time.time() * 1000) < WITHIN_S * 1000

    @pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
    async def test_users_log_in(self, broker: Brokers, mechanism: str) -> None:
        topic = await made_topic(broker.plain)
        await put(broker.plain, topic, "a")
        access = with_login(broker, mechanism)
        consumer = await Clusters().join(access, f"g-{mechanism}", [topic], OLDEST, nothing)
        assert values(await read(consumer, 1)) == ["a"]
        await consumer.close()

    @pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
    async def test_a_wrong_password_is_told_as_one(self, broker: Brokers, mechanism: str) -> None:
        wrong = replace(with_login(broker, mechanism), password="wrong")
        with pytest.raises(KafkaTrouble) as told:
            await Clusters().join(wrong, "g", ["t"], OLDEST, nothing)
        assert told.value.kind is Trouble.LOGIN

    async def test_a_broker_that_no_authority_signed_is_not_trusted(self, broker: Brokers) -> None:
        with pytest.raises(KafkaTrouble) as told:
            await Clusters().join(replace(with_login(broker), authority=None), "g", ["t"], OLDEST, nothing)
        assert told.value.kind is Trouble.SERVER

    async def test_nobody_there_and_no_topic_are_told_apart(self, broker: Brokers) -> None:
        with pytest.raises(KafkaTrouble) as told:
            await Clusters().join(Access(("127.0.0.1:1",)), "g", ["t"], OLDEST, nothing)
        assert told.value.kind is Trouble.CONNECTION
        with pytest.raises(KafkaTrouble) as told:
            await Clusters().join(plain(broker), "g", ["nowhere"], OLDEST, nothing)
        assert told.value.kind is Trouble.TOPIC

    async def test_a_group_goes_on_behind_what_it_keeps_and_from_where_it_is_set(
        self, broker: Brokers
    ) -> None:
        topic, group, access = await made_topic(broker.plain), str(uuid.uuid4()), plain(broker)
        await put(broker.plain, topic, "a", "b", "c")
        consumer = await Clusters().join(access, group, [topic], OLDEST, nothing)
        await read(consumer, 3)
        await consumer.commit({Partition(topic, 0): Kept(1)})
        await consumer.close()
        consumer = await Clusters().join(access, group, [topic], NEWEST, nothing)
        assert values(await read(consumer, 2)) == ["b", "c"]
        assert consumer.end(Partition(topic, 0)) == 3
        await consumer.close()
        await Clusters().reset(access, group, [topic], OLDEST)
        consumer = await Clusters().join(access, group, [topic], NEWEST, nothing)
        assert values(await read(consumer, 3)) == ["a", "b", "c"]
        await consumer.close()

    async def test_what_is_noted_beside_an_offset_is_there_for_who_reads_next_until_that_moves(
        self, broker: Brokers
    ) -> None:
        topic, group, access = await made_topic(broker.plain), str(uuid.uuid4()), plain(broker)
        await put(broker.plain, topic, "a", "b")
        partition, noted = Partition(topic, 0), []
        for kept in (Kept(0, "tried twice"), Kept(1), None):
            consumer = await Clusters().join(access, group, [topic], OLDEST, nothing)
            await read(consumer, 1)
            noted.append(consumer.note(partition))
            if kept is not None:
                await consumer.commit({partition: kept})
            await consumer.close()
        assert noted == ["", "tried twice", ""]

    async def test_a_note_that_is_more_than_the_broker_takes_is_left_out_and_the_offset_kept(
        self, broker: Brokers
    ) -> None:
        topic, group, access = await made_topic(broker.plain), str(uuid.uuid4()), plain(broker)
        await put(broker.plain, topic, "a", "b")
        consumer = await Clusters().join(access, group, [topic], OLDEST, nothing)
        await read(consumer, 2)
        await consumer.commit({Partition(topic, 0): Kept(1, "x" * 5_000)})
        await consumer.close()
        consumer = await Clusters().join(access, group, [topic], OLDEST, nothing)
        assert values(await read(consumer, 1)) == ["b"]
        assert consumer.note(Partition(topic, 0)) == ""
        await consumer.close()

    async def test_a_group_with_members_is_not_set_elsewhere(self, broker: Brokers) -> None:
        topic, group, access = await made_topic(broker.plain), str(uuid.uuid4()), plain(broker)
        await put(broker.plain, topic, "a")
        consumer = await Clusters().join(access, group, [topic], OLDEST, nothing)
        await read(consumer, 1)
        with pytest.raises(KafkaTrouble) as told:
            await Clusters().reset(access, group, [topic], OLDEST)
        assert told.value.kind is Trouble.GROUP
        await consumer.close()

    async def test_the_newest_position_is_kept_before_anything_is_read(self, broker: Brokers) -> None:
        topic, group, access = await made_topic(broker.plain), str(uuid.uuid4()), plain(broker)
        await put(broker.plain, topic, "before")
        consumer = await Clusters().join(access, group, [topic], NEWEST, nothing)
        async with asyncio.timeout(WITHIN_S):
            while not consumer.partitions():
                await consumer.poll(100, ())
        await consumer.poll(100, ())
        await consumer.close()
        await put(broker.plain, topic, "meanwhile")
        consumer = await Clusters().join(access, group, [topic], NEWEST, nothing)
        assert values(await read(consumer, 1)) == ["meanwhile"]
        await consumer.close()

    async def test_records_since_a_time_are_read(self, broker: Brokers) -> None:
        topic, group = await made_topic(broker.plain), str(uuid.uuid4())
        await put(broker.plain, topic, "before")
        await asyncio.sleep(0.05)
        start = StartFrom("AT_TIMESTAMP", time.time())
        await put(broker.plain, topic, "since")
        consumer = await Clusters().join(plain(broker), group, [topic], start, nothing)
        assert values(await read(consumer, 1)) == ["since"]
        await consumer.close()

    async def test_partitions_that_are_full_are_read_on_later(self, broker: Brokers) -> None:
        topic, group = await made_topic(broker.plain, 2), str(uuid.uuid4())
        consumer = await Clusters().join(plain(broker), group, [topic], OLDEST, nothing)
        full = [Partition(topic, 0)]
        async with asyncio.timeout(WITHIN_S):
            while len(consumer.partitions()) < 2:
                await consumer.poll(100, full)
        await put(broker.plain, topic, "a")
        await put(broker.plain, topic, "b", partition=1)
        found: list[KafkaRecord] = []
        async with asyncio.timeout(WITHIN_S):
            while not found:
                found += await consumer.poll(100, full)
        found += await consumer.poll(100, full)
        assert values(found) == ["b"]
        assert values(await read(consumer, 1)) == ["a"]
        await consumer.close()

    async def test_partitions_that_go_to_another_member_are_told_of_before_and_kept(
        self, broker: Brokers
    ) -> None:
        topic, group, access = await made_topic(broker.plain, 2), str(uuid.uuid4()), plain(broker)
        await put(broker.plain, topic, "a", partition=0)
        await put(broker.plain, topic, "b", partition=1)
        told: list[Partition] = []

        async def revoked(partitions: Collection[Partition]) -> None:
            told.extend(partitions)
            await one.commit({Partition(topic, 0): Kept(1), Partition(topic, 1): Kept(1)})

        one = await Clusters().join(access, group, [topic], OLDEST, revoked)
        await read(one, 2)
        other = await Clusters().join(access, group, [topic], OLDEST, nothing)
        async with asyncio.timeout(WITHIN_S):
            while not (len(one.partitions()) == len(other.partitions()) == 1):
                await one.poll(100, ())
                await other.poll(100, ())
        await put(broker.plain, topic, "c", partition=0)
        await put(broker.plain, topic, "d", partition=1)
        found: list[KafkaRecord] = []
        async with asyncio.timeout(WITHIN_S):
            while len(found) < 2:
                found += [*await one.poll(100, ()), *await other.poll(100, ())]
        assert sorted(values(found)) == ["c", "d"]
        assert {str(one) for one in told} == {f"{topic}-0", f"{topic}-1"}
        gone = next(iter(other.partitions()))
        with pytest.raises(KafkaTrouble) as refused:
            await one.commit({gone: Kept(2)})
        assert refused.value.kind is Trouble.GROUP
        await one.close()
        await other.close()

    async def test_a_record_of_failure_arrives_in_its_topic(self, broker: Brokers) -> None:
        topic, access = await made_topic(broker.plain), with_login(broker)
        await Clusters().send(access, topic, b"k", b"failed")
        consumer = await Clusters().join(access, str(uuid.uuid4()), [topic], OLDEST, nothing)
        assert values(await read(consumer, 1)) == ["failed"]
        await consumer.close()
        with contextlib.suppress(KafkaTrouble):
            await consumer.poll(1, ())

    async def test_what_is_put_into_no_topic_is_told(self, broker: Brokers) -> None:
        with pytest.raises(KafkaTrouble):
            await Clusters().send(plain(broker), "nowhere", b"k", b"failed")


async def goes(servers: str, end: Any) -> None:
    """A consumer, the end of its broker, and what that reads like.

    Args:
        end: stops the broker.
    """
    topic = await made_topic(servers)
    consumer = await Clusters().join(Access((servers,)), "g", [topic], OLDEST, nothing)
    await consumer.poll(100, ())
    end()
    with pytest.raises(KafkaTrouble):
        await read(consumer, 1)
    await consumer.close()
