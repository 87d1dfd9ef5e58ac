"""The queue of asynchronous invocation seen and steered on a real server, by command and by operation."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from calling import call, started
from dead_letter_server import SmallSqs, small_sqs
from local_services import WITHIN_S, eventually

from tests.running import Server

APP = """
import os
def handler(event, context):
    if os.environ.get("BROKEN"):
        raise ValueError("broken")
    print("ran", event, context.aws_request_id)
"""
DEAD = "arn:aws:sqs:us-east-1:000000000000:dead"


def lambdad(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lambdad.cli.entry", "queue", *words, "--endpoint", server.url]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def steered(server: Server, *words: str) -> str:
    ran = lambdad(server, *words)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def queue_of(server: Server, function: str, qualifier: str | None = None) -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/queue") as answer:
        queues = json.load(answer)["queues"]
    found: list[dict[str, Any]] = [
        one for one in queues if (one["function"], one["qualifier"]) == (function, qualifier)
    ]
    assert len(found) == 1, queues
    return found[0]


def refused(server: Server, operation: str, body: bytes) -> tuple[int, str]:
    request = urllib.request.Request(f"{server.url}/lambdad/v1/queue/{operation}", body, method="POST")
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request)
    return error.value.code, json.load(error.value)["message"]


def send(server: Server, function: str, *events: Any) -> list[str]:
    """Invoke asynchronously; the request ids."""
    return [
        server.client().invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event))[
            "ResponseMetadata"
        ]["RequestId"]
        for event in events
    ]


@contextmanager
def with_sqs(tmp_path: Path) -> Iterator[tuple[Server, SmallSqs]]:
    """A server whose messages go to a small SQS."""
    with small_sqs() as (url, sqs):
        config = tmp_path / "lambdad.toml"
        config.write_text(f'[services.sqs]\nendpoint = "{url}"\n')
        with started(tmp_path / "data", "--config", str(config)) as server:
            yield server, sqs


def test_a_paused_function_runs_nothing_that_is_queued_until_it_is_resumed(tmp_path):
    with started(tmp_path / "data") as server:
        name = server.function({"app.py": APP})
        server.client().publish_version(FunctionName=name)
        assert steered(server, "pause", name) == f"{name}: paused\n"
        ids = send(server, name, "a", "b")
        send(server, f"{name}:1", "other")
        server.messages(name, until="ran other", within_s=WITHIN_S)
        assert call(server, name, "called").body is None, "synchronous calls run"
        now = queue_of(server, name)
        assert (now["events"], now["paused"], now["next_attempt_s"]) == (2, True, None)
        assert (now["since_start"]["received"], now["since_start"]["tried"]) == (2, 0)
        line = next(line for line in steered(server).splitlines() if line.startswith(f"queue\t{name}\t"))
        assert line.split("\t")[2:4] == ["paused", "2"]
        server.kill()
        again = server.again()
        try:
            assert (queue_of(again, name)["events"], queue_of(again, name)["paused"]) == (2, True)
            arn = again.client().get_function(FunctionName=name)["Configuration"]["FunctionArn"]
            assert steered(again, "resume", arn) == f"{name}: resumed\n"
            eventually(lambda: queue_of(again, name)["since_start"]["succeeded"] == 2)
            logged = "".join(again.messages(name, until=ids[1], within_s=WITHIN_S))
            assert f"ran a {ids[0]}" in logged
            assert f"ran b {ids[1]}" in logged
            assert queue_of(again, name)["events"] == 0
        finally:
            assert again.stop() == 0


def test_purged_events_never_run_and_later_ones_do(shared_server: Server):
    name = shared_server.function({"app.py": APP})
    steered(shared_server, "pause", name)
    send(shared_server, name, *range(7))
    assert steered(shared_server, "purge", name) == f"{name}: removed 7 events\n"
    assert queue_of(shared_server, name)["events"] == 0
    steered(shared_server, "resume", name)
    send(shared_server, name, "later")
    logged = "".join(shared_server.messages(name, until="ran later", within_s=WITHIN_S))
    assert logged.count("ran ") == 1


def test_throttled_events_say_when_they_are_tried_again(shared_server: Server):
    client, name = shared_server.client(), shared_server.function({"app.py": APP})
    client.publish_version(FunctionName=name)
    client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1
    )
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)  # all is version 1's
    send(shared_server, name, "a")
    eventually(lambda: queue_of(shared_server, name)["since_start"]["refused"] >= 2)
    now = queue_of(shared_server, name)
    assert (now["events"], now["since_start"]["tried"]) == (1, 0)
    assert now["throttled_s"] > 0
    client.delete_function_concurrency(FunctionName=name)
    eventually(lambda: queue_of(shared_server, name)["since_start"]["succeeded"] == 1)
    client.delete_function(FunctionName=name)


def test_dead_letters_are_queued_again_under_their_request_id(tmp_path):
    with with_sqs(tmp_path) as (server, sqs):
        name = server.function(
            {"app.py": APP}, DeadLetterConfig={"TargetArn": DEAD}, Environment={"Variables": {"BROKEN": "1"}}
        )
        client = server.client()
        client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
        ids = send(server, name, *range(12))
        eventually(lambda: len(sqs.messages) == 12)
        foreign = sqs.answer("SendMessage", {"MessageBody": "somebody else's"})[1]["MessageId"]
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {}})
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.1})
        told = steered(server, "redrive", name)
        assert told.startswith(f"{name}: queued 12 events from {DEAD}; 1 left in it")
        eventually(lambda: queue_of(server, name)["since_start"]["succeeded"] == 12)
        assert [one["MessageId"] for one in sqs.messages.values()] == [foreign]
        logged = "".join(server.messages(name))
        assert all(f"ran {number} {ids[number]}" in logged for number in range(12))


def test_what_cannot_be_delivered_is_shown_with_its_error(tmp_path):
    with with_sqs(tmp_path) as (server, sqs):
        sqs.refusing = True
        name = server.function({"app.py": APP})
        server.client().put_function_event_invoke_config(
            FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": DEAD}}
        )
        send(server, name, "a", "b")
        eventually(lambda: queue_of(server, name)["since_start"]["undelivered"] >= 2)
        line = next(line for line in steered(server).splitlines() if line.startswith("owed\t"))
        target, messages, attempts, _, error = line.split("\t")[1:]
        assert (target, messages) == (DEAD, "2")
        assert int(attempts) >= 1
        assert error.startswith("sqs answered 400")
        refusal = lambdad(server, "redrive", name)
        assert "has no dead-letter queue" in refusal.stderr
        sqs.refusing = False
        eventually(lambda: len(sqs.messages) == 2)
        eventually(lambda: "owed\t" not in steered(server))


def test_wrong_requests_are_refused_precisely(shared_server: Server):
    for operation in ("pause", "resume", "purge", "redrive"):
        assert refused(shared_server, operation, b'{"function":"nobody-is-here"}')[0] == 404
        assert refused(shared_server, operation, b'{"function":"no name!"}')[0] == 400
        status, message = refused(shared_server, operation, b"[")
        assert (status, message) == (400, 'The body must be {"function": "name, name:qualifier or ARN"}.')
    topic = "arn:aws:sns:us-east-1:000000000000:t"
    name = shared_server.function({"app.py": APP}, DeadLetterConfig={"TargetArn": topic})
    status, message = refused(shared_server, "redrive", json.dumps({"function": name}).encode())
    assert status == 400
    assert "only SQS queues can be redriven" in message


def test_a_function_cannot_steer_queues(shared_server: Server):
    source = """
import os, urllib.error, urllib.request
def handler(event, context):
    url = os.environ["AWS_ENDPOINT_URL"] + "/lambdad/v1/queue/purge"
    try:
        urllib.request.urlopen(urllib.request.Request(url, b'{"function":"f"}', method="POST"))
    except urllib.error.HTTPError as error:
        return error.code
"""
    assert call(shared_server, shared_server.function({"app.py": source})).body == 403
