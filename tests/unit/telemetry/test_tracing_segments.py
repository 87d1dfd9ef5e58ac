"""Sampled invocations as X-Ray's documents."""

from __future__ import annotations

import json

from traced import OVERHEAD, PARENT, SEGMENT, SERVICE, START_MS, TRACE, ids, told

from lambdad.domain.outcome import Status
from lambdad.telemetry.tracing.segments import HEADER, datagram, documents_of

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"


def test_the_service_and_below_it_the_function():
    service, function = documents_of(told(parent=PARENT), ids())
    assert service == {
        "id": SERVICE,
        "name": "hello",
        "trace_id": TRACE,
        "parent_id": PARENT,
        "start_time": (START_MS - 5) / 1000,
        "end_time": (START_MS + 50) / 1000,
        "http": {"response": {"status": 200}},
        "aws": {"request_id": "req-1"},
        "origin": "AWS::Lambda",
        "resource_arn": ARN,
    }
    parts = function.pop("subsegments")
    assert function == {
        "id": SEGMENT,
        "name": "hello",
        "trace_id": TRACE,
        "parent_id": SERVICE,
        "start_time": START_MS / 1000,
        "end_time": (START_MS + 50) / 1000,
        "aws": {"account_id": "000000000000", "function_arn": ARN, "resource_names": ["hello"]},
        "origin": "AWS::Lambda::Function",
    }
    assert [part["name"] for part in parts] == ["Invocation", "Overhead"]


def test_the_first_of_a_trace_has_no_parent():
    service, _ = documents_of(told(), ids())
    assert "parent_id" not in service


def test_the_first_of_an_environment_has_its_init():
    _, function = documents_of(told(init_ms=3.0, spans=(OVERHEAD,)), ids())
    times = {
        part["name"]: (
            round(part["start_time"] * 1000 - START_MS),
            round(part["end_time"] * 1000 - START_MS),
        )
        for part in function["subsegments"]
    }
    assert times == {"Initialization": (-3, 0), "Invocation": (0, 40), "Overhead": (40, 50)}
    assert len({part["id"] for part in function["subsegments"]}) == 3


def test_a_failure_is_a_fault_of_both():
    service, function = documents_of(told(status=Status.ERROR), ids())
    assert service["fault"] is function["fault"] is True
    assert [part.get("fault") for part in function["subsegments"]] == [True, None]


def test_the_daemon_gets_its_header_and_one_document():
    header, _, document = (datagram({"id": "x"}) or b"").partition(b"\n")
    assert header + b"\n" == HEADER
    assert json.loads(header) == {"format": "json", "version": 1}
    assert json.loads(document) == {"id": "x"}
    assert datagram({"id": "x" * 70_000}) is None
