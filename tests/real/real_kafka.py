"""A broker of Apache Kafka: what pollers rely on, by every way of reaching it, and a mapping from end to end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from calling import started
from local_services import eventually

from lambdad.domain.kafka_record import Access, KafkaRecord, Partition
from lambdad.neighbours.kafka.clusters import Clusters
from lambdad.ports.event_sources import StartFrom
from lambdad.ports.kafka import KafkaConsumer, KafkaTrouble, Trouble
from tests.real.servers import KAFKA_PASSWORD, KAFKA_USER, Kafka, kafka
from tests.running import Server

# The client closes its sockets a moment after it says so.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
OLDEST, NEWEST = StartFrom("TRIM_HORIZON"), StartFrom("LATEST")
WITHIN_S = 30.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with kafka(tmp_path_factory.mktemp("kafka")) as made:
        yield made


def ways(broker: Kafka) -> dict[str, Access]:
    """Every way in."""
    login = Access((broker.login,), True, "PLAIN", KAFKA_USER, KAFKA_PASSWORD, authority=broker.certificate)
    return {
        "plain": Access((broker.plain,)),
        "basic": login,
        "scram-256": replace(login, mechanism="SCRAM-SHA-256"),
        "scram-512": replace(login, mechanism="SCRAM-SHA-512"),
        "certificate": Access(
            (broker.tls,),
            True,
            authority=broker.certificate,
            certificate=broker.certificate,
            private_key=broker.key,
        ),
    }


async def made_topic(broker: Kafka, partitions: int = 1) -> str:
    name = f"t-{uuid.uuid4()}"
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.plain)
    await admin.start()
    await admin.create_topics([NewTopic(name, partitions, 1)])
    await admin.close()
    return name


async def put(broker: Kafka, topic: str, *values: str, partition: int = 0) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker.plain) as producer:
        for value in values:
            await producer.send_and_wait(topic, value.encode(), b"k", partition, headers=[("h", b"\xff")])


async def nothing(_: Collection[Partition]) -> None:
    pass


async def read(consumer: KafkaConsumer, count: int) -> list[KafkaRecord]:
    found: list[KafkaRecord] = []
    async with asyncio.timeout(WITHIN_S):
        while len(found) < count:
            found += await consumer.poll(100, ())
    return found


def values(found: list[KafkaRecord]) -> list[str]:
    return [(one.value or b"").decode() for one in found]


@pytest.mark.parametrize("way", ["plain", "basic", "scram-256", "scram-512", "certificate"])
async def test_records_are_read_by_every_way_in(broker: Kafka, way: str):
    topic = await made_topic(broker)
    await put(broker, topic, "a", "b")
    consumer = await Clusters().join(ways(broker)[way], f"g-{way}", [topic], OLDEST, nothing)
    found = await read(consumer, 2)
    await consumer.close()
    assert values(found) == ["a", "b"]
    assert (found[0].key, found[0].headers, found[0].offset) == (b"k", (("h", b"\xff"),), 0)


async def test_a_wrong_password_is_told_as_one(broker: Kafka):
    topic = await made_topic(broker)
    wrong = replace(ways(broker)["scram-512"], password="wrong")
    with pytest.raises(KafkaTrouble) as told:
        await Clusters().join(wrong, "g", [topic], OLDEST, nothing)
    assert told.value.kind is Trouble.LOGIN


async def test_a_broker_that_no_authority_signed_is_not_trusted(broker: Kafka):
    with pytest.raises(KafkaTrouble) as told:
        await Clusters().join(replace(ways(broker)["basic"], authority=None), "g", ["t"], OLDEST, nothing)
    assert told.value.kind is Trouble.SERVER


async def test_a_client_without_a_certificate_is_not_trusted(broker: Kafka):
    with pytest.raises(KafkaTrouble) as told:
        await Clusters().join(
            replace(ways(broker)["certificate"], certificate=None), "g", ["t"], OLDEST, nothing
        )
    assert told.value.kind in (Trouble.CLIENT, Trouble.CONNECTION)


async def test_a_certificate_that_is_none_is_told_as_such(broker: Kafka):
    with pytest.raises(KafkaTrouble) as told:
        await Clusters().join(
            replace(ways(broker)["certificate"], private_key="no key"), "g", ["t"], OLDEST, nothing
        )
    assert told.value.kind is Trouble.KEY


async def test_nobody_there_and_no_topic_are_told_apart(broker: Kafka):
    with pytest.raises(KafkaTrouble) as told:
        await Clusters().join(Access(("127.0.0.1:1",)), "g", ["t"], OLDEST, nothing)
    assert told.value.kind is Trouble.CONNECTION
    with pytest.raises(KafkaTrouble) as told:
        await Clusters().join(ways(broker)["plain"], "g", ["nowhere"], OLDEST, nothing)
    assert told.value.kind is Trouble.TOPIC


async def test_a_group_goes_on_behind_what_it_keeps_and_from_where_it_is_set(broker: Kafka):
    topic, group, access = await made_topic(broker), str(uuid.uuid4()), ways(broker)["plain"]
    await put(broker, topic, "a", "b", "c")
    consumer = await Clusters().join(access, group, [topic], OLDEST, nothing)
    await read(consumer, 3)
    await consumer.commit({Partition(topic, 0): 1})
    await consumer.close()
    consumer = await Clusters().join(access, group, [topic], NEWEST, nothing)
    assert values(await read(consumer, 2)) == ["b", "c"]
    assert consumer.end(Partition(topic, 0)) == 3
    await consumer.close()
    await Clusters().reset(access, group, [topic], OLDEST)
    consumer = await Clusters().join(access, group, [topic], NEWEST, nothing)
    assert values(await read(consumer, 3)) == ["a", "b", "c"]
    await consumer.close()


async def test_the_newest_position_is_kept_before_anything_is_read(broker: Kafka):
    topic, group, access = await made_topic(broker), str(uuid.uuid4()), ways(broker)["plain"]
    await put(broker, topic, "before")
    consumer = await Clusters().join(access, group, [topic], NEWEST, nothing)
    async with asyncio.timeout(WITHIN_S):
        while not consumer.partitions():
            await consumer.poll(100, ())
    await consumer.poll(100, ())
    await consumer.close()
    await put(broker, topic, "meanwhile")
    consumer = await Clusters().join(access, group, [topic], NEWEST, nothing)
    assert values(await read(consumer, 1)) == ["meanwhile"]
    await consumer.close()


async def test_records_since_a_time_are_read(broker: Kafka):
    topic, group, access = await made_topic(broker), str(uuid.uuid4()), ways(broker)["plain"]
    await put(broker, topic, "before")
    await asyncio.sleep(0.05)
    start = StartFrom("AT_TIMESTAMP", time.time())
    await put(broker, topic, "since")
    consumer = await Clusters().join(access, group, [topic], start, nothing)
    assert values(await read(consumer, 1)) == ["since"]
    await consumer.close()


async def test_partitions_that_go_to_another_member_are_told_of_before_and_kept(broker: Kafka):
    topic, group, access = await made_topic(broker, 2), str(uuid.uuid4()), ways(broker)["plain"]
    await put(broker, topic, "a", partition=0)
    await put(broker, topic, "b", partition=1)
    told: list[Partition] = []

    async def revoked(partitions: Collection[Partition]) -> None:
        told.extend(partitions)
        await one.commit({Partition(topic, 0): 1, Partition(topic, 1): 1})

    one = await Clusters().join(access, group, [topic], OLDEST, revoked)
    await read(one, 2)
    other = await Clusters().join(access, group, [topic], OLDEST, nothing)
    async with asyncio.timeout(WITHIN_S):
        while not (len(one.partitions()) == len(other.partitions()) == 1):
            await one.poll(100, ())
            await other.poll(100, ())
    await put(broker, topic, "c", partition=0)
    await put(broker, topic, "d", partition=1)
    found: list[KafkaRecord] = []
    async with asyncio.timeout(WITHIN_S):
        while len(found) < 2:
            found += [*await one.poll(100, ()), *await other.poll(100, ())]
    assert sorted(values(found)) == ["c", "d"]
    assert {str(one) for one in told} == {f"{topic}-0", f"{topic}-1"}
    await one.close()
    await other.close()


async def test_a_record_of_failure_arrives_in_its_topic(broker: Kafka):
    topic, access = await made_topic(broker), ways(broker)["scram-512"]
    await Clusters().send(access, topic, b"k", b"failed")
    consumer = await Clusters().join(access, str(uuid.uuid4()), [topic], OLDEST, nothing)
    assert values(await read(consumer, 1)) == ["failed"]
    await consumer.close()
    with contextlib.suppress(KafkaTrouble):
        await consumer.poll(1, ())


async def test_a_broker_that_goes_is_noticed(tmp_path: Path):
    with kafka(tmp_path) as gone:
        topic = await made_topic(gone)
        consumer = await Clusters().join(ways(gone)["plain"], "g", [topic], OLDEST, nothing)
        await consumer.poll(100, ())
    with pytest.raises(KafkaTrouble):
        await read(consumer, 1)
    await consumer.close()


TELLS = """
import json, time
def handler(event, context):
    print("GOT", json.dumps([time.time_ns(), event]))
"""
MSK = "arn:aws:kafka:us-east-1:000000000000:cluster/c/12345678-abcd-1234-efab-123456789012-1"


@pytest.fixture(scope="module")
def server(broker: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    config = folder / "lambdad.toml"
    config.write_text(f'[kafka_clusters]\n"{MSK}" = "{broker.plain}"\n')
    with started(folder / "data", env={"LAMBDAD_CONFIG": str(config)}) as made:
        yield made


def got(server: Server, function: str) -> list[tuple[int, dict[str, object]]]:
    """Calls of a function: when, and with what."""
    logs = server.client("logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    lines = [event["message"] for event in events if event["message"].startswith("GOT ")]
    return [tuple(json.loads(line.removeprefix("GOT "))) for line in lines]


async def test_a_mapping_of_a_self_managed_cluster_goes_on_where_it_was(broker: Kafka, server: Server):
    topic, client = await made_topic(broker), server.client()
    function = server.function({"app.py": TELLS}, Timeout=5)
    await put(broker, topic, "a")
    made = client.create_event_source_mapping(
        FunctionName=function,
        Topics=[topic],
        SelfManagedEventSource={"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": [broker.plain]}},
        SourceAccessConfigurations=[{"Type": "VPC_SUBNET", "URI": "subnet:subnet-0123456789abcdef0"}],
    )
    eventually(lambda: len(got(server, function)) == 1, "one call")
    [(_, event)] = got(server, function)
    assert (event["eventSource"], event["bootstrapServers"]) == ("SelfManagedKafka", broker.plain)
    assert list(event["records"]) == [f"{topic}-0"]  # type: ignore[call-overload]
    client.update_event_source_mapping(UUID=made["UUID"], Enabled=False)
    eventually(
        lambda: client.get_event_source_mapping(UUID=made["UUID"])["State"] == "Disabled", "it is disabled"
    )
    await put(broker, topic, "b")
    client.update_event_source_mapping(UUID=made["UUID"], Enabled=True)
    eventually(lambda: len(got(server, function)) == 2, "a second call")
    assert client.get_event_source_mapping(UUID=made["UUID"])["LastProcessingResult"] == "OK"


async def test_a_mapping_of_msk_reads_the_cluster_that_settings_name(broker: Kafka, server: Server):
    topic, client = await made_topic(broker), server.client()
    function = server.function({"app.py": TELLS}, Timeout=5)
    await put(broker, topic, "a")
    client.create_event_source_mapping(
        FunctionName=function, EventSourceArn=MSK, Topics=[topic], StartingPosition="TRIM_HORIZON"
    )
    eventually(lambda: len(got(server, function)) == 1, "a call")
    assert got(server, function)[0][1]["eventSourceArn"] == MSK
