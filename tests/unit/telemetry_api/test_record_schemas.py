"""One event, as the Telemetry API and both schemas of the Logs API have it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from lambdad.domain import platform_events as events
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import PlatformEvent
from lambdad.worker.telemetry_api.schemas import render

AT = 1_795_403_120_123
TIME = "2026-11-23T03:05:20.123Z"
NEW = ("telemetry", "2025-01-29")
OLD = ("logs", "2020-08-15")
OLD_WITH_DONE = ("logs", "2021-03-18")

REPORT = events.report(AT, request_id="r", metrics={"durationMs": 1.5}, status=Status.SUCCESS)
DONE = events.runtime_done(AT, request_id="r", status=Status.ERROR, duration_ms=1.0, produced_bytes=3)
INIT = events.init_report(
    AT, initialization_type="on-demand", phase="init", status=Status.SUCCESS, duration_ms=1.0
)


def told(form: tuple[str, str], event: PlatformEvent) -> Any:
    text = render(*form, event.time_ms, event.type, event.record)
    return None if text is None else json.loads(text)


def test_the_telemetry_api_has_the_whole_event() -> None:
    assert told(NEW, REPORT) == {"time": TIME, "type": "platform.report", "record": REPORT.record}


def test_the_logs_api_has_the_older_members_of_it() -> None:
    assert told(OLD, REPORT) == {
        "time": TIME,
        "type": "platform.report",
        "record": {"requestId": "r", "metrics": {"durationMs": 1.5}},
    }
    assert told(OLD_WITH_DONE, DONE)["record"] == {"requestId": "r", "status": "error"}


@pytest.mark.parametrize(
    ("event", "forms"),
    [
        (INIT, [NEW]),
        (DONE, [NEW, OLD_WITH_DONE]),
        (REPORT, [NEW, OLD, OLD_WITH_DONE]),
        (events.start(AT, "r", "1"), [NEW, OLD, OLD_WITH_DONE]),
        (events.end(AT, "r"), [OLD, OLD_WITH_DONE]),
        (events.fault(AT, "it broke"), [OLD, OLD_WITH_DONE]),
        (events.extension(AT, "x", "Ready", []), [NEW, OLD, OLD_WITH_DONE]),
        (events.subscription(AT, "telemetry", "x", ["platform"]), [NEW]),
        (events.subscription(AT, "logs", "x", ["platform"]), [OLD, OLD_WITH_DONE]),
        (events.logs_dropped(AT, dropped_records=1, dropped_bytes=2, reason="r"), [NEW, OLD, OLD_WITH_DONE]),
    ],
)
def test_each_schema_knows_its_events(event: PlatformEvent, forms: list[tuple[str, str]]) -> None:
    assert [form for form in (NEW, OLD, OLD_WITH_DONE) if told(form, event) is not None] == forms


def test_a_fault_is_told_as_text() -> None:
    assert told(OLD, events.fault(AT, "it broke"))["record"] == "it broke"


@pytest.mark.parametrize("form", [NEW, OLD])
def test_what_is_printed_is_text(form: tuple[str, str]) -> None:
    text = render(*form, AT, "function", 'quote " and é\n')
    assert json.loads(text or b"") == {"time": TIME, "type": "function", "record": 'quote " and é\n'}


def test_a_printed_object_is_an_object_for_telemetry_and_text_for_the_older_api() -> None:
    printed = msgspec.Raw(b'{"level": "INFO"}')
    assert json.loads(render(*NEW, AT, "function", printed) or b"")["record"] == {"level": "INFO"}
    assert json.loads(render(*OLD, AT, "function", printed) or b"")["record"] == '{"level": "INFO"}'
