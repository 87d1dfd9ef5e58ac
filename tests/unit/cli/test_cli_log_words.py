"""What a log event says, in every form in which functions and the platform write."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdad.cli.log_words import (
    ERRORS_PATTERN,
    Level,
    ends_request,
    init_ms_of,
    is_failure,
    request_of,
    said,
)

STAMP = "2026-11-27T06:06:55.792Z"
ID = "8f5077ee-14f1-4e59-9bd0-1b2a3c4d5e6f"
REPORT = (
    f"REPORT RequestId: {ID}\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB\t"
    "Max Memory Used: 35 MB\t"
)


def platform(kind, **record):
    return json.dumps({"time": STAMP, "type": f"platform.{kind}", "record": record})


@pytest.mark.parametrize(
    ("message", "level", "text"),
    [
        (f"[ERROR]\t{STAMP}\t{ID}\tno such article", Level.ERROR, "no such article"),
        (f"[WARNING]\t{STAMP}\t{ID}\tlow\n", Level.WARN, "low\n"),
        (f"{STAMP}\t{ID}\tINFO\thello\n", Level.INFO, "hello\n"),
        ("[ERROR] ValueError: x\nTraceback", Level.ERROR, "ValueError: x\nTraceback"),
        ("DEBUG: details", Level.DEBUG, "details"),
        ("ERRORS are none", Level.PLAIN, "ERRORS are none"),
        ("a plain line", Level.PLAIN, "a plain line"),
        (f"START RequestId: {ID} Version: 3\n", Level.PLATFORM, f"START RequestId: {ID} Version: 3\n"),
        (f"{STAMP} {ID} Task timed out after 3.00 seconds", Level.ERROR, None),
        ("{not json", Level.PLAIN, "{not json"),
        ('{"answer": 42}', Level.PLAIN, '{"answer": 42}'),
    ],
)
def test_the_level_and_the_words_of_an_event(message, level, text):
    found = said(message)
    assert found.level is level
    assert found.text == (message if text is None else text)


def test_a_json_event_is_its_message_and_what_else_it_holds():
    found = said(
        json.dumps({"timestamp": STAMP, "level": "WARN", "message": "slow", "ms": 8, "by": {"a": 1}})
    )
    assert (found.level, found.text) == (Level.WARN, "slow")
    assert found.fields == (("ms", "8"), ("by", '{"a":1}'))


def test_the_error_of_a_json_event_follows_its_trace_when_the_message_says_something_else():
    event = {"level": "ERROR", "message": "rounding failed", "errorType": "ZeroDivisionError"}
    found = said(json.dumps({**event, "errorMessage": "division by zero", "stackTrace": ["  a\n    b\n"]}))
    assert found.text == "rounding failed"
    assert found.below == ("  a", "    b", "ZeroDivisionError: division by zero")


def test_an_error_without_a_level_is_an_error():
    found = said('{"errorType": "TypeError", "errorMessage": "x is not a function"}')
    assert (found.level, found.text) == (Level.ERROR, "TypeError: x is not a function")


@pytest.mark.parametrize(
    ("number", "level"), [(60, "ERROR"), (50, "ERROR"), (40, "WARN"), (30, "INFO"), (20, "DEBUG")]
)
def test_levels_may_be_the_numbers_of_pino(number, level):
    assert said(json.dumps({"level": number, "msg": "x"})).word == level


FAILURES = [
    f"[ERROR]\t{STAMP}\t{ID}\tno",
    f"[CRITICAL]\t{STAMP}\t{ID}\tno",
    f"{STAMP}\t{ID}\tERROR\tno",
    f"{STAMP}\t{ID}\tFATAL\tno",
    "Traceback (most recent call last):",
    f"{STAMP} {ID} Task timed out after 3.00 seconds",
    f"RequestId: {ID} Error: Runtime exited without providing a reason",
    REPORT + "Status: timeout",
    REPORT + "Status: error\tError Type: Runtime.ExitError",
    '{"level":"ERROR","message":"no"}',
    '{"level":"error","message":"no"}',
    '{"level":"Critical","message":"no"}',
    '{"level":50,"msg":"no"}',
    '{"level": 60, "msg": "no"}',
    '{"errorType":"TypeError","errorMessage":"no"}',
    platform("report", requestId=ID, metrics={}, status="timeout"),
    platform("initReport", status="error"),
    platform("runtimeDone", status="failure"),
]


@pytest.mark.parametrize("message", FAILURES)
def test_failures_are_told_and_the_pattern_that_asks_for_them_lets_them_through(message):
    assert is_failure(message)
    terms = [term.removeprefix("?").strip('"') for term in ERRORS_PATTERN.split(" ?")]
    assert any(term in message for term in terms)


@pytest.mark.parametrize(
    "message",
    [
        "no errors here",
        REPORT,
        f"{STAMP}\t{ID}\tINFO\tError count: 0",
        '{"level":"INFO","message":"ERROR"}',
        "{}",
    ],
)
def test_what_only_mentions_errors_is_none(message):
    assert not is_failure(message)


def test_a_request_begins_with_start_and_ends_with_report_in_both_formats():
    assert request_of(f"START RequestId: {ID} Version: $LATEST\n") == ID
    assert request_of(platform("start", requestId=ID, version="1")) == ID
    assert request_of(f"START RequestId: {ID}") == ID
    assert request_of("Start") is None
    assert ends_request(REPORT)
    assert ends_request(platform("report", requestId=ID))
    assert not ends_request(f"END RequestId: {ID}")


def test_the_init_of_a_cold_start_is_in_its_report():
    assert init_ms_of(REPORT + "Init Duration: 84.25 ms\t") == 84.25
    assert init_ms_of(platform("report", metrics={"initDurationMs": 84.25})) == 84.25
    assert init_ms_of(REPORT) is None
    assert init_ms_of("Init Duration: 3 ms") is None
    assert init_ms_of(platform("report", metrics=None)) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["level", "message", "errorType", "stackTrace", "stack", "type", "record", "status", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.text(max_size=100) | JSON.map(json.dumps))
def test_no_event_is_refused(message):
    said(message)
    request_of(message)
    init_ms_of(message)
