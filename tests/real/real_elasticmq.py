"""ElasticMQ as SQS: the suite of queues, and destinations of functions."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from calling import started
from event_calls import APP, arn_of, send, treat
from local_services import eventually
from queue_calls import Queues
from test_sources_sqs import SIGNED

from tests.real.queue_suite import *  # noqa: F403
from tests.real.servers import elasticmq


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queues]:
    folder = tmp_path_factory.mktemp("elasticmq")
    with elasticmq(folder) as url:
        env = {"LAMBDAD_SERVICES_SQS_ENDPOINT": url} | SIGNED
        with started(folder / "data", env=env) as server:
            yield Queues(server, url)


@pytest.fixture
def either(queues: Queues) -> Queues:
    return queues


@pytest.mark.parametrize("kind", ["destination", "dead"])
def test_what_becomes_of_an_event_is_told_to_a_queue(queues: Queues, kind: str):
    server, queue = queues.server, queues.queue()
    name = server.function({"app.py": APP})
    if kind == "dead":
        server.client().update_function_configuration(
            FunctionName=name, DeadLetterConfig={"TargetArn": queue}
        )
        server.client().get_waiter("function_updated_v2").wait(FunctionName=name)
        treat(server, name, MaximumRetryAttempts=0)
        request_id = send(server, name, {"fail": "broken"})
    else:
        treat(server, name, success=queue)
        request_id = send(server, name, {"n": 1})
    eventually(lambda: queues.left(queue) == 1, "a message")
    found = queues.sqs.receive_message(QueueUrl=queues.url_of(queue), MessageAttributeNames=["All"])
    [message] = found["Messages"]
    body = json.loads(message["Body"])
    if kind == "dead":
        assert body == {"fail": "broken"}
        assert message["MessageAttributes"]["RequestID"]["StringValue"] == request_id
    else:
        assert body["requestContext"]["requestId"] == request_id
        assert body["requestContext"]["functionArn"] == arn_of(server, name)


def test_a_function_reaches_the_queues_through_the_server(queues: Queues):
    queue = queues.queue()
    name = queues.server.function({"app.py": SENDS}, Environment={"Variables": {"NAME": queue.split(":")[5]}})
    queues.server.client().invoke(FunctionName=name)
    eventually(lambda: queues.left(queue) == 1, "a message")


SENDS = """
import boto3, os
def handler(event, context):
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=os.environ["NAME"])["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="from inside")
"""
