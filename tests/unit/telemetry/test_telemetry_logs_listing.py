"""Groups and streams through the Logs API, in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest
from logs_client import NOW_MS, LogsClient, LogsError

from lambdad.domain.scope import Scope
from lambdad.ports.log_store import LogLine, StreamKey

pytestmark = pytest.mark.asyncio

GROUP = "/aws/lambda/f"
ARN = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"

PATTERN = r"failed to satisfy constraint: Member must satisfy regular expression pattern: [\w#+=/:,.@-]*"


async def refused(logs: LogsClient, operation: str, **params: Any) -> tuple[str, str]:
    with pytest.raises(LogsError) as error:
        await logs.call(operation, **params)
    return error.value.code, error.value.message


async def test_a_new_group_is_described_as_aws_does(logs: LogsClient) -> None:
    assert await logs.call("CreateLogGroup", logGroupName=GROUP, tags={"a": "b"}) == {}
    assert await logs.call("DescribeLogGroups") == {
        "logGroups": [
            {
                "logGroupName": GROUP,
                "creationTime": NOW_MS,
                "metricFilterCount": 0,
                "arn": f"{ARN}:*",
                "storedBytes": 0,
                "logGroupClass": "STANDARD",
                "logGroupArn": ARN,
                "deletionProtectionEnabled": False,
            }
        ]
    }


async def test_a_new_stream_has_no_event_times_until_it_has_events(logs: LogsClient) -> None:
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    await logs.call("CreateLogStream", logGroupName=GROUP, logStreamName="s/[1]a")
    (stream,) = (await logs.call("DescribeLogStreams", logGroupName=GROUP))["logStreams"]
    assert stream == {
        "logStreamName": "s/[1]a",
        "creationTime": NOW_MS,
        "arn": f"{ARN}:log-stream:s/[1]a",
        "storedBytes": 0,
    }
    logs.store.write(StreamKey(Scope(), GROUP, "s/[1]a"), [LogLine(5, "a"), LogLine(9, "b")])
    (stream,) = (await logs.call("DescribeLogStreams", logGroupName=GROUP))["logStreams"]
    assert (stream["firstEventTimestamp"], stream["lastEventTimestamp"]) == (5, 9)
    assert stream["lastIngestionTime"] == NOW_MS
    assert stream["uploadSequenceToken"]


async def test_what_exists_is_not_made_again(logs: LogsClient) -> None:
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    await logs.call("CreateLogStream", logGroupName=GROUP, logStreamName="s")
    assert await refused(logs, "CreateLogGroup", logGroupName=GROUP) == (
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    )
    assert await refused(logs, "CreateLogStream", logGroupName=GROUP, logStreamName="s") == (
        "ResourceAlreadyExistsException",
        "The specified log stream already exists",
    )


async def test_what_is_missing_is_said_in_aws_words(logs: LogsClient) -> None:
    no_group = ("ResourceNotFoundException", "The specified log group does not exist.")
    no_stream = ("ResourceNotFoundException", "The specified log stream does not exist.")
    stream = {"logGroupName": GROUP, "logStreamName": "s"}
    event = {"logEvents": [{"timestamp": NOW_MS, "message": "x"}]}
    assert await refused(logs, "DeleteLogGroup", logGroupName=GROUP) == no_group
    assert await refused(logs, "CreateLogStream", **stream) == no_group
    assert await refused(logs, "DescribeLogStreams", logGroupName=GROUP) == no_group
    assert await refused(logs, "GetLogEvents", **stream) == no_group
    assert await refused(logs, "FilterLogEvents", logGroupName=GROUP) == no_group
    assert await refused(logs, "PutLogEvents", **stream, **event) == no_group
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    assert await refused(logs, "GetLogEvents", **stream) == no_stream
    assert await refused(logs, "PutLogEvents", **stream, **event) == no_stream
    assert await refused(logs, "FilterLogEvents", logGroupName=GROUP, logStreamNames=["s"]) == no_stream


async def test_a_deleted_group_takes_its_streams_along(logs: LogsClient) -> None:
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    await logs.call("CreateLogStream", logGroupName=GROUP, logStreamName="s")
    await logs.call("DeleteLogGroup", logGroupName=GROUP)
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    assert (await logs.call("DescribeLogStreams", logGroupName=GROUP))["logStreams"] == []


@pytest.mark.parametrize("identifier", [GROUP, ARN])
async def test_a_group_may_be_named_by_arn(logs: LogsClient, identifier: str) -> None:
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    await logs.call("CreateLogStream", logGroupName=GROUP, logStreamName="s")
    found = await logs.call("DescribeLogStreams", logGroupIdentifier=identifier)
    assert [stream["logStreamName"] for stream in found["logStreams"]] == ["s"]
    named = await logs.call("DescribeLogGroups", logGroupIdentifiers=[identifier])
    assert [group["logGroupName"] for group in named["logGroups"]] == [GROUP]


@pytest.mark.parametrize(
    ("params", "answer"),
    [
        (
            {"logGroupName": GROUP, "logGroupIdentifier": GROUP},
            (
                "ValidationException",
                "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
            ),
        ),
        ({}, ("InvalidParameterException", "LogGroup name or LogGroup ARN must be specified.")),
        (
            {"logGroupIdentifier": "arn:aws:s3:::bucket"},
            ("InvalidParameterException", "'arn:aws:s3:::bucket' is not the ARN of a log group."),
        ),
        (
            {"logGroupIdentifier": f"{ARN}:*"},
            (
                "InvalidParameterException",
                f"1 validation error detected: Value '{ARN}:*' at 'logGroupIdentifier' {PATTERN}",
            ),
        ),
        (
            {"logGroupIdentifier": ARN.replace("us-east-1", "eu-west-1")},
            ("ResourceNotFoundException", "The specified log group does not exist."),
        ),
        (
            {"logGroupName": GROUP, "orderBy": "LastEventTime", "logStreamNamePrefix": "a"},
            ("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix."),
        ),
        (
            {"logGroupName": GROUP, "nextToken": "???"},
            ("InvalidParameterException", "The specified nextToken is invalid."),
        ),
    ],
)
async def test_a_listing_that_makes_no_sense_is_refused(
    logs: LogsClient, params: dict[str, Any], answer: tuple[str, str]
) -> None:
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    assert await refused(logs, "DescribeLogStreams", **params) == answer


async def test_prefix_and_pattern_exclude_one_another(logs: LogsClient) -> None:
    assert await refused(logs, "DescribeLogGroups", logGroupNamePrefix="a", logGroupNamePattern="b") == (
        "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
    )


@pytest.mark.parametrize(
    "params",
    [{"logGroupClass": "INFREQUENT_ACCESS"}, {"kmsKeyId": "k"}, {"deletionProtectionEnabled": True}],
)
async def test_a_group_is_not_given_properties_it_would_not_have(
    logs: LogsClient, params: dict[str, Any]
) -> None:
    _, message = await refused(logs, "CreateLogGroup", logGroupName=GROUP, **params)
    assert "is not offered by lambdad" in message
    assert (await logs.call("DescribeLogGroups"))["logGroups"] == []


async def test_groups_are_listed_in_pages_by_prefix_and_by_pattern(logs: LogsClient) -> None:
    names = [f"/{kind}/{number}" for kind in ("a", "b") for number in range(7)]
    for name in reversed(names):
        await logs.call("CreateLogGroup", logGroupName=name)

    async def listed(**params: Any) -> list[str]:
        found = await logs.pages("DescribeLogGroups", "logGroups", limit=3, **params)
        return [group["logGroupName"] for group in found]

    assert await listed() == names
    assert await listed(logGroupNamePrefix="/b") == names[7:]
    assert await listed(logGroupNamePattern="/3") == ["/a/3", "/b/3"]
    assert await listed(logGroupClass="DELIVERY") == []


@pytest.mark.parametrize("descending", [True, False])
async def test_streams_are_listed_in_pages_by_name_and_by_time(logs: LogsClient, descending: bool) -> None:
    for time, name in enumerate(["c", "a", "e", "b", "d"]):
        logs.store.write(StreamKey(Scope(), GROUP, name), [LogLine(time, "x")])

    async def listed(order: str) -> str:
        found = await logs.pages(
            "DescribeLogStreams",
            "logStreams",
            limit=2,
            logGroupName=GROUP,
            orderBy=order,
            descending=descending,
        )
        return "".join(stream["logStreamName"] for stream in found)

    assert await listed("LogStreamName") == ("edcba" if descending else "abcde")
    assert await listed("LastEventTime") == ("dbeac" if descending else "caebd")


async def test_groups_of_other_accounts_and_regions_are_not_seen(logs: LogsClient) -> None:
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    for other in (Scope(account="111122223333"), Scope(region="eu-west-1")):
        assert (await logs.call("DescribeLogGroups", scope=other))["logGroups"] == []
