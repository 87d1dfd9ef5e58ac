"""The companion as SQS, Kinesis and DynamoDB: the suites on the endpoint of the server itself, no service configured.

It drops shards once they are closed: splits are no part of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from calling import started
from event_calls import APP, send, treat
from local_services import eventually
from queue_calls import Queues
from shard_calls import KinesisStreams, TableStreams

from tests.real.queue_suite import *  # noqa: F403
from tests.real.stream_suite import (
    test_a_consumer_gets_what_is_put_in_order,  # noqa: F401
    test_a_mapping_that_was_disabled_goes_on_where_it_was,  # noqa: F401
    test_a_poison_record_is_found_by_halves_and_given_up,  # noqa: F401
    test_a_record_of_kinesis_reaches_the_function_as_on_aws,  # noqa: F401
    test_a_role_of_iam_must_be_allowed_to_read_the_stream,  # noqa: F401
    test_a_stream_that_is_missing_is_refused_and_one_that_goes_disturbs_no_other,  # noqa: F401
    test_only_what_passes_the_filters_is_seen,  # noqa: F401
    test_records_of_a_key_come_in_order_and_each_once,  # noqa: F401
    test_records_since_a_time_are_seen,  # noqa: F401
    test_the_newest_records_alone_are_seen_from_latest_on,  # noqa: F401
    test_the_state_of_a_window_goes_from_call_to_call,  # noqa: F401
    test_what_failed_comes_again_before_what_follows,  # noqa: F401
)
from tests.real.table_suite import *  # noqa: F403


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queues]:
    with started(tmp_path_factory.mktemp("companion") / "data") as server:
        yield Queues(server, server.url)


@pytest.fixture
def streams(queues: Queues) -> KinesisStreams:
    return KinesisStreams(queues.server, queues.url)


@pytest.fixture
def tables(queues: Queues) -> TableStreams:
    return TableStreams(queues.server, queues.url)


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
