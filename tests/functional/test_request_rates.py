"""Ten calls a second for each that may run at once, on a real server; and events that nothing is reserved for."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call, client_of, started

from tests.running import Server

WITHIN_S = 60.0
MOST_CALLS = 2_000
MOST_TIMES = 50
HEADERS = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/lambda/aws4_request,"
    " SignedHeaders=host, Signature=00"
}
APP = """
def handler(event, context):
    print("ran", event)
    return "done"
"""
ABOUT_FAILURES = """
import json
def handler(event, context):
    print("told", json.dumps(event))
"""
RESERVED_RATE = "ReservedFunctionInvocationRateLimitExceeded"
ACCOUNT_RATE = "FunctionInvocationRateLimitExceeded"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose accounts may run one call at a time."""
    with started(tmp_path_factory.mktemp("rates") / "data", "--account-concurrency", "1") as server:
        yield server


def drain(server: Server, name: str) -> None:
    """Call one after the other, as fast as they are answered, until a call is refused."""
    with closing(HTTPConnection("127.0.0.1", server.port)) as line:
        for _ in range(MOST_CALLS):
            line.request("POST", f"/2015-03-31/functions/{name}/invocations", b"{}", HEADERS)
            answer = line.getresponse()
            answer.read()
            if answer.status == 429:
                return
    raise AssertionError(f"{MOST_CALLS} calls, and none was refused")


def refused(server: Server, name: str) -> dict[str, Any]:
    """Call until a call is refused; what boto3 makes of that answer, which repeats nothing here."""
    client = client_of(server)
    for _ in range(MOST_TIMES):
        drain(server, name)
        try:
            client.invoke(FunctionName=name)
        except ClientError as error:
            answer: dict[str, Any] = error.response
            return answer
    raise AssertionError(f"called {MOST_TIMES} times when there was no call left, and never refused")


def throttles(server: Server, name: str) -> dict[str, int]:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status") as answer:
        found = json.load(answer)["throttles"]
    return {one["reason"]: one["count"] for one in found if one["function"] == name}


def test_more_calls_than_ten_times_the_accounts_concurrency_are_refused_as_aws_does(small: Server):
    name = small.function({"app.py": APP})
    answer = refused(small, name)
    metadata = answer["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 429
    assert answer["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
    assert (answer["Reason"], answer["Type"]) == (ACCOUNT_RATE, "User")
    assert answer["retryAfterSeconds"] == metadata["HTTPHeaders"]["retry-after"] == "1"
    assert throttles(small, name)[ACCOUNT_RATE] >= 1


def test_the_account_shows_its_concurrency(small: Server):
    limits = small.client().get_account_settings()["AccountLimit"]
    assert (limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]) == (1, 1)


def test_status_shows_who_was_throttled_and_why(small: Server):
    name = small.function({"app.py": APP})
    refused(small, name)
    command = [sys.executable, "-m", "lambdad.cli.entry", "status", "--endpoint", small.url]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.split("\t") for line in shown.splitlines()]
    count = str(throttles(small, name)[ACCOUNT_RATE])
    assert [name, "000000000000", "us-east-1", ACCOUNT_RATE, count] in lines
    assert f"{name} is throttled: {ACCOUNT_RATE}" in small.log


def test_a_function_with_reserved_concurrency_has_a_rate_of_its_own_from_the_next_call_on(
    shared_server: Server,
):
    client = shared_server.client()
    name = shared_server.function({"app.py": APP})
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert refused(shared_server, name)["Reason"] == RESERVED_RATE
    client.delete_function_concurrency(FunctionName=name)
    for _ in range(15):
        assert call(shared_server, name).body == "done"


def test_events_are_accepted_and_run_at_any_rate(small: Server):
    client, name = small.client(), small.function({"app.py": APP})
    refused(small, name)
    for number in range(40):
        answer = client.invoke(FunctionName=name, InvocationType="Event", Payload=str(number))
        assert answer["StatusCode"] == 202
    assert client.invoke_async(FunctionName=name, InvokeArgs=b"40")["Status"] == 202
    for number in range(41):
        messages = small.messages(name, until=f"ran {number}\n", within_s=WITHIN_S)
        assert f"ran {number}\n" in messages
    assert small.log.count("events could not be read") == 0


def test_an_event_of_a_function_with_nothing_reserved_is_accepted_and_ends_without_running(
    shared_server: Server,
):
    client = shared_server.client()
    told = shared_server.function({"app.py": ABOUT_FAILURES})
    name = shared_server.function({"app.py": APP})
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    destination = client.get_function_configuration(FunctionName=told)["FunctionArn"]
    client.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": destination}}
    )
    answer = client.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 1}')
    assert answer["StatusCode"] == 202
    messages = shared_server.messages(told, until="told", within_s=WITHIN_S)
    record = next(json.loads(one.partition(" ")[2]) for one in messages if one.startswith("told"))
    assert record["requestContext"] == {
        "requestId": answer["ResponseMetadata"]["RequestId"],
        "functionArn": client.get_function_configuration(FunctionName=name)["FunctionArn"] + ":$LATEST",
        "condition": "ZeroReservedConcurrency",
        "approximateInvokeCount": 0,
    }
    assert record["requestPayload"] == {"n": 1}
    assert not {"responseContext", "responsePayload"} & set(record)
