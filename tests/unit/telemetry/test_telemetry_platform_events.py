"""One value per platform event, told in three ways: text, JSON, telemetry."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain import platform_events as events
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import PlatformEvent
from lambdad.domain.platform_json import json_line, timestamp
from lambdad.domain.platform_levels import is_shown, level_of
from lambdad.domain.platform_log import InvocationRecord, LogLine, lines_of, report_event, shown
from lambdad.domain.platform_text import text_line

AT = 1_795_403_120_123
ARN = "arn:aws:lambda:us-east-1::runtime:07"


def init_start(**changes: object) -> PlatformEvent:
    facts: dict[str, object] = {
        "initialization_type": "on-demand",
        "phase": "init",
        "function_name": "hello",
        "function_version": "$LATEST",
        "runtime_version": "python:3.12.v38",
        "runtime_version_arn": ARN,
        "instance_id": "2026/11/23/[$LATEST]ab",
        "memory_bytes": 134_217_728,
    }
    facts.update(changes)
    return events.init_start(AT, **facts)  # type: ignore[arg-type]


def restore_start(version: str | None) -> PlatformEvent:
    return events.restore_start(
        AT,
        function_name="hello",
        function_version="1",
        runtime_version=version,
        runtime_version_arn=None if version is None else ARN,
        instance_id="ab",
        memory_bytes=134_217_728,
    )


def init_report(status: Status, kind: str = "on-demand", phase: str = "init", **more: str) -> PlatformEvent:
    return events.init_report(
        AT, initialization_type=kind, phase=phase, status=status, duration_ms=137.689, **more
    )


def init_runtime_done(status: Status) -> PlatformEvent:
    return events.init_runtime_done(AT, initialization_type="on-demand", phase="init", status=status)


def runtime_done(status: Status) -> PlatformEvent:
    return events.runtime_done(AT, request_id="r", status=status, duration_ms=1.0, produced_bytes=2)


def report(status: Status) -> PlatformEvent:
    return events.report(AT, request_id="r", metrics={"durationMs": 1.0}, status=status)


EXTENSION = events.extension(AT, "watcher", "Ready", ["INVOKE", "SHUTDOWN"])
BROKEN_EXTENSION = events.extension(AT, "watcher", "LaunchError", [], "Extension.LaunchError")
DROPPED = events.logs_dropped(AT, dropped_records=2, dropped_bytes=10, reason="why")

LEVELS = [
    (init_start(), "INFO"),
    (init_start(runtime_version=None), "DEBUG"),
    (init_runtime_done(Status.SUCCESS), "DEBUG"),
    (init_runtime_done(Status.ERROR), "WARN"),
    (init_report(Status.SUCCESS), "DEBUG"),
    (init_report(Status.SUCCESS, "provisioned-concurrency"), "INFO"),
    (init_report(Status.TIMEOUT), "WARN"),
    (restore_start("java:21.v1"), "INFO"),
    (restore_start(None), "DEBUG"),
    (events.restore_runtime_done(AT, Status.SUCCESS), "DEBUG"),
    (events.restore_runtime_done(AT, Status.ERROR, "Runtime.AfterRestoreError"), "WARN"),
    (events.restore_report(AT, Status.SUCCESS, 477.2), "INFO"),
    (events.restore_report(AT, Status.TIMEOUT, 10_000.0), "WARN"),
    (events.snap_start_off(AT, "Init left a thread"), "WARN"),
    (events.start(AT, "r", "$LATEST"), "INFO"),
    (runtime_done(Status.SUCCESS), "DEBUG"),
    (runtime_done(Status.TIMEOUT), "WARN"),
    (report(Status.SUCCESS), "INFO"),
    (report(Status.ERROR), "WARN"),
    (EXTENSION, "INFO"),
    (BROKEN_EXTENSION, "WARN"),
    (events.subscription(AT, "telemetry", "watcher", ["platform"]), "INFO"),
    (events.subscription(AT, "logs", "watcher", ["platform"]), "INFO"),
    (DROPPED, "WARN"),
    (events.end(AT, "r"), None),
    (events.fault(AT, "it broke"), None),
]


@pytest.mark.parametrize(("event", "level"), LEVELS)
def test_every_event_has_the_level_of_aws_table(event: PlatformEvent, level: str | None) -> None:
    assert level_of(event) == level


@pytest.mark.parametrize(
    ("system_level", "seen"),
    [("DEBUG", {"DEBUG", "INFO", "WARN"}), ("INFO", {"INFO", "WARN"}), ("WARN", {"WARN"})],
)
def test_a_json_log_shows_events_of_its_level_and_above(system_level: str, seen: set[str]) -> None:
    for event, level in LEVELS:
        assert is_shown(event, system_level) == (level in seen), event


@pytest.mark.parametrize(("event", "level"), LEVELS)
def test_an_event_is_one_line_of_json_with_aws_three_members(event: PlatformEvent, level: str | None) -> None:
    line = json_line(*event)
    assert line.endswith("\n") and line.count("\n") == 1
    assert json.loads(line) == {
        "time": "2026-11-23T03:05:20.123Z",
        "type": event.type,
        "record": event.record,
    }


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (init_start(), f"INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: {ARN}\n"),
        (init_start(phase="invoke"), None),
        (init_report(Status.SUCCESS), None),
        (
            init_report(Status.SUCCESS, phase="invoke"),
            "INIT_REPORT Init Duration: 137.69 ms\tPhase: invoke\n",
        ),
        (
            init_report(Status.SUCCESS, "provisioned-concurrency"),
            "INIT_REPORT Init Duration: 137.69 ms\tPhase: init\n",
        ),
        (init_report(Status.TIMEOUT), "INIT_REPORT Init Duration: 137.69 ms\tPhase: init\tStatus: timeout\n"),
        (
            init_report(Status.ERROR, error_type="Runtime.ImportModuleError"),
            "INIT_REPORT Init Duration: 137.69 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError\n",
        ),
        (
            init_report(Status.ERROR, phase="invoke"),
            "INIT_REPORT Init Duration: 137.69 ms\tPhase: invoke\tStatus: error\n",
        ),
        (
            restore_start("java:21.v1"),
            f"RESTORE_START Runtime Version: java:21.v1\tRuntime Version ARN: {ARN}\n",
        ),
        (
            events.snap_start_off(AT, "Init left a thread"),
            "LAMBDAD SnapStart is off for this version: Init left a thread\n",
        ),
        (
            events.restore_report(AT, Status.SUCCESS, 477.2),
            "RESTORE_REPORT Restore Duration: 477.20 ms\n",
        ),
        (
            events.restore_report(AT, Status.TIMEOUT, 10_000.0),
            "RESTORE_REPORT Restore Duration: 10000.00 ms\tStatus: timeout\n",
        ),
        (EXTENSION, "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE, SHUTDOWN]\n"),
        (
            BROKEN_EXTENSION,
            "EXTENSION\tName: watcher\tState: LaunchError\tEvents: []\tError Type: Extension.LaunchError\n",
        ),
        (
            events.subscription(AT, "telemetry", "watcher", ["platform", "function"]),
            "TELEMETRY\tName: watcher\tState: Subscribed\tTypes: [Platform, Function]\n",
        ),
        (
            events.subscription(AT, "logs", "watcher", ["extension"]),
            "LOGS\tName: watcher\tState: Subscribed\tTypes: [Extension]\n",
        ),
        (DROPPED, "LAMBDAD dropped 2 log lines (10 bytes): why\n"),
        (runtime_done(Status.ERROR), None),
        (init_runtime_done(Status.SUCCESS), None),
        (events.fault(AT, "it broke"), None),
    ],
)
def test_a_text_log_tells_events_in_aws_words(event: PlatformEvent, text: str | None) -> None:
    assert text_line(event) == text
    assert shown(event, None) == ([] if text is None else [(AT, text)])


def test_members_without_a_value_are_left_out() -> None:
    assert init_start(runtime_version=None).record == {
        "initializationType": "on-demand",
        "phase": "init",
        "functionName": "hello",
        "functionVersion": "$LATEST",
        "instanceId": "2026/11/23/[$LATEST]ab",
        "instanceMaxMemory": 134_217_728,
    }
    without = events.runtime_done(
        AT, request_id="r", status=Status.TIMEOUT, duration_ms=3000.1239, produced_bytes=None
    )
    assert without.record == {
        "requestId": "r",
        "metrics": {"durationMs": 3000.124},
        "status": "timeout",
    }


def test_a_runtime_done_has_the_spans_of_its_answer() -> None:
    event = events.runtime_done(
        AT,
        request_id="r",
        status=Status.SUCCESS,
        duration_ms=12.5,
        produced_bytes=9,
        spans=events.response_spans(AT, 10.0, 2.0, 0.5),
        tracing=events.tracing_of("1-5d8bba5a-dc29", "5ff79d2a06b82ad6", sampled=True),
    )
    assert event.record == {
        "requestId": "r",
        "metrics": {"durationMs": 12.5, "producedBytes": 9},
        "spans": [
            {"name": "responseLatency", "start": "2026-11-23T03:05:20.123Z", "durationMs": 10.0},
            {"name": "responseDuration", "start": "2026-11-23T03:05:20.133Z", "durationMs": 2.0},
            {"name": "runtimeOverhead", "start": "2026-11-23T03:05:20.135Z", "durationMs": 0.5},
        ],
        "tracing": {
            "type": "X-Amzn-Trace-Id",
            "value": "Root=1-5d8bba5a-dc29;Parent=5ff79d2a06b82ad6;Sampled=1",
        },
        "status": "success",
    }


RECORD = InvocationRecord("r", "$LATEST", AT, AT + 4, 3.007, 4, 128, 36, lines=[LogLine(AT, "own\n")])


@pytest.mark.parametrize(
    ("level", "status", "kinds"),
    [
        ("DEBUG", Status.SUCCESS, ["platform.start", "own", "platform.report"]),
        ("INFO", Status.SUCCESS, ["platform.start", "own", "platform.report"]),
        ("WARN", Status.SUCCESS, ["own"]),
        ("WARN", Status.TIMEOUT, ["own", "platform.report"]),
    ],
)
def test_the_log_of_an_invocation_follows_the_system_level(
    level: str, status: Status, kinds: list[str]
) -> None:
    lines = lines_of(RECORD._replace(system_level=level, status=status))
    found = [
        line.message.strip() if line.message == "own\n" else json.loads(line.message)["type"]
        for line in lines
    ]
    assert found == kinds


def test_the_line_of_a_json_log_is_the_telemetry_event() -> None:
    record = RECORD._replace(system_level="INFO", spans=(events.Span("extensionOverhead", AT + 3, 0.5),))
    told = json.loads(lines_of(record)[-1].message)
    event = report_event(record)
    assert told == {"time": timestamp(event.time_ms), "type": event.type, "record": event.record}
    assert told["record"]["spans"][0]["name"] == "extensionOverhead"


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_a_time_is_written_to_the_millisecond(time_ms: int) -> None:
    from datetime import UTC, datetime, timedelta

    parsed = datetime.strptime(timestamp(time_ms), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert parsed == datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=time_ms)
