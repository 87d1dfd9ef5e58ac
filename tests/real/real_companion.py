"""The companion as SQS: the suite of queues on the endpoint of the server itself, no service configured."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from calling import started
from event_calls import APP, send, treat
from local_services import eventually
from queue_calls import Queues

from tests.real.queue_suite import *  # noqa: F403


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queues]:
    with started(tmp_path_factory.mktemp("companion") / "data") as server:
        yield Queues(server, server.url)


@pytest.fixture
def either(queues: Queues) -> Queues:
    return queues


def test_what_becomes_of_an_event_is_told_to_a_topic(queues: Queues):
    server, queue = queues.server, queues.queue()
    sns = server.client("sns", account="000000000000")
    topic = sns.create_topic(Name=queue.rpartition(":")[2])["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    name = server.function({"app.py": APP})
    treat(server, name, success=topic)
    request_id = send(server, name, {"n": 1})
    eventually(lambda: queues.left(queue) == 1, "a message")
    [message] = queues.sqs.receive_message(QueueUrl=queues.url_of(queue))["Messages"]
    told = json.loads(json.loads(message["Body"])["Message"])
    assert told["requestContext"]["requestId"] == request_id
