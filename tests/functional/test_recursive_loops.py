"""Functions that call themselves through the SDK are stopped, unless they are allowed to."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request

import pytest
from calling import call, started

from tests.forms import sizes
from tests.running import Server

WITHIN_S = 60.0
ASKS_ITSELF = """
import http.client, json, os

def handler(event, context):
    depth = event["depth"] + 1
    if depth == event["most"]:
        return {"depth": depth}
    payload = json.dumps({**event, "depth": depth})
    if depth < event.get("sdk_from", 1):
        host = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
        line = http.client.HTTPConnection(host)
        path = f"/2015-03-31/functions/{context.function_name}/invocations"
        line.request("POST", path, payload, {"X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"]})
        return json.load(line.getresponse())
    import boto3
    client = boto3.client("lambda")
    try:
        answer = client.invoke(FunctionName=context.function_name, Payload=payload)
    except client.exceptions.RecursiveInvocationException as error:
        return {"depth": depth, "refused": error.response["Error"], "type": error.response["Type"],
                "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
    return json.load(answer["Payload"])
"""
"""Until `sdk_from` by hand, as the SDK does it, since every environment of a chain takes a second to import that."""

TELLS_ITSELF = """
import boto3, json

def handler(event, context):
    print("round", event["depth"], context.aws_request_id)
    if event["depth"] < event["most"]:
        event["depth"] += 1
        answer = boto3.client("lambda").invoke(
            FunctionName=context.function_name, InvocationType="Event", Payload=json.dumps(event))
        print("status", answer["StatusCode"])
"""
ABOUT_FAILURES = """
def handler(event, context):
    print("told", event["requestContext"]["condition"], event["requestContext"]["approximateInvokeCount"],
          event["requestPayload"])
"""
REFUSED = {
    "depth": 16,
    "refused": {
        "Code": "RecursiveInvocationException",
        "Message": "Lambda has detected your function being invoked in a recursive loop with other Amazon Web "
        "Services resources and stopped your function's invocation.",
    },
    "type": "User",
    "status": 400,
}


def allow(server: Server, name: str, choice: str = "Allow") -> None:
    server.client().put_function_recursion_config(FunctionName=name, RecursiveLoop=choice)


def stopped(server: Server) -> int:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/status") as answer:
        count: int = json.load(answer)["invocations"]["loops_stopped"]
    return count


def rounds(server: Server, name: str, last: int) -> int:
    """How often a function ran, once it has printed its last round and, in other environments, those before."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        messages = server.messages(name, until=f"round {last}", within_s=WITHIN_S)
        ran = sum(message.startswith("round") for message in messages)
        if ran >= last or time.monotonic() > deadline:
            assert any(f"round {last}" in message for message in messages), messages
            return ran
        time.sleep(0.05)


def in_a_chain(
    server: Server, name: str, before: int, path: str = "2015-03-31/functions/{}/invocations"
) -> int:
    """The status of a call whose header says that the function ran so often before."""
    answer = server.client().invoke(FunctionName=name, Payload=b'{"depth":0,"most":1}')
    trace = answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-trace-id"]
    assert trace.endswith(":0"), trace
    request = urllib.request.Request(
        f"{server.url}/{path.format(name)}",
        b'{"depth":0,"most":1}',
        {"X-Amzn-Trace-Id": f"{trace[:-1]}{before - 1}"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request) as found:
            found.read()
            status: int = found.status
    except urllib.error.HTTPError as error:
        status, kind = error.code, error.headers["x-amzn-ErrorType"]
    else:
        kind = None
    assert kind in (None, "RecursiveInvocationException")
    return status


@pytest.mark.parametrize("sdk_from", sizes(15, full=1))
def test_a_function_that_asks_itself_is_stopped_after_sixteen_unless_it_is_allowed(tmp_path, sdk_from):
    with started(tmp_path / "data") as server:
        name = server.function({"app.py": ASKS_ITSELF}, Timeout=60)
        event = {"depth": 0, "most": 18, "sdk_from": sdk_from}
        assert call(server, name, event).body == REFUSED
        assert stopped(server) == 1
        allow(server, name)
        assert call(server, name, event).body == {"depth": 18}
        server.kill()
        again = server.again()
        try:
            assert in_a_chain(again, name, 16) == 200, "what is allowed stays allowed"
            allow(again, name, "Terminate")
            assert in_a_chain(again, name, 16) == 400
            assert in_a_chain(again, name, 15) == 200
        finally:
            assert again.stop() == 0


def test_streamed_calls_are_stopped_as_well(shared_server: Server):
    name = shared_server.function({"app.py": ASKS_ITSELF})
    streamed = "2021-11-15/functions/{}/response-streaming-invocations"
    assert in_a_chain(shared_server, name, 15, streamed) == 200
    assert in_a_chain(shared_server, name, 16, streamed) == 400


def test_a_function_that_sends_itself_events_is_stopped_after_sixteen_and_that_is_told(shared_server: Server):
    server = shared_server
    told = server.function({"app.py": ABOUT_FAILURES})
    name = server.function({"app.py": TELLS_ITSELF}, Timeout=60)
    arn = server.client().get_function(FunctionName=told)["Configuration"]["FunctionArn"]
    server.client().put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    before = stopped(server)
    server.client().invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps({"depth": 1, "most": 20})
    )
    messages = server.messages(told, until="told", within_s=WITHIN_S)
    assert "told RetriesExhausted 0 {'depth': 17, 'most': 20}" in "".join(messages)
    assert rounds(server, name, 16) == 16
    assert stopped(server) == before + 1


@pytest.mark.full
def test_a_function_that_may_goes_on_sending_itself_events(shared_server: Server):
    name = shared_server.function({"app.py": TELLS_ITSELF}, Timeout=60)
    allow(shared_server, name)
    shared_server.client().invoke(
        FunctionName=name, InvocationType="Event", Payload=json.dumps({"depth": 1, "most": 20})
    )
    assert rounds(shared_server, name, 20) == 20


def test_a_function_created_anew_under_an_old_name_is_stopped_again(shared_server: Server):
    name = shared_server.function({"app.py": ASKS_ITSELF})
    allow(shared_server, name)
    assert in_a_chain(shared_server, name, 16) == 200
    shared_server.client().delete_function(FunctionName=name)
    shared_server.function({"app.py": ASKS_ITSELF}, FunctionName=name)
    assert in_a_chain(shared_server, name, 16) == 400
