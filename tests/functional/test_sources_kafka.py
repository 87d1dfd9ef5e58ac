"""Topics of Kafka end to end, on the tests' own broker: what real ones are asked (`tests.real.kafka_suite`), and
credentials from Secrets Manager."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from calling import started
from kafka_calls import KafkaTopics, configuration

from tests.fakes.kafka_login import PASSWORD, USER
from tests.fakes.kafka_server import ServedKafka, kafka_server
from tests.real.kafka_suite import (
    test_a_mapping_of_a_self_managed_cluster_goes_on_where_it_was,
    test_a_mapping_of_msk_reads_the_cluster_that_settings_name,
    test_how_far_a_function_is_behind_is_a_metric_and_in_the_list_of_mappings,
    test_only_what_passes_the_filters_is_seen,
    test_partitions_that_go_to_another_member_amid_a_call_are_done_once,
    test_what_is_given_up_arrives_in_a_topic_of_the_cluster,
)

__all__ = [
    "test_a_mapping_of_a_self_managed_cluster_goes_on_where_it_was",
    "test_a_mapping_of_msk_reads_the_cluster_that_settings_name",
    "test_how_far_a_function_is_behind_is_a_metric_and_in_the_list_of_mappings",
    "test_only_what_passes_the_filters_is_seen",
    "test_partitions_that_go_to_another_member_amid_a_call_are_done_once",
    "test_what_is_given_up_arrives_in_a_topic_of_the_cluster",
]
# The client closes its sockets a moment after it says so.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
ACCOUNT = "000000000000"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedKafka]:
    with kafka_server(tmp_path_factory.mktemp("kafka")) as made:
        yield made


@pytest.fixture(scope="module")
def topics(broker: ServedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KafkaTopics]:
    folder = tmp_path_factory.mktemp("server")
    config = folder / "lambdad.toml"
    config.write_text(configuration(broker))
    with started(folder / "data", "--config", str(config)) as server:
        yield KafkaTopics(server, broker.plain, broker)


def secret(topics: KafkaTopics, **members: str) -> str:
    """Keep a secret in the companion's Secrets Manager; its ARN."""
    secrets = topics.server.client("secretsmanager", ACCOUNT)
    made = secrets.create_secret(Name=f"s-{uuid.uuid4().hex[:12]}", SecretString=json.dumps(members))
    return str(made["ARN"])


def by_login(topics: KafkaTopics, function: str, topic: str, login: str, authority: str) -> str:
    """Map a topic by TLS and login; the UUID of the mapping."""
    return topics.own(
        function,
        topic,
        SelfManagedEventSource={"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": [topics.broker.login]}},
        SourceAccessConfigurations=[
            {"Type": "SASL_SCRAM_512_AUTH", "URI": login},
            {"Type": "SERVER_ROOT_CA_CERTIFICATE", "URI": authority},
        ],
    )


def test_a_login_and_an_authority_come_from_secrets_manager(topics: KafkaTopics):
    topic, function = topics.topic(), topics.function()
    topics.put(topic, "a")
    authority = secret(topics, certificate=topics.broker.certificate)
    by_login(topics, function, topic, secret(topics, username=USER, password=PASSWORD), authority)
    assert topics.values(function, 1) == ["a"]


def test_a_secret_that_is_put_right_is_read_again(topics: KafkaTopics):
    topic, function = topics.topic(), topics.function()
    topics.put(topic, "a")
    authority = secret(topics, certificate=topics.broker.certificate)
    login = secret(topics, username=USER, password="wrong")
    uuid = by_login(topics, function, topic, login, authority)
    topics.result(uuid, "SASL authentication failed")
    topics.server.client("secretsmanager", ACCOUNT).put_secret_value(
        SecretId=login, SecretString=json.dumps({"username": USER, "password": PASSWORD})
    )
    assert topics.values(function, 1) == ["a"]
    assert "wrong" not in topics.server.log
    assert PASSWORD not in topics.server.log
    topics.result(uuid, "OK")
