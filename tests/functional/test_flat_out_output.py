"""A function that prints lines by the hundred thousand flat out: every line in the log in order, or told as dropped."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from calling import call, failed

from tests.running import Server

SOURCE = r"""
import os, sys
def handler(event, context):
    while event["how"] == "without end":
        os.write(1, b"x" * 65536)
    write = sys.stdout.buffer.write if event["how"] == "blocks" else None
    if write is None:
        for number in range(event["n"]):
            print(number)
    else:
        for start in range(0, event["n"], 1000):
            write(b"".join(b"%d\n" % number for number in range(start, start + 1000)))
        sys.stdout.buffer.flush()
"""


AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=test/20261123/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=00"
)


def page_of(connection: http.client.HTTPConnection, query: dict[str, Any]) -> dict[str, Any]:
    """One GetLogEvents call; boto3 takes ten times as long to read a million events."""
    headers = {
        "X-Amz-Target": "Logs_20140328.GetLogEvents",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": AUTHORIZATION,
    }
    connection.request("POST", "/", json.dumps(query), headers)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return json.loads(body)  # type: ignore[no-any-return]


def events_once(server: Server, name: str, ended_by: str) -> Iterator[str]:
    """Every message of a function's only stream, in order, once its last one is there."""
    group = f"/aws/lambda/{name}"
    (stream,) = server.client("logs").describe_log_streams(logGroupName=group)["logStreams"]
    query = {"logGroupName": group, "logStreamName": stream["logStreamName"]}
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    deadline = time.monotonic() + 60
    while ended_by not in page_of(connection, {**query, "limit": 1})["events"][-1]["message"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    query |= {"startFromHead": True, "limit": 10_000}
    while (page := page_of(connection, query))["events"]:
        yield from (event["message"] for event in page["events"])
        query["nextToken"] = page["nextForwardToken"]
    connection.close()


def dropped_by(message: str) -> int:
    """How many lines a line of the platform says are missing."""
    if told := re.match(r"LAMBDAD dropped (\d+) log line", message):
        return int(told[1])
    return int(json.loads(message)["record"]["droppedRecords"]) if "platform.logsDropped" in message else 0


@pytest.mark.parametrize(
    ("how", "log_format", "lines"),
    [
        ("blocks", "JSON", 250_000),
        pytest.param("prints", "Text", 300_000, marks=pytest.mark.full),
    ],
)
def test_lines_printed_flat_out_are_in_the_log_in_order_or_counted(
    shared_server: Server, how: str, log_format: str, lines: int
) -> None:
    name = shared_server.function(
        {"app.py": SOURCE}, MemorySize=1769, Timeout=120, LoggingConfig={"LogFormat": log_format}
    )
    assert call(shared_server, name, {"n": lines, "how": how}).error is None
    next_number = shown = dropped = 0
    for message in events_once(shared_server, name, "REPORT" if log_format == "Text" else "platform.report"):
        if message[0].isdigit():
            assert int(message) >= next_number, "out of order or twice"
            next_number = int(message) + 1
            shown += 1
        else:
            dropped += dropped_by(message)
    assert shown > 0
    assert shown + dropped == lines
    with urllib.request.urlopen(f"http://127.0.0.1:{shared_server.port}/lambdad/v1/status") as answer:
        assert json.load(answer)["logs_lost"]["dropped"] >= dropped


def test_printing_without_a_newline_for_ever_ends_with_the_function(shared_server: Server) -> None:
    name = shared_server.function({"app.py": SOURCE}, MemorySize=1769, Timeout=1)
    failed(
        call(shared_server, name, {"how": "without end", "n": 0}),
        "Sandbox.Timedout",
        "RequestId: {id} Error: Task timed out after 1.00 seconds",
    )
    messages = shared_server.messages(name, until="REPORT", within_s=30)
    lengths = [len(message) for message in messages if message.startswith("x")]
    assert any("Status: timeout" in message for message in messages)
    assert sum(lengths) > 1024 * 1024
    assert max(lengths) == 256 * 1024
    assert len(lengths) <= sum(lengths) // (256 * 1024) + 3
    assert call(shared_server, name, {"how": "prints", "n": 1}).error is None
