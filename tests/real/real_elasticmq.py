"""ElasticMQ as SQS: the suite of queues, and destinations of functions."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from calling import started
from event_calls import APP, arn_of, send, treat
from queue_calls import Queues, eventually
from test_sources_sqs import (
    SIGNED,
    test_a_disabled_mapping_reads_nothing_and_an_enabled_one_does_again,
    test_a_function_that_feeds_its_own_queue_is_stopped,
    test_a_mapping_at_work_is_shown_with_lag_and_counts,
    test_a_message_reaches_the_function_as_on_aws_and_is_gone,
    test_a_queue_that_is_deleted_disturbs_no_other,
    test_a_role_of_iam_must_be_allowed_to_read_the_queue,
    test_many_messages_are_each_handled_once,
    test_messages_of_a_group_come_in_order,
    test_only_what_passes_the_filters_is_seen_and_all_is_deleted,
    test_queues_that_do_not_suit_are_refused_in_awss_words,
    test_what_failed_comes_again_and_what_did_not_does_not,
    test_what_fails_too_often_is_in_the_dead_letter_queue_of_the_queue,
)

from tests.real.servers import elasticmq

__all__ = [
    "test_a_disabled_mapping_reads_nothing_and_an_enabled_one_does_again",
    "test_a_function_that_feeds_its_own_queue_is_stopped",
    "test_a_mapping_at_work_is_shown_with_lag_and_counts",
    "test_a_message_reaches_the_function_as_on_aws_and_is_gone",
    "test_a_queue_that_is_deleted_disturbs_no_other",
    "test_a_role_of_iam_must_be_allowed_to_read_the_queue",
    "test_many_messages_are_each_handled_once",
    "test_messages_of_a_group_come_in_order",
    "test_only_what_passes_the_filters_is_seen_and_all_is_deleted",
    "test_queues_that_do_not_suit_are_refused_in_awss_words",
    "test_what_failed_comes_again_and_what_did_not_does_not",
    "test_what_fails_too_often_is_in_the_dead_letter_queue_of_the_queue",
]


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
