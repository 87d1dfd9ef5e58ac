"""Queues of SQS end to end: the same suite against a fake that is fast, and against ministack."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from calling import started
from local_services import LocalServices, eventually
from queue_calls import ACCOUNT, REGION, Queues

from tests.fakes.sqs_server import fault, sqs_server

SIGNED = {"LAMBDAD_SERVICES_SQS_CREDENTIALS": f"{ACCOUNT}:secret"}
REPORT = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}
FAILS_ONCE = """
import json
def handler(event, context):
    failed = []
    for record in event["Records"]:
        print("GOT", json.dumps({"request": context.aws_request_id, "record": record}))
        first = record["attributes"]["ApproximateReceiveCount"] == "1"
        if first and "throw" in record["body"]:
            raise ValueError("no")
        if first and "fail" in record["body"]:
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""
GOES_ROUND = """
import boto3, os
def handler(event, context):
    print("ROUND", event["Records"][0]["body"])
    boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody="again")
"""


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queues]:
    """The fake."""
    with sqs_server() as url:
        env = {"LAMBDAD_SERVICES_SQS_ENDPOINT": url}
        with started(tmp_path_factory.mktemp("fake") / "data", env=env | SIGNED) as server:
            yield Queues(server, url)


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queues]:
    folder = tmp_path_factory.mktemp("ministack")
    services = LocalServices(folder / "services")
    services.start()
    try:
        env = {"LAMBDAD_SERVICES_SQS_ENDPOINT": services.url}
        with started(folder / "data", env=env | SIGNED) as server:
            yield Queues(server, services.url)
    finally:
        services.stop()


@pytest.fixture(params=["queues", "ministack"])
def both(request: pytest.FixtureRequest) -> Queues:
    """Each of them."""
    found: Queues = request.getfixturevalue(request.param)
    return found


@pytest.fixture(params=["queues", pytest.param("ministack", marks=pytest.mark.full)])
def either(request: pytest.FixtureRequest) -> Queues:
    """The fake, and ministack for the short form of the suite."""
    found: Queues = request.getfixturevalue(request.param)
    return found


def test_a_message_reaches_the_function_as_on_aws_and_is_gone(both: Queues):
    queue, function = both.queue(), both.function()
    both.mapping(function, queue)
    attribute = {"n": {"DataType": "Number", "StringValue": "12.34"}}
    [sent] = both.send(queue, '{"a": 1}', MessageAttributes=attribute)
    [got] = both.got(function, 1)
    record = got["record"]
    assert record["messageId"] == sent
    assert (record["body"], record["eventSource"]) == ('{"a": 1}', "aws:sqs")
    assert (record["eventSourceARN"], record["awsRegion"]) == (queue, REGION)
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert set(record["attributes"]) == {
        *("ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp")
    }
    assert record["messageAttributes"]["n"] == {
        "stringValue": "12.34",
        "dataType": "Number",
        "stringListValues": [],
        "binaryListValues": [],
    }
    both.empty(queue)


def test_many_messages_are_each_handled_once(queues: Queues):
    queue, function = queues.queue(), queues.function()
    sent = queues.send(queue, *(str(number) for number in range(200)))
    queues.mapping(function, queue, BatchSize=10)
    got = queues.got(function, 200)
    assert sorted(one["record"]["messageId"] for one in got) == sorted(sent)
    queues.empty(queue)


def test_events_of_a_mapping_that_asks_for_it_are_counted_in_cloudwatch(queues: Queues):
    queue, function = queues.queue(), queues.function()
    queues.send(queue, *(str(number) for number in range(5)))
    uuid = queues.mapping(function, queue, MetricsConfig={"Metrics": ["EventCount"]})
    queues.got(function, 5)
    queues.empty(queue)

    def counted() -> dict[str, float]:
        now, found = time.time(), {}
        for name in ("PolledEventCount", "InvokedEventCount", "DeletedEventCount"):
            answer = queues.server.client("cloudwatch").get_metric_statistics(
                Namespace="AWS/Lambda",
                MetricName=name,
                Dimensions=[{"Name": "EventSourceMappingUUID", "Value": uuid}],
                StartTime=now - 600,
                EndTime=now + 60,
                Period=60,
                Statistics=["Sum"],
            )
            found[name] = sum(point["Sum"] for point in answer["Datapoints"])
        return found

    eventually(lambda: set(counted().values()) == {5.0})


def test_what_failed_comes_again_and_what_did_not_does_not(queues: Queues):
    queue, function = queues.queue(visibility_s=2), queues.function(FAILS_ONCE, Timeout=2)
    queues.mapping(function, queue, **REPORT)
    queues.send(queue, "fine", "fail")
    got = queues.got(function, 3)
    assert sorted(one["record"]["body"] for one in got) == ["fail", "fail", "fine"]
    queues.send(queue, "throw")
    got = queues.got(function, 5)
    counts = [one["record"]["attributes"]["ApproximateReceiveCount"] for one in got[3:]]
    assert counts == ["1", "2"]
    queues.empty(queue)


def test_what_fails_too_often_is_in_the_dead_letter_queue_of_the_queue(queues: Queues):
    dead = queues.queue()
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": "2"})
    queue = queues.queue(visibility_s=1, RedrivePolicy=policy)
    function = queues.function("def handler(event, context): raise ValueError('always')\n", Timeout=1)
    mapping = queues.mapping(function, queue)
    queues.send(queue, "bad")
    queues.result(mapping, "PROBLEM: Function call failed")
    eventually(lambda: queues.left(dead) == 1, "a dead letter")
    assert queues.left(queue) == 0


def test_messages_of_a_group_come_in_order(either: Queues):
    queue, function = either.queue(fifo=True, visibility_s=2), either.function(FAILS_ONCE, Timeout=2)
    for number in range(12):
        body = json.dumps({"n": number, "do": "throw" if number == 5 else ""})
        either.sqs.send_message(
            QueueUrl=either.url_of(queue), MessageBody=body, MessageGroupId="ab"[number % 2]
        )
    either.mapping(function, queue, BatchSize=2)
    either.empty(queue)
    seen: dict[str, list[int]] = {"a": [], "b": []}
    for one in either.got(function, 12):
        attributes = one["record"]["attributes"]
        number = json.loads(one["record"]["body"])["n"]
        if number not in seen[attributes["MessageGroupId"]]:
            seen[attributes["MessageGroupId"]].append(number)
        assert attributes["SequenceNumber"]
    assert seen == {"a": list(range(0, 12, 2)), "b": list(range(1, 12, 2))}


def test_only_what_passes_the_filters_is_seen_and_all_is_deleted(queues: Queues):
    queue, function = queues.queue(), queues.function()
    pattern = json.dumps({"body": {"kind": ["keep"]}})
    queues.mapping(function, queue, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    queues.send(queue, '{"kind": "other"}', "no json", '{"kind": "keep", "last": true}')
    queues.empty(queue)
    assert [one["record"]["body"] for one in queues.got(function, 1)] == ['{"kind": "keep", "last": true}']


def test_a_disabled_mapping_reads_nothing_and_an_enabled_one_does_again(either: Queues):
    queue, function = either.queue(), either.function()
    uuid = either.mapping(function, queue)
    client = either.server.client()
    assert client.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    either.settled(uuid, "Disabled")
    either.send(queue, "a")
    time.sleep(0.3)
    assert either.left(queue) == 1
    assert client.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    assert either.got(function, 1)[0]["record"]["body"] == "a"
    either.settled(uuid, "Enabled")
    assert client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    listed = client.list_event_source_mappings
    eventually(lambda: not listed(EventSourceArn=queue)["EventSourceMappings"], "the end")


def test_queues_that_do_not_suit_are_refused_in_awss_words(either: Queues):
    client, function = either.server.client(), either.function(Timeout=30)
    short = either.queue(visibility_s=20)
    for queue, words in (
        (short, "Queue visibility timeout: 20 seconds is less than Function timeout: 30 seconds"),
        (f"{short}-missing", "SQS Error Code: AWS.SimpleQueueService.NonExistentQueue."),
    ):
        with pytest.raises(client.exceptions.InvalidParameterValueException, match=words):
            client.create_event_source_mapping(FunctionName=function, EventSourceArn=queue)
    assert client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"] == []


def test_a_function_that_feeds_its_own_queue_is_stopped(either: Queues):
    queue = either.queue(visibility_s=5)
    url = f"{either.server.url}/{ACCOUNT}/{queue.rpartition(':')[2]}"
    function = either.function(GOES_ROUND, Environment={"Variables": {"QUEUE": url}})
    uuid = either.mapping(function, queue, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    either.send(queue, "first")
    either.result(uuid, "recursive loop")

    def rounds() -> int:
        return sum(line.startswith("ROUND") for line in either.server.messages(function))

    eventually(lambda: rounds() >= 16, "the log of the last round")
    assert rounds() == 16
    either.server.client().update_event_source_mapping(UUID=uuid, Enabled=False)


# --- what only the fake does ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("down", "SQS Error Code: ServiceUnavailable"),
        ("garbage", "cannot be read"),
        ("denied", "does not have permissions to call ReceiveMessage on SQS"),
    ],
)
def test_trouble_is_told_and_over_without_a_restart(queues: Queues, mode: str, words: str):
    queue, function = queues.queue(), queues.function()
    uuid = queues.mapping(function, queue)
    queues.send(queue, "before")
    queues.got(function, 1)
    fault(queues.url, mode)
    try:
        queues.send(queue, "while")
        queues.result(uuid, words)
    finally:
        fault(queues.url, "")
    queues.got(function, 2)
    eventually(lambda: "LastProcessingResult" not in queues.shown(uuid), "no trouble")


def test_a_queue_that_is_deleted_disturbs_no_other(queues: Queues):
    function = queues.function()
    gone, there = queues.queue(), queues.queue()
    uuid = queues.mapping(function, gone)
    queues.mapping(function, there)
    queues.sqs.delete_queue(QueueUrl=queues.url_of(gone))
    queues.send(there, "a")
    assert queues.got(function, 1)[0]["record"]["eventSourceARN"] == there
    queues.send(there, *(str(number) for number in range(20)))
    queues.got(function, 21)
    assert queues.shown(uuid)["State"] == "Enabled"


def test_a_mapping_at_work_is_shown_with_lag_and_counts(queues: Queues):
    queue, function = queues.queue(), queues.function()
    uuid = queues.mapping(function, queue)
    queues.send(queue, *(str(number) for number in range(20)))
    queues.got(function, 20)
    queues.empty(queue)

    def found() -> dict[str, Any]:
        with urllib.request.urlopen(f"{queues.server.url}/lambdad/v1/mappings", timeout=30) as answer:
            listed = json.load(answer)["mappings"]
        return next(one for one in listed if one["uuid"] == uuid)

    eventually(lambda: found()["counts"]["deleted"] == 20, "all counted")
    shown = found()
    assert (shown["source"], shown["state"], shown["last_result"]) == (queue, "Enabled", "OK")
    assert (shown["waiting"], shown["running"], shown["counts"]["polled"]) == (0, 0, 20)
    assert shown["events_per_s"] > 0


def test_a_role_of_iam_must_be_allowed_to_read_the_queue(queues: Queues):
    iam, client = queues.server.client("iam"), queues.server.client()
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    name, queue = f"r-{time.monotonic_ns()}", queues.queue()
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    function = queues.function(Role=role)

    def allow(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)

    allow("sqs:ReceiveMessage", "sqs:GetQueueAttributes", "logs:*")
    words = "The function execution role does not have permissions to call DeleteMessage on SQS"
    with pytest.raises(client.exceptions.InvalidParameterValueException, match=words):
        client.create_event_source_mapping(FunctionName=function, EventSourceArn=queue)
    allow("sqs:*", "logs:*")
    uuid = queues.mapping(function, queue)
    queues.send(queue, "a")
    queues.got(function, 1)
    allow("sqs:DeleteMessage", "logs:*")
    queues.result(uuid, "does not have permissions to call ReceiveMessage on SQS")
    queues.send(queue, "b")
    allow("sqs:*", "logs:*")
    assert queues.got(function, 2)[1]["record"]["body"] == "b"


def test_queues_of_the_companion_are_polled_with_nothing_configured(tmp_path: Path):
    with started(tmp_path / "data") as server:
        queues = Queues(server, server.url)
        queue, function = queues.queue(), queues.function()
        queues.mapping(function, queue)
        [sent] = queues.send(queue, "a")
        assert queues.got(function, 1)[0]["record"]["messageId"] == sent
        queues.empty(queue)
