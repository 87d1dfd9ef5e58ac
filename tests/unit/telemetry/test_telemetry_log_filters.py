"""Metric and subscription filters: kept as AWS keeps them, and what comes of events that match."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from logs_client import NOW_MS, LogsClient, LogsError

from lambdad.domain.limits import MAX_ASYNC_REQUEST_BYTES, MAX_FILTER_SERIES
from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import LogLine, StoredEvent, StreamKey
from lambdad.telemetry.filter_book import FilterBook
from lambdad.telemetry.measuring import SeriesBound
from lambdad.telemetry.patterns.compiling import compile_pattern
from lambdad.telemetry.subscription_events import events_for

GROUP = "/app/orders"
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"
NO_GROUP = ("ResourceNotFoundException", "The specified log group does not exist.")
MINUTE_MS = 60_000


@pytest.fixture
async def made(logs: LogsClient) -> AsyncIterator[LogsClient]:
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    await logs.call("CreateLogStream", logGroupName=GROUP, logStreamName="s")
    yield logs
    await logs.feed.close()


async def refused(logs: LogsClient, operation: str, **params: Any) -> tuple[str, str]:
    with pytest.raises(LogsError) as error:
        await logs.call(operation, **params)
    return error.value.code, error.value.message


def metric(pattern: str = "ERROR", name: str = "errors", **transformation: Any) -> dict[str, Any]:
    return {
        "logGroupName": GROUP,
        "filterName": name,
        "filterPattern": pattern,
        "metricTransformations": [
            {"metricNamespace": "App", "metricName": "m", "metricValue": "1"} | transformation
        ],
    }


def subscription(pattern: str = "", name: str = "sub", **params: Any) -> dict[str, Any]:
    given = {
        "logGroupName": GROUP,
        "filterName": name,
        "filterPattern": pattern,
        "destinationArn": FUNCTION,
    }
    return given | params


async def put(logs: LogsClient, *messages: str, stream: str = "s") -> None:
    events = [{"timestamp": NOW_MS + index, "message": message} for index, message in enumerate(messages)]
    await logs.call("PutLogEvents", logGroupName=GROUP, logStreamName=stream, logEvents=events)
    await asyncio.sleep(0)  # the store tells of it from its own thread


async def settled(logs: LogsClient) -> None:
    """Until the filters have seen everything."""
    await asyncio.sleep(0.01)
    await logs.feed.close()


async def test_a_metric_filter_is_described_as_aws_does(made: LogsClient):
    assert await made.call("PutMetricFilter", **metric(" ", defaultValue=0)) == {}
    assert (await made.call("DescribeMetricFilters", logGroupName=GROUP))["metricFilters"] == [
        {
            "filterName": "errors",
            "filterPattern": " ",
            "metricTransformations": [
                {"metricName": "m", "metricNamespace": "App", "metricValue": "1", "defaultValue": 0.0}
            ],
            "creationTime": NOW_MS,
            "logGroupName": GROUP,
            "applyOnTransformedLogs": False,
        }
    ]
    (group,) = (await made.call("DescribeLogGroups"))["logGroups"]
    assert group["metricFilterCount"] == 1
    assert await made.call("DeleteMetricFilter", logGroupName=GROUP, filterName="errors") == {}
    assert (await made.call("DescribeMetricFilters"))["metricFilters"] == []
    assert await refused(made, "DeleteMetricFilter", logGroupName=GROUP, filterName="errors") == (
        "ResourceNotFoundException",
        "The specified metric filter does not exist.",
    )


async def test_metric_filters_are_found_by_prefix_metric_and_page(made: LogsClient):
    await made.call("CreateLogGroup", logGroupName="/other")
    for name in ("b", "a", "ab"):
        await made.call("PutMetricFilter", **metric(name=name))
    await made.call("PutMetricFilter", **metric(name="a", metricName="n") | {"logGroupName": "/other"})
    pages = await made.pages("DescribeMetricFilters", "metricFilters", filterNamePrefix="a", limit=1)
    assert [(one["filterName"], one["logGroupName"]) for one in pages] == [
        *(("a", GROUP), ("a", "/other"), ("ab", GROUP))
    ]
    found = await made.call("DescribeMetricFilters", metricName="n", metricNamespace="App")
    assert [one["logGroupName"] for one in found["metricFilters"]] == ["/other"]
    assert (await refused(made, "DescribeMetricFilters", metricName="n"))[0] == "InvalidParameterException"
    assert await refused(made, "DescribeMetricFilters", logGroupName="none") == NO_GROUP


JSON_DIMENSIONS = {"dimensions": {"Path": "$.path"}}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (metric("{ $.a"), "If a filter pattern starts with '{' it must end with '}'"),
        (metric(**JSON_DIMENSIONS), "The specified filter pattern does not support dimensions"),
        (
            metric("{ $.a = 1 }", defaultValue=0, **JSON_DIMENSIONS),
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties",
        ),
        (
            metric("{ $.a = 1 }", dimensions=dict.fromkeys("abcd", "$.x")),
            "Invalid metric transformation: at most 3 dimensions are allowed",
        ),
        (
            metric(metricValue="x"),
            "Invalid metric transformation: value must be a number or a field reference",
        ),
        (
            metric(metricValue="$.x"),
            "Invalid metric transformation: $.x is no field of the filter pattern",
        ),
        (
            metric("[a, b]", metricValue="$c"),
            "Invalid metric transformation: $c is no field of the filter pattern",
        ),
    ],
)
async def test_a_metric_filter_that_cannot_measure_is_refused(
    made: LogsClient, params: dict[str, Any], words: str
):
    assert await refused(made, "PutMetricFilter", **params) == ("InvalidParameterException", words)


async def test_filters_are_bounded(made: LogsClient):
    for number in range(5):
        await made.call("PutMetricFilter", **metric(f"%a{number}%", name=f"x{number}"))
    exceeded = ("LimitExceededException", "Resource limit exceeded.")
    assert await refused(made, "PutMetricFilter", **metric("%b%", name="one-more")) == exceeded
    assert await refused(made, "PutSubscriptionFilter", **subscription("%b%")) == exceeded
    for number in range(95):
        await made.call("PutMetricFilter", **metric(name=f"y{number}"))
    assert await refused(made, "PutMetricFilter", **metric(name="one-more")) == exceeded
    await made.call("PutMetricFilter", **metric("changed", name="y1"))
    for name in ("a", "b"):
        await made.call("PutSubscriptionFilter", **subscription(name=name))
    assert await refused(made, "PutSubscriptionFilter", **subscription(name="c")) == exceeded
    await made.call("PutSubscriptionFilter", **subscription("changed", name="b"))


async def test_a_pattern_is_tried_out(made: LogsClient):
    messages = ["[ERROR] 400 BAD", "[INFO] 200 OK", "x ERROR y"]
    answer = await made.call("TestMetricFilter", filterPattern="ERROR", logEventMessages=messages)
    assert answer["matches"] == [
        {"eventNumber": 1, "eventMessage": "[ERROR] 400 BAD", "extractedValues": {}},
        {"eventNumber": 3, "eventMessage": "x ERROR y", "extractedValues": {}},
    ]
    answer = await made.call(
        "TestMetricFilter", filterPattern="[level, code, ...]", logEventMessages=["[INFO] 200 OK"]
    )
    assert answer["matches"][0]["extractedValues"] == {"$level": "INFO", "$code": "200", "$3": "OK"}


async def test_events_that_match_are_measured_at_their_own_time(made: LogsClient):
    await made.call("PutMetricFilter", **metric())
    await put(made, "an ERROR", "fine", "ERROR too")
    await settled(made)
    key = MetricKey(Scope(), "App", "m")
    assert made.metrics == [Datum(key, NOW_MS, (1.0,)), Datum(key, NOW_MS + 2, (1.0,))]


async def test_values_and_dimensions_come_out_of_the_event(made: LogsClient):
    given = {
        "metricValue": "$.ms",
        "unit": "Milliseconds",
        "dimensions": {"Path": "$.path", "Code": "$.code"},
    }
    await made.call("PutMetricFilter", **metric("{ $.ms = * }", **given))
    await put(
        made,
        '{"ms": 12.5, "path": "/a", "code": 200}',
        '{"ms": "7", "path": "/b", "code": 200}',
        '{"ms": "slow", "path": "/c", "code": 200}',
        '{"ms": 3, "path": "/no-code"}',
    )
    await settled(made)
    assert [(datum.key.dimensions, datum.values, datum.unit) for datum in made.metrics] == [
        ((("Code", "200"), ("Path", "/a")), (12.5,), "Milliseconds"),
        ((("Code", "200"), ("Path", "/b")), (7.0,), "Milliseconds"),
    ]


async def test_fields_between_spaces_are_measured(made: LogsClient):
    await made.call("PutMetricFilter", **metric("[..., bytes > 10]", metricValue="$bytes"))
    await put(made, "GET / 1534", "GET / 5", "GET / -")
    await settled(made)
    assert [datum.values for datum in made.metrics] == [(1534.0,)]


async def test_a_default_stands_for_a_minute_with_events_and_no_match(made: LogsClient):
    await made.call("PutMetricFilter", **metric(defaultValue=0))
    await put(made, "fine", "fine")
    await asyncio.sleep(0.02)
    assert made.metrics == []  # the minute is not over
    made.clock.now_ms += MINUTE_MS
    await put(made, "ERROR")
    await settled(made)
    key = MetricKey(Scope(), "App", "m")
    begin = NOW_MS // MINUTE_MS * MINUTE_MS
    assert sorted((datum.at_ms, datum.values) for datum in made.metrics) == [
        (begin, (0.0,)),
        (NOW_MS, (1.0,)),
    ]
    assert {datum.key for datum in made.metrics} == {key}


def test_one_filter_makes_only_so_many_series_in_an_hour():
    bound = SeriesBound()
    keys = [MetricKey(Scope(), "n", "m", (("d", str(number)),)) for number in range(MAX_FILTER_SERIES + 1)]
    data = [Datum(key, NOW_MS, (1.0,)) for key in keys]
    assert bound.kept(data, NOW_MS) == data[:-1]
    assert bound.kept(data[:1], NOW_MS) == data[:1]
    assert bound.kept(data[-1:], NOW_MS + 3_600_000) == data[-1:]


async def test_a_subscription_filter_is_described_as_aws_does(made: LogsClient):
    assert await made.call("PutSubscriptionFilter", **subscription()) == {}
    assert (await made.call("DescribeSubscriptionFilters", logGroupName=GROUP))["subscriptionFilters"] == [
        {
            "filterName": "sub",
            "logGroupName": GROUP,
            "filterPattern": "",
            "destinationArn": FUNCTION,
            "distribution": "ByLogStream",
            "creationTime": NOW_MS,
            "applyOnTransformedLogs": False,
        }
    ]
    name = {"logGroupName": GROUP, "filterName": "sub"}
    assert await made.call("DeleteSubscriptionFilter", **name) == {}
    assert await refused(made, "DeleteSubscriptionFilter", **name) == (
        "ResourceNotFoundException",
        "The specified subscription filter does not exist.",
    )
    assert await refused(made, "DescribeSubscriptionFilters", logGroupName="none") == NO_GROUP


COULD_NOT = (
    "InvalidParameterException",
    (
        "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
        "your function."
    ),
)


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"destinationArn": f"{FUNCTION}-missing"}, COULD_NOT),
        ({"destinationArn": f"{FUNCTION[:-1]}closed"}, COULD_NOT),
        (
            {"destinationArn": FUNCTION.replace("000000000000", "111111111111"), "logGroupName": "none"},
            (
                "AccessDeniedException",
                (
                    "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to "
                    "create cross account lambda triggers."
                ),
            ),
        ),
        (
            {"destinationArn": "arn:aws:kinesis:us-east-1:000000000000:stream/s"},
            (
                "InvalidParameterException",
                "destinationArn for vendor kinesis cannot be used without roleArn",
            ),
        ),
        (
            {"roleArn": "arn:aws:iam::000000000000:role/r"},
            ("InvalidParameterException", "destinationArn for vendor lambda cannot be used with roleArn"),
        ),
        (
            {"destinationArn": "arn:aws:sqs:us-east-1:000000000000:q"},
            (
                "InvalidParameterException",
                "PutSubscriptionFilter operation cannot work with destinationArn for vendor sqs",
            ),
        ),
        ({"logGroupName": "none"}, NO_GROUP),
        ({"filterPattern": "{}"}, ("InvalidParameterException", "Invalid filter pattern")),
    ],
)
async def test_a_destination_that_cannot_be_is_refused(
    made: LogsClient, params: dict[str, Any], refusal: tuple[str, str]
):
    assert await refused(made, "PutSubscriptionFilter", **(subscription() | params)) == refusal


async def test_a_function_is_not_told_of_its_own_log(made: LogsClient):
    await made.call("CreateLogGroup", logGroupName="/aws/lambda/f")
    own = subscription(logGroupName="/aws/lambda/f")
    assert await refused(made, "PutSubscriptionFilter", **own) == (
        "InvalidParameterException",
        "The log group provided is reserved for the function logs of the destination function.",
    )


async def test_a_function_is_sent_the_events_that_match_by_stream(made: LogsClient):
    await made.call("CreateLogStream", logGroupName=GROUP, logStreamName="t")
    await made.call("PutSubscriptionFilter", **subscription("?ERROR ?WARN"))
    await put(made, "ERROR 1", "fine", "WARN 2")
    await put(made, "ERROR 3", stream="t")
    await settled(made)
    found = await made.call("FilterLogEvents", logGroupName=GROUP)
    ids = {event["message"]: event["eventId"] for event in found["events"]}
    assert {arn for arn, _ in made.functions.sent} == {FUNCTION}
    by_stream = {message["logStream"]: message for _, message in made.functions.sent}
    assert by_stream["s"] == {
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": GROUP,
        "logStream": "s",
        "subscriptionFilters": ["sub"],
        "logEvents": [
            {"id": ids["ERROR 1"], "timestamp": NOW_MS, "message": "ERROR 1"},
            {"id": ids["WARN 2"], "timestamp": NOW_MS + 2, "message": "WARN 2"},
        ],
    }
    assert [event["message"] for event in by_stream["t"]["logEvents"]] == ["ERROR 3"]


async def test_what_a_function_of_the_invocation_path_wrote_is_sent_too(made: LogsClient):
    await made.call("PutSubscriptionFilter", **subscription("[level, text]"))
    made.store.write(StreamKey(Scope(), GROUP, "s"), [LogLine(NOW_MS, "INFO it is done")])
    await made.store.flush()
    await settled(made)
    ((_, message),) = made.functions.sent
    assert message["logEvents"][0]["extractedFields"] == {"level": "INFO", "text": "it is done"}


async def test_what_is_no_text_is_sent_as_it_is_read_back(made: LogsClient):
    await made.call("PutSubscriptionFilter", **subscription("half"))
    made.store.write(StreamKey(Scope(), GROUP, "s"), [LogLine(NOW_MS, "half \ud83d")])
    await made.store.flush()
    await settled(made)
    ((_, message),) = made.functions.sent
    assert message["logEvents"][0]["message"] == "half ?"


async def test_a_function_that_lets_nobody_in_any_more_costs_others_nothing(
    made: LogsClient, caplog: pytest.LogCaptureFixture
):
    made.functions.open.add("g")
    other = FUNCTION[:-1] + "g"
    await made.call("PutSubscriptionFilter", **subscription(name="a"))
    await made.call("PutSubscriptionFilter", **subscription(name="b", destinationArn=other))
    made.functions.open.discard("f")
    await put(made, "x")
    await settled(made)
    assert [arn for arn, _ in made.functions.sent] == [other]
    assert f"were not sent to {FUNCTION}: not let in" in caplog.text


async def test_filters_live_over_a_restart_and_go_with_their_group(made: LogsClient):
    await made.call("PutSubscriptionFilter", **subscription())
    await made.call("PutMetricFilter", **metric())
    book = FilterBook(made.book._resources)
    await book.start()
    assert book.of(Scope(), GROUP) == made.book.of(Scope(), GROUP)
    await made.call("DeleteLogGroup", logGroupName=GROUP)
    await made.call("CreateLogGroup", logGroupName=GROUP)
    await made.call("CreateLogStream", logGroupName=GROUP, logStreamName="s")
    await put(made, "ERROR")
    await settled(made)
    assert (made.functions.sent, made.metrics) == ([], [])
    await book.start()
    assert (await made.call("DescribeMetricFilters"))["metricFilters"] == []


def test_a_large_batch_is_sent_in_events_that_fit():
    text = random.Random(1).randbytes(150_000).decode("latin-1")  # compresses badly
    events = [StoredEvent("s", NOW_MS, NOW_MS, text, number) for number in range(8)]
    events.append(StoredEvent("s", NOW_MS, NOW_MS, text * 8, 9))
    told = list(events_for(Scope(), GROUP, "s", "sub", compile_pattern(""), events))
    bodies = [one.body for one in told if one.body is not None]
    assert len(bodies) > 1
    assert max(map(len, bodies)) <= MAX_ASYNC_REQUEST_BYTES
    assert sum(one.left_out for one in told) == 1


async def test_an_end_in_the_middle_of_a_round_loses_nothing(made: LogsClient):
    await made.call("PutSubscriptionFilter", **subscription())
    for number in range(20):
        made.store.write(StreamKey(Scope(), GROUP, "s"), [LogLine(NOW_MS, str(number))])
    await made.feed.close()
    sent = [event["message"] for _, message in made.functions.sent for event in message["logEvents"]]
    assert sent == [str(number) for number in range(20)]


async def test_a_filter_of_a_group_that_goes_meanwhile_goes_too(
    made: LogsClient, monkeypatch: pytest.MonkeyPatch
):
    change = made.book.change

    async def change_and_delete(*arguments: Any) -> None:
        await change(*arguments)
        await made.store.delete_group(Scope(), GROUP)

    monkeypatch.setattr(made.book, "change", change_and_delete)
    assert await refused(made, "PutMetricFilter", **metric()) == NO_GROUP
    assert (await made.call("DescribeMetricFilters"))["metricFilters"] == []
