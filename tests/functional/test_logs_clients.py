"""CloudWatch Logs by boto3 and the AWS CLI, unmodified: filters, subscriptions, Live Tail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError
from calling import ROOT, TOOLS_HINT

from tests.running import Server

AWS = ROOT / ".venv-awscli" / "bin" / "aws"
WITHIN_S = 15.0
SAY = {"app.py": "def handler(event, context):\n    print(event['say'])\n"}
UNPACK = {
    "app.py": (
        "import base64, gzip, json\n"
        "def handler(event, context):\n"
        "    told = json.loads(gzip.decompress(base64.b64decode(event['awslogs']['data'])))\n"
        "    print('told', told['logGroup'], [one['message'] for one in told['logEvents']])\n"
    )
}


def wait_for(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("it never came")


def say(server: Server, name: str, text: str) -> None:
    payload = json.dumps({"say": text}).encode()
    answer = server.client().invoke(FunctionName=name, Payload=payload)
    assert "FunctionError" not in answer


def group_arn(name: str) -> str:
    return f"arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/{name}"


@contextmanager
def tailing(server: Server) -> Iterator[Any]:
    """A client without the host prefix of StartLiveTail, as for any endpoint that is no AWS host."""
    config = Config(inject_host_prefix=False, retries={"max_attempts": 1}, read_timeout=WITHIN_S)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "secret"}
    client = boto3.client("logs", endpoint_url=server.url, region_name="us-east-1", config=config, **keys)
    try:
        yield client
    finally:
        client.close()


def followed(client: Any, name: str, **params: Any) -> Any:
    return client.start_live_tail(logGroupIdentifiers=[group_arn(name)], **params)["responseStream"]


def test_a_function_is_told_what_another_printed(shared_server: Server):
    talker, listener = shared_server.function(SAY), shared_server.function(UNPACK)
    logs, functions = shared_server.client("logs"), shared_server.client()
    say(shared_server, talker, "before")
    group = f"/aws/lambda/{talker}"
    wait_for(lambda: shared_server.messages(talker))
    subscription = {
        "logGroupName": group,
        "filterName": "orders",
        "filterPattern": '{ $.order.id > 1 && $.state = "paid*" }',
        "destinationArn": functions.get_function(FunctionName=listener)["Configuration"]["FunctionArn"],
    }
    with pytest.raises(ClientError, match="Make sure you have given CloudWatch Logs permission"):
        logs.put_subscription_filter(**subscription)
    functions.add_permission(
        FunctionName=listener,
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.us-east-1.amazonaws.com",
        SourceArn=f"{group_arn(talker)}:*",
        SourceAccount="000000000000",
    )
    logs.put_subscription_filter(**subscription)
    for number, state in ((1, "paid"), (2, "open"), (3, "paid up")):
        say(shared_server, talker, json.dumps({"order": {"id": number}, "state": state}))
    told = wait_for(
        lambda: [text for text in shared_server.messages(listener) if text.startswith(f"told {group}")]
    )
    assert told == [
        f"told {group} " + repr([json.dumps({"order": {"id": 3}, "state": "paid up"}) + "\n"]) + "\n"
    ]


def test_live_tail_shows_what_a_function_prints(shared_server: Server):
    name = shared_server.function(SAY)
    say(shared_server, name, "before")
    wait_for(lambda: shared_server.messages(name))
    with (
        tailing(shared_server) as client,
        closing(followed(client, name, logEventFilterPattern="%needle [0-9]+%")) as stream,
    ):
        events = iter(stream)
        assert "sessionStart" in next(events)
        for text in ("needle 1", "hay", "needle 22"):
            say(shared_server, name, text)
        found: list[str] = []
        while len(found) < 2:
            update = next(events)["sessionUpdate"]
            assert update["sessionMetadata"] == {"sampled": False}
            found += [result["message"].strip() for result in update["sessionResults"]]
        assert found == ["needle 1", "needle 22"]
        shared_server.client("logs").delete_log_group(logGroupName=f"/aws/lambda/{name}")
        with pytest.raises(EventStreamError, match="The specified log group does not exist"):
            for _ in events:
                pass


def test_a_server_does_not_wait_for_who_follows_it(own_server: Server):
    own_server.client("logs").create_log_group(logGroupName="/aws/lambda/x")
    with tailing(own_server) as client, closing(followed(client, "x")) as stream:
        events = iter(stream)
        assert "sessionStart" in next(events)
        own_server.process.send_signal(signal.SIGTERM)
        with pytest.raises(EventStreamError, match="The server is shutting down"):
            for _ in events:
                pass
    assert own_server.process.wait(WITHIN_S) == 0


@pytest.mark.full
def test_the_aws_cli_reads_and_filters(shared_server: Server):
    assert AWS.exists(), TOOLS_HINT
    name = shared_server.function(SAY)
    say(shared_server, name, json.dumps({"level": "ERROR", "ms": 12}))
    say(shared_server, name, "fine")
    group = f"/aws/lambda/{name}"
    wait_for(lambda: shared_server.messages(name))
    env = {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": shared_server.url,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }

    def aws(*arguments: str) -> Any:
        command = [str(AWS), "logs", *arguments, "--output", "json"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    found = aws("filter-log-events", "--log-group-name", group, "--filter-pattern", "{ $.ms >= 12 }")
    assert [json.loads(event["message"]) for event in found["events"]] == [{"level": "ERROR", "ms": 12}]
    stream = found["events"][0]["logStreamName"]
    got = aws("get-log-events", "--log-group-name", group, "--log-stream-name", stream)
    assert "fine\n" in [event["message"] for event in got["events"]]


def test_following_as_aws_logs_tail_does_shows_each_event_once(shared_server: Server):
    """The pinned CLI is of version 1, which has no `tail`; this is what version 2 asks, over and over."""
    name = shared_server.function(SAY)
    say(shared_server, name, "line 0")
    wait_for(lambda: shared_server.messages(name))
    pages = shared_server.client("logs").get_paginator("filter_log_events")
    asked = {"logGroupName": f"/aws/lambda/{name}", "filterPattern": "line -END", "interleaved": True}
    seen: dict[str, str] = {}
    newest = 0
    for number in range(1, 4):
        for page in pages.paginate(**asked, startTime=newest):
            for event in page["events"]:
                seen.setdefault(event["eventId"], event["message"].strip())
                newest = max(newest, event["timestamp"])
        assert list(seen.values()) == [f"line {earlier}" for earlier in range(number)]
        say(shared_server, name, f"line {number}")
