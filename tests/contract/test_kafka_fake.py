"""The tests' broker of Kafka: as a real one, and with a patience that is its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from kafka_contract import OLDEST, Brokers, KafkaContract, goes, made_topic, nothing, plain, put, read, values

from lambdad.neighbours.kafka import clusters, connection, member
from lambdad.neighbours.kafka.clusters import Clusters
from tests.fakes.kafka_server import ServedKafka, kafka_server

GIVES_UP_S = 3.0


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedKafka]:
    with kafka_server(tmp_path_factory.mktemp("kafka")) as made:
        yield made


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that gives a request up sooner: for what is certain to fail."""
    for module in (clusters, connection, member):
        monkeypatch.setattr(module, "KAFKA_REQUEST_S", GIVES_UP_S)


class TestContract(KafkaContract):
    @pytest.mark.usefixtures("hurried")
    async def test_what_is_put_into_no_topic_is_told(self, broker: Brokers) -> None:
        await super().test_what_is_put_into_no_topic_is_told(broker)

    @pytest.mark.usefixtures("hurried")
    async def test_a_broker_that_goes_is_noticed(self) -> None:
        with kafka_server() as gone:
            await goes(gone.plain, gone.process.kill)

    async def test_an_impatient_broker_takes_a_member_for_dead_when_its_connection_ends(self) -> None:
        with kafka_server(is_impatient=True) as broker:
            topic, group = await made_topic(broker.plain), str(uuid.uuid4())
            await put(broker.plain, topic, "a")
            dead = await Clusters().join(plain(broker), group, [topic], OLDEST, nothing)
            await read(dead, 1)
            await dead._consumer._client.close()  # type: ignore[attr-defined]
            consumer = await Clusters().join(plain(broker), group, [topic], OLDEST, nothing)
            assert values(await read(consumer, 1)) == ["a"]
            await consumer.close()
            await dead.close()
