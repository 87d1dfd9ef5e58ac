"""Messages that are sent through the endpoint carry the trace of whoever sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambdad.domain.http import Caller, Request
from lambdad.domain.scope import Scope
from lambdad.neighbours.message_traces import with_trace

TRACE = "Root=1-0-0;Lineage=1:01234567:3"
MARK = {"DataType": "String", "StringValue": TRACE}


def request(body: object, operation: str = "SendMessage", trace: str = TRACE) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"x-amz-target": f"AmazonSQS.{operation}", "x-amzn-trace-id": trace}
    return Request("POST", "/", (), headers, raw, Caller(Scope()), "r", "http://x")


def members(made: Request) -> Any:
    return json.loads(made.body)


def test_a_message_is_marked():
    sent = members(with_trace(request({"QueueUrl": "q", "MessageBody": "b"})))
    assert sent == {"QueueUrl": "q", "MessageBody": "b", "MessageSystemAttributes": {"AWSTraceHeader": MARK}}


def test_every_message_of_a_batch_is_marked_but_those_that_have_a_trace():
    given = {"AWSTraceHeader": {"DataType": "String", "StringValue": "own"}}
    entries = [{"Id": "1"}, {"Id": "2", "MessageSystemAttributes": given}]
    sent = members(with_trace(request({"Entries": entries}, "SendMessageBatch")))["Entries"]
    assert sent[0]["MessageSystemAttributes"] == {"AWSTraceHeader": MARK}
    assert sent[1]["MessageSystemAttributes"] == given


@pytest.mark.parametrize(
    "untouched",
    [
        request({"QueueUrl": "q"}, "ReceiveMessage"),
        request({"QueueUrl": "q"}, trace=""),
        request({"QueueUrl": "q"}, trace="x" * 5_000),
        request(b"no json"),
        request(b"[1]"),
        request(b"[" * 50_000),
    ],
)
def test_other_requests_are_passed_on_as_they_are(untouched: Request):
    assert with_trace(untouched) is untouched


@pytest.mark.parametrize("body", [{"Entries": 7}, {"Entries": [7, None]}, {"MessageSystemAttributes": 7}])
def test_what_makes_no_sense_is_left_to_sqs(body: dict[str, Any]):
    assert members(with_trace(request(body))) == body
