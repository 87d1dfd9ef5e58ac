"""The companion as SQS: the suite of queues on the endpoint of the server itself, no service configured."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from calling import started
from event_calls import APP, send, treat
from queue_calls import Queues, eventually
from test_sources_sqs import (
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
