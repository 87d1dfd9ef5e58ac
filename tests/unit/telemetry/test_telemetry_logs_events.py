"""Events through the Logs API: limits, tokens both ways, patterns."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from logs_client import NOW_MS, LogsClient, LogsError

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.limits import (
    MAX_LOG_AGE_MS,
    MAX_LOG_AHEAD_MS,
    MAX_LOG_EVENT_BYTES,
    MAX_LOG_SPAN_MS,
    MAX_PUT_LOG_BYTES,
)
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import LogLine, StreamKey
from lambdad.telemetry.log_tokens import Bookmark, events_token, parse_events_token
from lambdad.telemetry.patterns.compiling import compile_pattern
from lambdad.telemetry.put_batch import judge

GROUP = "/aws/lambda/f"
STREAM = {"logGroupName": GROUP, "logStreamName": "s"}


async def made(logs: LogsClient) -> None:
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    await logs.call("CreateLogStream", **STREAM)


async def put(logs: LogsClient, *messages: str, at: int = NOW_MS) -> dict[str, Any]:
    events = [{"timestamp": at + index, "message": message} for index, message in enumerate(messages)]
    return await logs.call("PutLogEvents", **STREAM, logEvents=events)


async def refused(logs: LogsClient, operation: str, **params: Any) -> str:
    with pytest.raises(LogsError) as error:
        await logs.call(operation, **params)
    assert error.value.code == "InvalidParameterException"
    return error.value.message


def texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


@pytest.mark.asyncio
async def test_what_was_put_is_got(logs: LogsClient) -> None:
    await made(logs)
    assert (await put(logs, "one", "two 🦉")).keys() == {"nextSequenceToken"}
    answer = await logs.call("GetLogEvents", **STREAM)
    assert answer["events"] == [
        {"timestamp": NOW_MS, "message": "one", "ingestionTime": NOW_MS},
        {"timestamp": NOW_MS + 1, "message": "two 🦉", "ingestionTime": NOW_MS},
    ]


@pytest.mark.asyncio
async def test_what_a_function_wrote_can_be_read_at_once(logs: LogsClient) -> None:
    logs.store.write(StreamKey(Scope(), GROUP, "s"), [LogLine(NOW_MS, "just now")])
    assert texts(await logs.call("GetLogEvents", **STREAM)) == ["just now"]


@pytest.mark.asyncio
async def test_walking_forward_ends_with_the_same_token_and_goes_on_with_new_events(
    logs: LogsClient,
) -> None:
    await made(logs)
    await put(logs, *"abcde")
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = await logs.call("GetLogEvents", **STREAM, limit=2, startFromHead=True, **token)
        seen += texts(answer)
        if answer["nextForwardToken"] == token.get("nextToken"):
            break
        token = {"nextToken": answer["nextForwardToken"]}
    assert seen == list("abcde")
    assert answer["events"] == []
    await put(logs, "f", at=NOW_MS + 10)
    assert texts(await logs.call("GetLogEvents", **STREAM, startFromHead=True, **token)) == ["f"]


@pytest.mark.asyncio
async def test_walking_backward_from_the_newest_ends_with_the_same_token(logs: LogsClient) -> None:
    await made(logs)
    await put(logs, *"abcde")
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = await logs.call("GetLogEvents", **STREAM, limit=2, **token)
        seen = texts(answer) + seen
        if answer["nextBackwardToken"] == token.get("nextToken"):
            break
        token = {"nextToken": answer["nextBackwardToken"]}
    assert seen == list("abcde")


@pytest.mark.asyncio
async def test_one_may_turn_round_on_a_page_and_at_an_end(logs: LogsClient) -> None:
    await made(logs)
    await put(logs, *"abcd")
    middle = await logs.call("GetLogEvents", **STREAM, limit=2)
    assert texts(middle) == ["c", "d"]
    back = await logs.call("GetLogEvents", **STREAM, limit=2, nextToken=middle["nextBackwardToken"])
    assert texts(back) == ["a", "b"]
    again = await logs.call("GetLogEvents", **STREAM, limit=2, nextToken=back["nextForwardToken"])
    assert texts(again) == ["c", "d"]
    end = await logs.call("GetLogEvents", **STREAM, limit=2, nextToken=again["nextForwardToken"])
    turned = await logs.call("GetLogEvents", **STREAM, limit=2, nextToken=end["nextBackwardToken"])
    assert texts(turned) == ["c", "d"]
    begin = await logs.call("GetLogEvents", **STREAM, limit=2, nextToken=back["nextBackwardToken"])
    assert begin["events"] == []
    turned = await logs.call("GetLogEvents", **STREAM, limit=2, nextToken=begin["nextForwardToken"])
    assert texts(turned) == ["a", "b"]


@pytest.mark.asyncio
async def test_an_empty_stream_has_tokens_that_find_its_first_event(logs: LogsClient) -> None:
    await made(logs)
    empty = await logs.call("GetLogEvents", **STREAM, startFromHead=True)
    assert empty["events"] == []
    await put(logs, "first")
    answer = await logs.call("GetLogEvents", **STREAM, nextToken=empty["nextForwardToken"])
    assert texts(answer) == ["first"]


@pytest.mark.asyncio
async def test_the_end_of_a_range_is_outside_of_get_and_inside_of_filter(logs: LogsClient) -> None:
    await made(logs)
    await put(logs, *"abcd")
    span = {"startTime": NOW_MS + 1, "endTime": NOW_MS + 3}
    assert texts(await logs.call("GetLogEvents", **STREAM, **span)) == ["b", "c"]
    assert texts(await logs.call("FilterLogEvents", logGroupName=GROUP, **span)) == ["b", "c", "d"]


@pytest.mark.asyncio
async def test_an_answer_holds_at_most_a_megabyte(logs: LogsClient) -> None:
    await made(logs)
    for number in range(4):
        await put(logs, str(number) * 400_000, at=NOW_MS + number)
    newest = await logs.call("GetLogEvents", **STREAM)
    assert [text[0] for text in texts(newest)] == ["2", "3"]
    older = await logs.call("GetLogEvents", **STREAM, nextToken=newest["nextBackwardToken"])
    assert [text[0] for text in texts(older)] == ["0", "1"]
    found = await logs.pages("FilterLogEvents", "events", logGroupName=GROUP)
    assert [event["message"][0] for event in found] == ["0", "1", "2", "3"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "token", ["x", "f/12", "f//s", "c/0001/s", "f/-1/s", "f/٣/s", f"f/{'9' * 40}/s", "f/1/s/s"]
)
async def test_a_token_that_is_none_is_refused(logs: LogsClient, token: str) -> None:
    await made(logs)
    assert await refused(logs, "GetLogEvents", **STREAM, nextToken=token) == (
        "The specified nextToken is invalid."
    )
    assert await refused(logs, "FilterLogEvents", logGroupName=GROUP, nextToken=token) == (
        "The specified nextToken is invalid."
    )


@pytest.mark.asyncio
async def test_filtering_interleaves_the_streams_of_a_group_in_pages(logs: LogsClient) -> None:
    for number in range(9):
        key = StreamKey(Scope(), GROUP, f"{'xy'[number % 2]}/{number % 3}")
        logs.store.write(key, [LogLine(number, f"n {number}")])

    async def found(**params: Any) -> str:
        events = await logs.pages("FilterLogEvents", "events", logGroupName=GROUP, limit=2, **params)
        return "".join(event["message"][-1] for event in events)

    assert await found() == "012345678"
    assert await found(startFromHead=False) == "876543210"
    assert await found(logStreamNamePrefix="x/") == "02468"
    assert await found(logStreamNames=["x/0", "y/1"]) == "0167"
    assert await found(filterPattern='"n 4"') == "4"
    assert await found(filterPattern="n 4 nothing") == ""


@pytest.mark.asyncio
async def test_a_filtered_event_names_its_stream_and_has_an_id_of_its_own(logs: LogsClient) -> None:
    await made(logs)
    await put(logs, "a", "b")
    answer = await logs.call("FilterLogEvents", logGroupName=GROUP)
    assert answer["searchedLogStreams"] == []
    assert "nextToken" not in answer
    first, second = answer["events"]
    assert first["logStreamName"] == "s"
    assert len(first["eventId"]) == 56
    assert first["eventId"] < second["eventId"]


@pytest.mark.asyncio
async def test_names_and_prefix_of_streams_exclude_one_another(logs: LogsClient) -> None:
    await made(logs)
    message = await refused(
        logs, "FilterLogEvents", logGroupName=GROUP, logStreamNames=["s"], logStreamNamePrefix="s"
    )
    assert "mutually exclusive" in message


@pytest.mark.asyncio
async def test_events_too_old_or_too_new_are_left_out_and_counted(logs: LogsClient) -> None:
    await made(logs)
    times = [
        NOW_MS - MAX_LOG_AGE_MS - 2,
        NOW_MS - MAX_LOG_AGE_MS - 1,
        NOW_MS,
        NOW_MS + MAX_LOG_AHEAD_MS,
        NOW_MS + MAX_LOG_AHEAD_MS + 1,
    ]
    events = [{"timestamp": time, "message": str(index)} for index, time in enumerate(times)]
    answer = await logs.call("PutLogEvents", **STREAM, logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 2,
        "tooNewLogEventStartIndex": 4,
    }
    assert texts(await logs.call("GetLogEvents", **STREAM)) == ["2", "3"]


@pytest.mark.asyncio
async def test_a_batch_out_of_order_is_refused_whole(logs: LogsClient) -> None:
    await made(logs)
    events = [{"timestamp": NOW_MS, "message": "a"}, {"timestamp": NOW_MS - 1, "message": "b"}]
    assert await refused(logs, "PutLogEvents", **STREAM, logEvents=events) == (
        "Log events in a single PutLogEvents request must be in chronological order."
    )
    assert texts(await logs.call("GetLogEvents", **STREAM)) == []


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            [LogLine(NOW_MS, "x" * (MAX_LOG_EVENT_BYTES + 1))],
            f"Log event too large: {MAX_LOG_EVENT_BYTES + 1} bytes exceeds limit of {MAX_LOG_EVENT_BYTES}",
        ),
        (
            [LogLine(NOW_MS, "é" * (MAX_PUT_LOG_BYTES // 4 - 13))] * 2 + [LogLine(NOW_MS, "")],
            f"Upload too large: {MAX_PUT_LOG_BYTES + 26} bytes exceeds limit of {MAX_PUT_LOG_BYTES}",
        ),
        (
            [LogLine(NOW_MS - MAX_LOG_SPAN_MS - 1, "a"), LogLine(NOW_MS, "b")],
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ),
    ],
)
def test_a_batch_over_a_limit_is_refused_in_aws_words(lines: list[LogLine], reason: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        judge(lines, NOW_MS)
    assert str(error.value) == reason


def test_a_batch_just_at_its_limits_is_taken() -> None:
    full = [LogLine(NOW_MS, "x" * (MAX_PUT_LOG_BYTES // 2 - 26))] * 2
    assert judge(full, NOW_MS).lines == full
    day = [LogLine(NOW_MS - MAX_LOG_SPAN_MS, "a"), LogLine(NOW_MS, "b")]
    assert judge(day, NOW_MS).lines == day


def test_only_valid_events_count_for_the_span_of_a_batch() -> None:
    lines = [LogLine(NOW_MS - MAX_LOG_AGE_MS - 1, "old"), LogLine(NOW_MS, "now")]
    judged = judge(lines, NOW_MS)
    assert (list(judged.lines), judged.too_old_end, judged.too_new_start) == ([lines[1]], 1, None)


@pytest.mark.parametrize(
    ("pattern", "terms"),
    [
        ("", []),
        ("   ", []),
        ("ERROR", ["ERROR"]),
        ("ERROR  timeout_ms", ["ERROR", "timeout_ms"]),
        ('"Task timed out" ERROR', ["Task timed out", "ERROR"]),
        ('"a \\"quoted\\" \\\\ word"', ['a "quoted" \\ word']),
        ('"RequestId: 8f5a-2d"', ["RequestId: 8f5a-2d"]),
        ("größe", ["größe"]),
        ('a"b c"d', ["a", "b c", "d"]),
    ],
)
def test_a_pattern_of_terms_is_taken_apart(pattern: str, terms: list[str]) -> None:
    assert list(compile_pattern(pattern).needles) == terms


@pytest.mark.parametrize("character", [":", ",", "*", "@", "."])
def test_other_characters_must_be_quoted(character: str) -> None:
    with pytest.raises(InvalidParameter, match=re.escape(f"Invalid character(s) in term '{character}'")):
        compile_pattern(f"Status{character}")


@given(st.lists(st.text(max_size=5), max_size=4))
def test_any_text_can_be_quoted(words: list[str]) -> None:
    quoted = ['"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words]
    assert list(compile_pattern(" ".join(quoted)).needles) == [word for word in words if word.strip()]


@given(st.booleans(), st.none() | st.integers(1, 2**63 - 1))
def test_a_bookmark_survives_its_token(backward: bool, event_id: int | None) -> None:
    bookmark = Bookmark(backward, event_id)
    assert parse_events_token(events_token(bookmark)) == bookmark
