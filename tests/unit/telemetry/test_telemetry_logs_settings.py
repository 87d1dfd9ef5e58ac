"""Retention, tags and the rest of what a log group is, through the Logs API, in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest
from logs_client import NOW_MS, LogsClient, LogsError

GROUP = "/app/orders"
ARN = f"arn:aws:logs:us-east-1:000000000000:log-group:{GROUP}"
NO_GROUP = ("ResourceNotFoundException", "The specified log group does not exist.")
DAY_MS = 86_400_000


async def refused(logs: LogsClient, operation: str, **params: Any) -> tuple[str, str]:
    with pytest.raises(LogsError) as error:
        await logs.call(operation, **params)
    return error.value.code, error.value.message


async def described(logs: LogsClient) -> dict[str, Any]:
    (group,) = (await logs.call("DescribeLogGroups"))["logGroups"]
    found: dict[str, Any] = group
    return found


async def test_retention_is_set_shown_and_taken_away(logs: LogsClient):
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    assert await logs.call("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=7) == {}
    assert (await described(logs))["retentionInDays"] == 7
    assert await logs.call("DeleteRetentionPolicy", logGroupName=GROUP) == {}
    assert "retentionInDays" not in await described(logs)
    code, message = await refused(logs, "PutRetentionPolicy", logGroupName=GROUP, retentionInDays=2)
    assert code == "InvalidParameterException"
    assert "Value '2' at 'retentionInDays'" in message
    assert await refused(logs, "PutRetentionPolicy", logGroupName="none", retentionInDays=1) == NO_GROUP


async def test_what_a_group_no_longer_keeps_is_rejected_when_it_is_put(logs: LogsClient):
    stream = {"logGroupName": GROUP, "logStreamName": "s"}
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    await logs.call("CreateLogStream", **stream)
    old = NOW_MS - DAY_MS - 3_600_000
    events = [{"timestamp": old, "message": "old"}, {"timestamp": old + 2 * 3_600_000, "message": "kept"}]
    assert "rejectedLogEventsInfo" not in await logs.call("PutLogEvents", **stream, logEvents=events)
    await logs.call("PutRetentionPolicy", logGroupName=GROUP, retentionInDays=1)
    answer = await logs.call("PutLogEvents", **stream, logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}


async def test_tags_by_the_new_operations_and_by_the_old_are_the_same(logs: LogsClient):
    await logs.call("CreateLogGroup", logGroupName=GROUP, tags={"env": "testing1"})
    await logs.call("TagResource", resourceArn=ARN, tags={"test1": "val1", "test2": "val2"})
    await logs.call("TagLogGroup", logGroupName=GROUP, tags={"test3": "val3"})
    tags = {"env": "testing1", "test1": "val1", "test2": "val2", "test3": "val3"}
    assert await logs.call("ListTagsForResource", resourceArn=ARN) == {"tags": tags}
    assert await logs.call("ListTagsLogGroup", logGroupName=GROUP) == {"tags": tags}
    await logs.call("UntagLogGroup", logGroupName=GROUP, tags=["test3"])
    await logs.call("UntagResource", resourceArn=ARN, tagKeys=["env", "test1"])
    assert await logs.call("ListTagsForResource", resourceArn=ARN) == {"tags": {"test2": "val2"}}


async def test_what_cannot_be_tagged_is_refused(logs: LogsClient):
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    many = {f"k{number}": "v" for number in range(50)}
    await logs.call("TagResource", resourceArn=ARN, tags=many)
    assert (await refused(logs, "TagResource", resourceArn=ARN, tags={"one": "more"}))[0] == (
        "TooManyTagsException"
    )
    assert (await refused(logs, "TagResource", resourceArn=ARN, tags={"aws:x": "y"}))[0] == (
        "InvalidParameterException"
    )
    assert (await refused(logs, "ListTagsForResource", resourceArn="x"))[0] == "InvalidParameterException"
    assert await refused(logs, "ListTagsForResource", resourceArn=ARN + "s") == NO_GROUP


async def test_a_stream_goes_with_its_events(logs: LogsClient):
    stream = {"logGroupName": GROUP, "logStreamName": "s"}
    await logs.call("CreateLogGroup", logGroupName=GROUP)
    await logs.call("CreateLogStream", **stream)
    await logs.call("PutLogEvents", **stream, logEvents=[{"timestamp": NOW_MS, "message": "x"}])
    assert await logs.call("DeleteLogStream", **stream) == {}
    assert (await logs.call("FilterLogEvents", logGroupName=GROUP))["events"] == []
    assert (await refused(logs, "DeleteLogStream", **stream))[1] == "The specified log stream does not exist."


async def test_groups_are_listed_by_alternatives_in_pages(logs: LogsClient):
    for name in ("/aws/lambda/a", "/aws/lambda/b", "/x/aws/lambda/c", "discovery-1", "other"):
        await logs.call("CreateLogGroup", logGroupName=name)
    found = await logs.pages(
        "ListLogGroups", "logGroups", logGroupNamePattern="^/aws/lambda|discovery", limit=2
    )
    assert [group["logGroupName"] for group in found] == ["/aws/lambda/a", "/aws/lambda/b", "discovery-1"]
    assert found[0] == {
        "logGroupName": "/aws/lambda/a",
        "logGroupArn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/a",
        "logGroupClass": "STANDARD",
    }
    tags = [{"key": "a"}]
    assert (await refused(logs, "ListLogGroups", logGroupTags=tags))[0] == "InvalidOperationException"


async def test_name_and_identifier_together_are_refused_as_aws_does(logs: LogsClient):
    assert await refused(logs, "DescribeLogStreams", logGroupName=GROUP, logGroupIdentifier=ARN) == (
        "ValidationException",
        "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
    )


@pytest.mark.parametrize("operation", ["StartQuery", "PutAccountPolicy", "CreateDelivery", "GetLogRecord"])
async def test_what_is_not_offered_says_so(logs: LogsClient, operation: str):
    code, message = await refused(logs, operation)
    assert code == "InvalidOperationException"
    assert message.startswith(f"{operation} is not offered by lambdad")
