"""Records of a topic of Kafka: how long one takes to its function, and how many go a second.

The broker is the tests' own, in a process of its own, whose records are in memory: what is measured is the
poller. A record's time is its producer's, to the millisecond. No window is waited for; AWS's default would be
half a second.
"""

from __future__ import annotations

import asyncio

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench import mappings
from bench.functions import BuildError, Kind
from bench.measure_streams import FAILURES, rounds
from bench.opening import folder_for
from bench.plan import FULL_MEMORY_MIB, Run
from bench.reach import PRODUCT
from bench.results import Measure
from bench.subject import Target
from bench.subject_api import ApiServer
from tests.fakes.kafka_server import kafka_server

NAME = "hearing"
MANY = "one partition, batches of 100"
TOPIC = "bench"
_BATCH = 100
_VALUE = b'{"number": %d, "filler": "' + b"x" * 170 + b'"}'


def measure(run: Run) -> None:
    """Measure the product."""
    try:
        spec = run.workshop.spec(Kind.PYTHON, "kafka", FULL_MEMORY_MIB, handler=NAME).named(NAME)
    except BuildError as error:
        run.results.fail(Measure.KAFKA, PRODUCT, "function", error)
        return
    for subject in run.servers:
        if subject.name != PRODUCT or not isinstance(subject, ApiServer):
            continue
        with kafka_server() as broker, folder_for(run, subject.name) as folder:
            try:
                with subject.open((spec,), folder) as session:
                    _measure(run, broker.plain, session.target(NAME))
            except FAILURES as error:
                run.results.fail(Measure.KAFKA, subject.name, "topic", error)


def _measure(run: Run, servers: str, target: Target) -> None:
    def put(count: int, pause_s: float) -> None:
        asyncio.run(_fill(servers, count, pause_s))

    rounds(run, Measure.KAFKA, MANY, target, _mapped(servers, target.port), put)


def _mapped(servers: str, port: int) -> str:
    asyncio.run(_make(servers))
    return mappings.create(
        port,
        NAME,
        None,
        Topics=[TOPIC],
        SelfManagedEventSource={"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": [servers]}},
        SourceAccessConfigurations=[{"Type": "VPC_SUBNET", "URI": "subnet:subnet-0123456789abcdef0"}],
        StartingPosition="TRIM_HORIZON",
        BatchSize=_BATCH,
        MaximumBatchingWindowInSeconds=0,
    )


async def _make(servers: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    finally:
        await admin.close()


async def _fill(servers: str, count: int, pause_s: float) -> None:
    """Write records; with a pause each by itself."""
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for number in range(count):
            if pause_s:
                await producer.send_and_wait(TOPIC, _VALUE % number)
                await asyncio.sleep(pause_s)
            else:
                await producer.send(TOPIC, _VALUE % number)
        await producer.flush()
