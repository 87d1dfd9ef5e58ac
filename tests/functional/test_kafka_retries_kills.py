"""A batch of Kafka that fails is tried as often as its mapping says, whoever kills the server meanwhile."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from calling import started
from kafka_calls import KafkaTopics
from local_services import eventually

from tests.fakes.kafka_server import kafka_server

RETRIES = 4
FAILS = """
import json
def handler(event, context):
    [records] = event["records"].values()
    print("TRIED", json.dumps([context.aws_request_id, len(records)]))
    if len(records) > 1:
        raise ValueError("no")
"""


def tried(topics: KafkaTopics, function: str, count: int) -> list[Any]:
    """Request ID and records of so many calls."""

    def found() -> list[Any]:
        lines = [line for line in topics.server.messages(function) if line.startswith("TRIED ")]
        return [json.loads(line.removeprefix("TRIED ")) for line in lines] if len(lines) >= count else []

    return list(eventually(found, f"{count} calls"))


@pytest.mark.full
def test_retries_of_kafka_hold_over_kill_9(tmp_path: Path) -> None:
    with kafka_server(is_impatient=True) as broker:
        with started(tmp_path / "data") as server:
            topics = KafkaTopics(server, broker.plain, broker)
            topic, function = topics.topic(), topics.function(FAILS)
            topics.put(topic, "a", "b")
            group = {"ConsumerGroupId": str(uuid.uuid4())}
            topics.own(
                function,
                topic,
                MaximumRetryAttempts=RETRIES,
                SelfManagedKafkaEventSourceConfig=group,
            )
            tried(topics, function, 3)
            server.kill()
        with started(tmp_path / "data") as server:
            topics = KafkaTopics(server, broker.plain, broker)
            topics.put(topic, "alone")
            eventually(lambda: tried(topics, function, 1)[-1][1] == 1, "what follows the batch")
            *calls, (_, last) = tried(topics, function, RETRIES + 2)
            assert last == 1
            assert {records for _, records in calls} == {2}
            assert len({request_id for request_id, _ in calls}) == 1
            # A call that was under way when the server died may have ended unseen.
            assert RETRIES + 1 <= len(calls) <= RETRIES + 2
