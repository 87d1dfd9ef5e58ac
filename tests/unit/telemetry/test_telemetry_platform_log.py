"""Platform lines exactly as AWS writes them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.domain.limits import LOG_TAIL_BYTES
from lambdad.domain.outcome import Status
from lambdad.domain.platform_log import (
    InvocationRecord,
    LogLine,
    lines_of,
    tail_of,
)

ID = "8f5a2d1c-3c6b-4b43-9d0f-5d2f0d2a7f11"
START_MS = 1_795_403_120_123
RECORD = InvocationRecord(ID, "$LATEST", START_MS, START_MS + 4, 3.007, 4, 128, 36)
REPORT = (
    f"REPORT RequestId: {ID}\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 36 MB\t"
)


def report(record: InvocationRecord) -> str:
    return lines_of(record)[-1].message


def test_an_invocation_is_start_its_lines_end_and_report() -> None:
    printed = [LogLine(START_MS + 1, "hello\n"), LogLine(START_MS + 2, "[INFO]\tbye\n")]
    assert lines_of(RECORD._replace(lines=printed)) == [
        (START_MS, f"START RequestId: {ID} Version: $LATEST\n"),
        *printed,
        (START_MS + 4, f"END RequestId: {ID}\n"),
        (START_MS + 4, f"{REPORT}\n"),
    ]


def test_the_first_report_of_an_environment_has_its_init() -> None:
    assert report(RECORD._replace(init_ms=110.1)) == f"{REPORT}Init Duration: 110.10 ms\t\n"


@pytest.mark.parametrize(
    ("status", "error_type", "ending"),
    [
        (Status.SUCCESS, None, ""),
        (Status.TIMEOUT, None, "Status: timeout"),
        (Status.TIMEOUT, "Sandbox.Timedout", "Status: timeout"),
        (Status.ERROR, None, ""),  # a handler's own error
        (Status.ERROR, "Runtime.OutOfMemory", "Status: error\tError Type: Runtime.OutOfMemory"),
        (Status.FAILURE, "Runtime.ExitError", "Status: error\tError Type: Runtime.ExitError"),
    ],
)
def test_a_failure_is_told_at_the_end_of_the_report(
    status: Status, error_type: str | None, ending: str
) -> None:
    assert report(RECORD._replace(status=status, error_type=error_type)) == f"{REPORT}{ending}\n"
    with_init = RECORD._replace(status=status, error_type=error_type, init_ms=84.0)
    assert report(with_init) == f"{REPORT}Init Duration: 84.00 ms\t{ending}\n"


@pytest.mark.parametrize(("sampled", "word"), [(True, "true"), (False, "false")])
def test_a_traced_invocation_has_a_second_line_in_its_report(sampled: bool, word: str) -> None:
    traced = RECORD._replace(
        trace_id="1-5d8bba5a-dc2932496a65bab91d2d42d4", segment_id="5ff79d2a06b82ad6", sampled=sampled
    )
    assert report(traced) == (
        f"{REPORT}\nXRAY TraceId: 1-5d8bba5a-dc2932496a65bab91d2d42d4\t"
        f"SegmentId: 5ff79d2a06b82ad6\tSampled: {word}\t\n"
    )


def test_a_long_invocation_whose_start_was_written_early_does_not_start_again() -> None:
    lines = lines_of(RECORD._replace(begun=True))
    assert [line.message.split()[0] for line in lines] == ["END", "REPORT"]


def test_in_the_json_format_start_and_report_are_events_and_there_is_no_end() -> None:
    printed = LogLine(START_MS + 1, '{"level":"INFO"}\n')
    record = RECORD._replace(
        system_level="INFO",
        init_ms=84.12345,
        status=Status.ERROR,
        error_type="Function.Oops",
        lines=[printed],
    )
    start, own, ended = lines_of(record)
    assert own == printed
    assert json.loads(start.message) == {
        "time": "2026-11-23T03:05:20.123Z",
        "type": "platform.start",
        "record": {"requestId": ID, "version": "$LATEST"},
    }
    assert json.loads(ended.message) == {
        "time": "2026-11-23T03:05:20.127Z",
        "type": "platform.report",
        "record": {
            "requestId": ID,
            "metrics": {
                "durationMs": 3.007,
                "billedDurationMs": 4,
                "memorySizeMB": 128,
                "maxMemoryUsedMB": 36,
                "initDurationMs": 84.123,
            },
            "status": "error",
            "errorType": "Function.Oops",
        },
    }


def test_a_short_tail_is_the_whole_log() -> None:
    record = RECORD._replace(lines=[LogLine(START_MS, "no newline"), LogLine(START_MS, "newline\n")])
    assert tail_of(record).decode() == (
        f"START RequestId: {ID} Version: $LATEST\nno newline\nnewline\nEND RequestId: {ID}\n{REPORT}\n"
    )


@given(st.lists(st.text(max_size=300), max_size=60))
def test_a_tail_is_the_end_of_the_log_and_no_more_than_4_kib(messages: list[str]) -> None:
    record = RECORD._replace(lines=[LogLine(START_MS, message) for message in messages])
    tail = tail_of(record)
    assert tail.endswith(f"{REPORT}\n".encode())
    whole = "".join(
        line.message if line.message.endswith("\n") else line.message + "\n" for line in lines_of(record)
    ).encode("utf-8", "replace")
    assert tail == whole[-LOG_TAIL_BYTES:]
