"""What becomes of an event is told to destinations and dead-letter queues: as AWS words it, and for certain."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from calling import call
from event_calls import APP, arn_of, queue_of, send, treat
from local_services import LocalServices, eventually, server_with_services

from tests.running import Server

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
ENDS_BADLY = """
import os, time
def handler(event, context):
    if event == "hangs":
        time.sleep(10)
    if event == "dies":
        os._exit(3)
    raise ValueError("broken")
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, LocalServices]]:
    with server_with_services(tmp_path_factory.mktemp("told")) as made:
        yield made


@pytest.fixture(scope="module")
def server(both: tuple[Server, LocalServices]) -> Server:
    return both[0]


@pytest.fixture(scope="module")
def services(both: tuple[Server, LocalServices]) -> LocalServices:
    return both[1]


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    """A function that fails when it is told to; each test says how its events are treated."""
    made = server.function({"app.py": APP})
    server.client().publish_version(FunctionName=made)
    server.client().create_alias(FunctionName=made, Name="live", FunctionVersion="1")
    return made


def succeeded(request_id: str, arn: str, event: Any, version: str = "$LATEST") -> dict[str, Any]:
    """The record of a success, as AWS was seen to write it, without its time."""
    return {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": arn,
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": version},
        "responsePayload": {"id": request_id, "event": event},
    }


def timeless(record: dict[str, Any]) -> dict[str, Any]:
    assert TIME.fullmatch(record["timestamp"])
    return {key: value for key, value in record.items() if key != "timestamp"}


def failed_with(record: dict[str, Any], request_id: str, message: str) -> None:
    """Assert the record of an event that failed once and is not retried."""
    assert record["requestContext"]["requestId"] == request_id
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == message


def test_a_success_is_told_to_a_queue_as_by_aws(server: Server, services: LocalServices, name: str):
    queue = services.queue()
    treat(server, name, success=queue)
    request_id = send(server, name, {"n": 1.5})
    (message,) = services.messages(queue, 1)
    record = json.loads(message["Body"])
    assert timeless(record) == succeeded(request_id, arn_of(server, name), {"n": 1.5})
    assert list(record) == [
        *("version", "timestamp", "requestContext", "requestPayload", "responseContext", "responsePayload")
    ]
    assert "MessageAttributes" not in message
    assert message["Attributes"]["AWSTraceHeader"].startswith("Root=1-")


def test_a_payload_is_told_as_it_was_sent(server: Server, services: LocalServices, name: str):
    queue = services.queue()
    treat(server, name, success=queue)
    payload = '{ "amount": 1.50, "big": 12345678901234567890123, "é": "\\u00e9" }'.encode()
    server.client().invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    (message,) = services.messages(queue, 1)
    assert f'"requestPayload":{payload.decode()}' in message["Body"]


@pytest.mark.parametrize("how", ["raises", "hangs", "dies"])
def test_a_failure_is_told_with_what_a_synchronous_caller_would_see(
    server: Server, services: LocalServices, how: str
):
    queue = services.queue()
    function = server.function({"app.py": ENDS_BADLY}, Timeout=1)
    treat(server, function, failure=queue, MaximumRetryAttempts=0)
    request_id = send(server, function, how)
    (record,) = services.records(queue)
    seen = call(server, function, how)
    words = json.dumps(seen.body).replace(seen.request_id, request_id)
    same = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")  # when a timeout came
    assert same.sub("", json.dumps(record.pop("responsePayload"))) == same.sub("", words)
    assert timeless(record) == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id,
            "functionArn": arn_of(server, function),
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 1,
        },
        "requestPayload": how,
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
    }


def test_a_topic_gets_the_record_as_its_message(server: Server, services: LocalServices, name: str):
    topic, queue = services.topic()
    treat(server, name, success=topic, failure=topic, MaximumRetryAttempts=0)
    request_id = send(server, name, {"n": 1})
    (notification,) = services.records(queue)
    record = json.loads(notification["Message"])
    assert timeless(record) == succeeded(request_id, arn_of(server, name), {"n": 1})
    assert not notification.get("MessageAttributes")
    request_id = send(server, name, {"fail": "no"})
    (notification,) = services.records(queue)
    failed_with(json.loads(notification["Message"]), request_id, "no")


def test_a_bus_gets_the_record_in_lambdas_envelope(server: Server, services: LocalServices, name: str):
    bus, queue = services.bus()
    treat(server, name, success=bus, failure=bus, qualifier="live", MaximumRetryAttempts=0)
    arn = arn_of(server, name, "live")
    request_id = send(server, f"{name}:live", {"n": 1})
    (told,) = services.records(queue)
    assert (told["source"], told["account"], told["region"]) == ("lambda", "000000000000", "us-east-1")
    assert told["detail-type"] == "Lambda Function Invocation Result - Success"
    assert told["resources"] == [bus, arn]
    assert timeless(told["detail"]) == succeeded(request_id, arn, {"n": 1}, "1")
    request_id = send(server, f"{name}:live", {"fail": "no"})
    (told,) = services.records(queue)
    assert told["detail-type"] == "Lambda Function Invocation Result - Failure"
    failed_with(told["detail"], request_id, "no")


def test_a_function_gets_the_record_as_an_event_of_its_own(
    server: Server, services: LocalServices, name: str
):
    queue = services.queue()
    heir = server.function({"app.py": APP})
    treat(server, heir, success=queue)
    treat(server, name, success=arn_of(server, heir, "$LATEST").removesuffix(":$LATEST"))
    request_id = send(server, name, {"n": 1})
    (record,) = services.records(queue)
    told = record["requestPayload"]
    assert timeless(told) == succeeded(request_id, arn_of(server, name), {"n": 1})
    assert record["requestContext"]["requestId"] != request_id
    assert record["responsePayload"]["id"] == record["requestContext"]["requestId"]


def test_a_record_too_large_for_an_event_is_given_up_at_once(server: Server):
    large = server.function({"app.py": "def handler(event, context):\n    return 'x' * 2**20\n"})
    heir = server.function({"app.py": APP})
    treat(server, large, success=arn_of(server, heir))
    send(server, large)
    eventually(
        lambda: (queue_of(server, large) or {"since_start": {"given_up": 0}})["since_start"]["given_up"] == 1
    )
    assert queue_of(server, heir, "$LATEST") is None
    assert "the record has 1048" in server.log


def test_a_record_too_large_for_a_topic_arrives_without_payloads(server: Server, services: LocalServices):
    topic, queue = services.topic()
    function = server.function({"app.py": "def handler(event, context):\n    return 'x' * event\n"})
    treat(server, function, success=topic)
    request_id = send(server, function, 300_000)
    (notification,) = services.records(queue)
    told = json.loads(notification["Message"])
    assert told["requestContext"]["requestId"] == request_id
    assert told["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert not told.keys() & {"requestPayload", "responsePayload"}


def test_a_dead_letter_too_large_for_a_topic_keeps_no_other_waiting(server: Server, services: LocalServices):
    topic, queue = services.topic()
    function = server.function({"app.py": APP}, DeadLetterConfig={"TargetArn": topic})
    treat(server, function, MaximumRetryAttempts=0)
    send(server, function, {"fail": "no", "more": "x" * 300_000})
    eventually(lambda: (queue_of(server, function) or {"since_start": {}})["since_start"].get("given_up"))
    request_id = send(server, function, {"fail": "no"})
    (notification,) = services.records(queue)
    assert notification["MessageAttributes"]["RequestID"]["Value"] == request_id
    assert queue_of(server, function)["since_start"]["undelivered"] == 1


def test_a_bucket_gets_failures_under_the_functions_name(server: Server, services: LocalServices, name: str):
    bucket = services.bucket()
    treat(server, name, failure=f"arn:aws:s3:::{bucket}", MaximumRetryAttempts=0)
    request_id = send(server, name, {"fail": "no"})
    s3 = services.client("s3")
    (found,) = eventually(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"), "an object")
    day, moment = r"\d{4}/\d\d/\d\d", r"\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d"
    assert re.fullmatch(f"aws/lambda/async/{name}/{day}/{moment}-[0-9a-f-]{{36}}", found["Key"])
    kept = s3.get_object(Bucket=bucket, Key=found["Key"])
    failed_with(json.load(kept["Body"]), request_id, "no")


@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_a_dead_letter_is_the_event_with_what_happened_beside_it(
    server: Server, services: LocalServices, service: str
):
    """Both a destination and a dead-letter queue are told."""
    target, queue = services.topic() if service == "sns" else (services.queue(),) * 2
    records = services.queue()
    function = server.function({"app.py": APP}, DeadLetterConfig={"TargetArn": target})
    treat(server, function, failure=records, MaximumRetryAttempts=0)
    request_id = send(server, function, {"fail": "x" * 2000})
    (message,) = services.messages(queue, 1)
    if service == "sns":
        notification = json.loads(message["Body"])
        body = notification["Message"]
        attributes = {
            key: (one["Type"], one["Value"]) for key, one in notification["MessageAttributes"].items()
        }
    else:
        body = message["Body"]
        attributes = {
            key: (one["DataType"], one["StringValue"]) for key, one in message["MessageAttributes"].items()
        }
    assert json.loads(body) == {"fail": "x" * 2000}
    assert attributes == {
        "RequestID": ("String", request_id),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "x" * 1024),
    }
    failed_with(services.records(records)[0], request_id, "x" * 2000)


def test_a_destination_is_told_once_the_role_of_the_function_may_tell_it(
    server: Server, services: LocalServices
):
    iam, queue = server.client("iam"), services.queue("needs-permission")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    role = iam.create_role(
        RoleName="tells-nobody",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    name, other = server.function({"app.py": APP}, Role=role), server.function({"app.py": APP})
    for each in (name, other):
        treat(server, each, success=queue)
    refused = send(server, name, {"n": 1})
    eventually(lambda: (queue_of(server, name) or {}).get("since_start", {}).get("undelivered"), "a refusal")
    allowed = send(server, other, {"n": 2})  # the queue is as ready as before for who may use it
    (record,) = services.records(queue)
    assert record["requestContext"]["requestId"] == allowed
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue}
    iam.put_role_policy(
        RoleName="tells-nobody",
        PolicyName="tell",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    (record,) = services.records(queue)
    assert record["requestContext"]["requestId"] == refused


def test_what_is_told_while_the_services_are_down_arrives_when_they_are_up(
    server: Server, services: LocalServices
):
    queue = services.queue("kept-waiting")
    name, heir = server.function({"app.py": APP}), server.function({"app.py": APP})
    treat(server, heir, success=queue)
    treat(server, name, success=queue, failure=arn_of(server, heir), MaximumRetryAttempts=0)
    services.stop()
    ids = {send(server, name, {"n": number}) for number in range(5)}
    failing = send(server, name, {"fail": "no"})
    eventually(lambda: queue_of(server, name)["since_start"]["undelivered"] >= 5)
    eventually(
        lambda: queue_of(server, heir, "$LATEST"), "the failure told to a function, which needs no service"
    )
    services.start()
    services.queue("kept-waiting")
    records = services.records(queue, 6)
    assert {one["requestContext"]["requestId"] for one in records if "n" in one["requestPayload"]} == ids
    (of_heir,) = [one for one in records if "n" not in one["requestPayload"]]
    assert of_heir["requestPayload"]["requestContext"]["requestId"] == failing
    assert queue_of(server, name)["since_start"]["given_up"] == 0
