"""A broker of Apache Kafka: what pollers rely on, by every way of reaching it, and mappings from end to end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from calling import started
from kafka_calls import KafkaTopics, configuration

from lambdad.domain.kafka_record import Access
from lambdad.neighbours.kafka.clusters import Clusters
from lambdad.ports.kafka import KafkaTrouble, Trouble
from tests.contract.kafka_contract import OLDEST, KafkaContract, goes, made_topic, nothing, put, read, values
from tests.real.kafka_suite import *  # noqa: F403
from tests.real.servers import Kafka, kafka
from tests.soak.kafka_ledger import run

# The client closes its sockets a moment after it says so.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)

KILLS = 2
"""Each costs a session of 15 s: the broker waits so long for the member that was killed."""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with kafka(tmp_path_factory.mktemp("kafka")) as made:
        yield made


@pytest.fixture(scope="module")
def topics(broker: Kafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaTopics]:
    folder = tmp_path_factory.mktemp("server")
    config = folder / "lambdad.toml"
    config.write_text(configuration(broker))
    with started(folder / "data", env={"LAMBDAD_CONFIG": str(config)}) as server:
        yield KafkaTopics(server, broker.plain, broker)


class TestContract(KafkaContract):
    async def test_a_broker_that_goes_is_noticed(self, tmp_path: Path) -> None:
        running = kafka(tmp_path)
        await goes(running.__enter__().plain, lambda: running.__exit__(None, None, None))


def by_certificate(broker: Kafka) -> Access:
    """By TLS, shown a certificate of the client."""
    return Access(
        (broker.tls,),
        True,
        authority=broker.certificate,
        certificate=broker.certificate,
        private_key=broker.key,
    )


async def test_a_client_shows_its_certificate(broker: Kafka):
    topic = await made_topic(broker.plain)
    await put(broker.plain, topic, "a")
    consumer = await Clusters().join(by_certificate(broker), "g-certificate", [topic], OLDEST, nothing)
    assert values(await read(consumer, 1)) == ["a"]
    await consumer.close()


async def test_a_client_without_a_certificate_is_not_trusted(broker: Kafka):
    with pytest.raises(KafkaTrouble) as told:
        await Clusters().join(replace(by_certificate(broker), certificate=None), "g", ["t"], OLDEST, nothing)
    assert told.value.kind in (Trouble.CLIENT, Trouble.CONNECTION)


async def test_a_certificate_that_is_none_is_told_as_such(broker: Kafka):
    with pytest.raises(KafkaTrouble) as told:
        await Clusters().join(
            replace(by_certificate(broker), private_key="no key"), "g", ["t"], OLDEST, nothing
        )
    assert told.value.kind is Trouble.KEY


def test_no_record_is_lost_or_out_of_order_over_kill_9(tmp_path: Path):
    folder = tmp_path / "kafka"
    folder.mkdir()
    ledger = run(tmp_path, KILLS, seed=7, broker=kafka(folder))
    assert ledger.problems == [], "\n".join(ledger.lines())
    assert ledger.changes >= 1
    assert len(ledger.seen) == ledger.produced.total() > 0
