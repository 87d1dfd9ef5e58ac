"""Sampled invocations as OpenTelemetry's spans."""

from __future__ import annotations

import pytest
from traced import OVERHEAD, PARENT, SEGMENT, SERVICE, START_MS, ids, told

from lambdad.domain.outcome import Status
from lambdad.telemetry.tracing.spans import request_of, spans_of


def tree(one):
    """Name, name of the parent and times (ms from the start) of each span."""
    spans = spans_of(one, ids())
    names = {span["spanId"]: span["name"] for span in spans}
    assert len(names) == len(spans)
    assert {span["traceId"] for span in spans} == {"5759e988bd862e3fe1be46a994272793"}

    def ms(span, key):
        return (int(span[key]) - START_MS * 1_000_000) / 1e6

    return [
        (
            span["name"],
            names.get(span.get("parentSpanId"), span.get("parentSpanId")),
            ms(span, "startTimeUnixNano"),
            ms(span, "endTimeUnixNano"),
        )
        for span in spans
    ]


def test_a_warm_call_waits_and_runs():
    assert tree(told()) == [("hello", None, -5, 50), ("assign", "hello", -5, 0), ("run", "hello", 0, 50)]


def test_a_cold_one_has_an_init_and_extensions_go_on_after_the_answer():
    assert tree(told(parent=PARENT, init_ms=3.0, spans=(OVERHEAD,))) == [
        ("hello", PARENT, -5, 50),
        ("assign", "hello", -5, 0),
        ("init", "assign", -3, 0),
        ("run", "hello", 0, 40),
        ("answer", "hello", 40, 50),
    ]


def test_what_the_function_traces_itself_finds_its_place():
    spans = {span["name"]: span for span in spans_of(told(), ids())}
    assert (spans["hello"]["spanId"], spans["run"]["spanId"]) == (SERVICE, SEGMENT)


@pytest.mark.parametrize(
    ("status", "error_type", "message"),
    [(Status.TIMEOUT, "Sandbox.Timedout", "Sandbox.Timedout"), (Status.ERROR, None, "error")],
)
def test_a_failure_is_said_of_the_call_and_of_its_run(status, error_type, message):
    spans = spans_of(told(status=status, error_type=error_type), ids())
    failed = {span["name"]: span["status"] for span in spans if "status" in span}
    assert failed == {name: {"code": 2, "message": message} for name in ("hello", "run")}


def test_a_request_says_once_whose_spans_they_are():
    (resource,) = request_of([told(), told(init_ms=3.0)], ids())["resourceSpans"]
    about = {one["key"]: one["value"] for one in resource["resource"]["attributes"]}
    assert about["service.name"] == about["faas.name"] == {"stringValue": "hello"}
    assert about["faas.max_memory"] == {"intValue": str(128 * 1024 * 1024)}
    (scope,) = resource["scopeSpans"]
    assert scope["scope"]["name"] == "lambdad"
    whole = [span for span in scope["spans"] if span["name"] == "hello"]
    cold = [{one["key"]: one["value"] for one in span["attributes"]}["faas.coldstart"] for span in whole]
    assert cold == [{"boolValue": False}, {"boolValue": True}]
    assert [span["kind"] for span in whole] == [2, 2]
