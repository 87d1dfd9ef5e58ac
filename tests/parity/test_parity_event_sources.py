"""Event source mappings through boto3, in AWS's words.

The answers are those that LocalStack's public suite (Apache License 2.0) recorded from AWS: its files
tests/aws/services/lambda_/event_source_mapping/*.snapshot.json and test_lambda_api.snapshot.json. Every kind is polled here; what a
kind that is not answers instead is in docs/decisions/0011-event-source-mappings.md.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from asking import helped
from bridge import ACCOUNT, Bridge
from recordings import answer

FN = "my-fn-1a2b"
PREFIX = f"us-east-1:{ACCOUNT}"
QUEUE = f"arn:aws:sqs:{PREFIX}:my-queue"
STREAM = f"arn:aws:kinesis:{PREFIX}:stream/my-stream"
TABLE = f"arn:aws:dynamodb:{PREFIX}:table/my-table/stream/2025-02-17T16:33:01.784"
FUNCTION = f"arn:aws:lambda:{PREFIX}:function:{FN}"
NOTHING = "The resource you requested does not exist."
IN_USE = "Cannot update the event source mapping because it is in use."
UNKNOWN = "0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"


def create(aws: Bridge, **given: Any) -> Any:
    return answer(aws.client.create_event_source_mapping, **({"FunctionName": FN} | given))


def error(response: Any) -> tuple[str, str, int]:
    found = response["Error"]
    return found["Code"], found["Message"], response["ResponseMetadata"]["HTTPStatusCode"]


def refused(message: str) -> tuple[str, str, int]:
    return "InvalidParameterValueException", message, 400


def members(response: Any) -> dict[str, Any]:
    """Of a mapping, without what differs with each."""
    assert isinstance(response.pop("LastModified"), dt.datetime)
    uuid = response.pop("UUID")
    assert response.pop("EventSourceMappingArn") == f"arn:aws:lambda:{PREFIX}:event-source-mapping:{uuid}"
    response.pop("ResponseMetadata", None)
    return dict(response)


def test_a_mapping_of_a_queue_shows_what_aws_shows(aws: Bridge):
    helped(aws, FN)
    response = create(aws, EventSourceArn=QUEUE)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert members(response) == {
        "BatchSize": 10,
        "EventSourceArn": QUEUE,
        "FunctionArn": FUNCTION,
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
    }


@pytest.mark.parametrize("source", [STREAM, f"{STREAM}/consumer/mine:1700000000", TABLE])
def test_a_mapping_of_a_stream_shows_what_aws_shows(aws: Bridge, source: str):
    helped(aws, FN)
    response = create(aws, EventSourceArn=source, StartingPosition="LATEST")
    assert members(response) == {
        "BatchSize": 100,
        "BisectBatchOnFunctionError": False,
        "DestinationConfig": {"OnFailure": {}},
        "EventSourceArn": source,
        "FunctionArn": FUNCTION,
        "FunctionResponseTypes": [],
        "LastProcessingResult": "No records processed",
        "MaximumBatchingWindowInSeconds": 0,
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "ParallelizationFactor": 1,
        "StartingPosition": "LATEST",
        "State": "Creating",
        "StateTransitionReason": "User action",
        "TumblingWindowInSeconds": 0,
    }


def test_a_disabled_mapping_of_a_queue_is_answered_exactly_as_by_aws(aws: Bridge):
    helped(aws, FN)
    given = {"FunctionResponseTypes": ["ReportBatchItemFailures"], "BatchSize": 1}
    response = create(aws, EventSourceArn=f"{QUEUE}.fifo", Enabled=False, **given)
    assert members(response) == {
        "BatchSize": 1,
        "EventSourceArn": f"{QUEUE}.fifo",
        "FunctionArn": FUNCTION,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "MaximumBatchingWindowInSeconds": 0,
        "State": "Disabled",
        "StateTransitionReason": "USER_INITIATED",
    }


def test_the_time_of_a_change_goes_over_the_wire_as_a_number(aws: Bridge):
    helped(aws, FN)
    uuid = create(aws, EventSourceArn=QUEUE)["UUID"]
    body = aws.ask("GET", f"/2015-03-31/event-source-mappings/{uuid}").body
    assert b'"LastModified":1795400000.125' in body


def test_unknown_mappings_are_not_found(aws: Bridge):
    missing = ("ResourceNotFoundException", NOTHING, 404)
    client = aws.client
    assert error(answer(client.get_event_source_mapping, UUID=UNKNOWN)) == missing
    assert error(answer(client.update_event_source_mapping, UUID=UNKNOWN, Enabled=False)) == missing
    assert error(answer(client.delete_event_source_mapping, UUID=UNKNOWN)) == missing


def test_lists_do_not_care_whether_their_filters_exist(aws: Bridge):
    client = aws.client
    for given in ({}, {"FunctionName": "doesnotexist"}, {"EventSourceArn": QUEUE}):
        assert client.list_event_source_mappings(**given)["EventSourceMappings"] == []


def test_source_and_function_must_be_known(aws: Bridge):
    assert error(create(aws, FunctionName="doesnotexist")) == refused("Unrecognized event source.")
    response = create(aws, FunctionName="doesnotexist", EventSourceArn=QUEUE)
    assert error(response) == refused("Function does not exist")
    assert response["Type"] == "User"
    helped(aws, FN)
    for qualifier in ("1", "no-such-alias"):
        response = create(aws, FunctionName=f"{FN}:{qualifier}", EventSourceArn=QUEUE)
        assert error(response) == refused("Function does not exist")


def test_the_function_is_shown_as_it_was_named(aws: Bridge):
    helped(aws, FN)
    aws.client.publish_version(FunctionName=FN)
    names = {FN: FUNCTION, f"{FN}:$LATEST": f"{FUNCTION}:$LATEST", f"{FN}:1": f"{FUNCTION}:1"}
    names |= {FUNCTION: FUNCTION, f"{FUNCTION}:1": f"{FUNCTION}:1", f"{ACCOUNT}:function:{FN}": FUNCTION}
    for name, shown in names.items():
        response = create(aws, FunctionName=name, EventSourceArn=QUEUE)
        assert response["FunctionArn"] == shown
        aws.settle()
        aws.client.delete_event_source_mapping(UUID=response["UUID"])
        aws.settle()


def test_a_queue_feeds_a_function_once(aws: Bridge):
    helped(aws, FN)
    uuid = create(aws, EventSourceArn=QUEUE)["UUID"]
    assert error(create(aws, EventSourceArn=QUEUE)) == (
        "ResourceConflictException",
        (
            f'An event source mapping with SQS arn (" {QUEUE} ") and function (" {FN} ") already exists. '
            f"Please update or delete the existing mapping with UUID {uuid}"
        ),
        409,
    )


def test_a_stream_feeds_a_function_once(aws: Bridge):
    helped(aws, FN)
    uuid = create(aws, EventSourceArn=STREAM, StartingPosition="LATEST")["UUID"]
    assert error(create(aws, EventSourceArn=STREAM, StartingPosition="TRIM_HORIZON")) == (
        "ResourceConflictException",
        (
            f'The event source arn (" {STREAM} ") and function (" {FN} ") provided mapping already exists. '
            f"Please update or delete the existing mapping with UUID {uuid}"
        ),
        409,
    )


POSITIONS = {
    STREAM: (
        "Timestamp only valid with StartingPosition AT_TIMESTAMP",
        (
            "Received Exception while reading from provided stream. "
            "class java.lang.Long can not be converted to a Timestamp"
        ),
        (
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        ),
    ),
    TABLE: (
        "Timestamp only valid with StartingPosition AT_TIMESTAMP",
        f"Unsupported starting position for arn type: {TABLE}",
        (
            "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
            "Member must not be null."
        ),
    ),
    QUEUE: (
        "StartingPosition is not valid for SQS event sources.",
        "StartingPosition is not valid for SQS event sources.",
        None,
    ),
}


@pytest.mark.parametrize("source", POSITIONS)
def test_starting_positions_are_checked_as_by_aws(aws: Bridge, source: str):
    helped(aws, FN)
    with_latest, before_1970, without = POSITIONS[source]
    code, message, _ = error(create(aws, EventSourceArn=source, StartingPosition="0"))
    assert code == "ValidationException"
    assert message.startswith(
        "1 validation error detected: Value '0' at 'startingPosition' failed to satisfy"
    )
    now = 1_795_000_000
    latest = create(aws, EventSourceArn=source, StartingPosition="LATEST", StartingPositionTimestamp=now)
    assert error(latest) == refused(with_latest)
    early = create(
        aws, EventSourceArn=source, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=-now
    )
    assert error(early) == refused(before_1970)
    if without is not None:
        assert error(create(aws, EventSourceArn=source)) == refused(without)


@pytest.mark.parametrize(
    "pattern", ["null", '"simple string"', '{"eventSource": "aws:sqs"}', '{"eventSource": []}']
)
def test_filters_that_are_no_patterns_are_refused(aws: Bridge, pattern: str):
    helped(aws, FN)
    response = create(aws, EventSourceArn=QUEUE, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    assert error(response) == refused("Invalid filter pattern definition.")


def test_filters_are_shown_as_given(aws: Bridge):
    helped(aws, FN)
    filters = {"Filters": [{"Pattern": '{"body": {"test2": [{"prefix": "us-1"}]}}'}]}
    response = create(aws, EventSourceArn=QUEUE, FilterCriteria=filters, MaximumBatchingWindowInSeconds=1)
    assert (response["FilterCriteria"], response["MaximumBatchingWindowInSeconds"]) == (filters, 1)


def test_an_update_is_answered_with_what_is_there_then(aws: Bridge):
    helped(aws, FN)
    helped(aws, "other-fn")
    created = create(aws, EventSourceArn=QUEUE)
    aws.settle()
    response = aws.client.update_event_source_mapping(
        UUID=created["UUID"], FunctionName="other-fn", MaximumBatchingWindowInSeconds=5, BatchSize=20
    )
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 202
    changed = members(response)
    assert changed == {
        "BatchSize": 20,
        "EventSourceArn": QUEUE,
        "FunctionArn": f"arn:aws:lambda:{PREFIX}:function:other-fn",
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 5,
        "State": "Updating",
        "StateTransitionReason": "USER_INITIATED",
    }
    assert members(aws.client.get_event_source_mapping(UUID=created["UUID"])) == changed


def test_a_mapping_goes_through_the_states_of_aws(aws: Bridge):
    helped(aws, FN)
    uuid = create(aws, EventSourceArn=QUEUE)["UUID"]

    def state() -> tuple[str, str]:
        found = aws.client.get_event_source_mapping(UUID=uuid)
        return found["State"], found["StateTransitionReason"]

    def update(**given: Any) -> str:
        return str(aws.client.update_event_source_mapping(UUID=uuid, **given)["State"])

    assert state() == ("Creating", "USER_INITIATED")
    in_use = ("ResourceInUseException", IN_USE, 400)
    assert error(answer(aws.client.update_event_source_mapping, UUID=uuid, BatchSize=1)) == in_use
    assert error(answer(aws.client.delete_event_source_mapping, UUID=uuid)) == in_use
    aws.settle()
    assert state() == ("Enabled", "USER_INITIATED")
    assert update(Enabled=False) == "Disabling"
    aws.settle()
    assert state() == ("Disabled", "USER_INITIATED")
    assert update(BatchSize=2) == "Disabled"
    assert update(Enabled=True) == "Enabling"
    aws.settle()
    assert state() == ("Enabled", "USER_INITIATED")
    assert update(BatchSize=3) == "Updating"
    aws.settle()
    assert aws.client.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    assert state() == ("Deleting", "USER_INITIATED")
    aws.settle()
    assert error(answer(aws.client.get_event_source_mapping, UUID=uuid)) == (
        "ResourceNotFoundException",
        NOTHING,
        404,
    )


def test_a_queue_shows_a_result_only_when_something_is_wrong(aws: Bridge):
    helped(aws, FN)
    uuid = create(aws, EventSourceArn=QUEUE)["UUID"]
    aws.sources.results[uuid] = "OK"
    assert "LastProcessingResult" not in aws.client.get_event_source_mapping(UUID=uuid)
    aws.sources.results[uuid] = "PROBLEM: Function call failed"
    found = aws.client.get_event_source_mapping(UUID=uuid)
    assert found["LastProcessingResult"] == "PROBLEM: Function call failed"


def test_a_source_that_does_not_suit_is_refused_and_nothing_is_made(aws: Bridge):
    helped(aws, FN)
    aws.sources.refusal = "Queue visibility timeout: 20 seconds is less than Function timeout: 30 seconds"
    assert error(create(aws, EventSourceArn=QUEUE)) == refused(aws.sources.refusal)
    assert aws.client.list_event_source_mappings()["EventSourceMappings"] == []
    assert aws.sources.changes == []


def test_a_deleted_mapping_is_shown_once_more_and_is_gone(aws: Bridge):
    helped(aws, FN)
    uuid = create(aws, EventSourceArn=QUEUE)["UUID"]
    aws.settle()
    response = aws.client.delete_event_source_mapping(UUID=uuid)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert (response["UUID"], response["State"], response["StateTransitionReason"]) == (
        uuid,
        "Deleting",
        "USER_INITIATED",
    )
    aws.settle()
    assert aws.client.list_event_source_mappings()["EventSourceMappings"] == []
    assert "UUID" in create(aws, EventSourceArn=QUEUE)


def test_a_mapping_outlives_its_function(aws: Bridge):
    helped(aws, FN)
    uuid = create(aws, EventSourceArn=QUEUE)["UUID"]
    aws.client.delete_function(FunctionName=FN)
    assert aws.client.get_event_source_mapping(UUID=uuid)["FunctionArn"] == FUNCTION


def test_the_paginator_lists_every_mapping_once(aws: Bridge):
    helped(aws, FN)
    made = [create(aws, EventSourceArn=f"{QUEUE}-{number}")["UUID"] for number in range(130)]
    whole = aws.client.list_event_source_mappings(MaxItems=10_000)
    assert len(whole["EventSourceMappings"]) == 100
    for given in ({}, {"FunctionName": FN}):
        pages = aws.client.get_paginator("list_event_source_mappings").paginate(
            PaginationConfig={"PageSize": 40}, **given
        )
        sizes = [[mapping["UUID"] for mapping in page["EventSourceMappings"]] for page in pages]
        assert [len(page) for page in sizes] == [40, 40, 40, 10]
        assert sorted(uuid for page in sizes for uuid in page) == sorted(made)


def test_lists_are_of_one_function_one_source_or_both(aws: Bridge):
    helped(aws, FN)
    helped(aws, "other-fn")
    made = {
        (name, source): create(aws, FunctionName=name, EventSourceArn=source)["UUID"]
        for name in (FN, "other-fn")
        for source in (QUEUE, f"{QUEUE}-2")
    }

    def listed(**given: str) -> set[str]:
        found = aws.client.list_event_source_mappings(**given)["EventSourceMappings"]
        return {mapping["UUID"] for mapping in found}

    assert listed(FunctionName=FN) == {made[FN, QUEUE], made[FN, f"{QUEUE}-2"]}
    assert listed(EventSourceArn=QUEUE) == {made[FN, QUEUE], made["other-fn", QUEUE]}
    assert listed(FunctionName=FUNCTION, EventSourceArn=QUEUE) == {made[FN, QUEUE]}


@pytest.mark.parametrize(
    ("resource", "missing"),
    [
        (
            "code-signing-config:csc-0123456789abcdefg",
            (
                "The code signing configuration cannot be found. "
                "Check that the provided configuration is not deleted: {arn}."
            ),
        ),
        (f"event-source-mapping:{UNKNOWN}", "Event source mapping not found: {arn}"),
    ],
)
@pytest.mark.parametrize("account", [ACCOUNT, "222222222222"])
def test_tags_of_what_is_not_there_are_not_found(aws: Bridge, resource: str, missing: str, account: str):
    arn = f"arn:aws:lambda:us-east-1:{account}:{resource}"
    expected = ("ResourceNotFoundException", missing.format(arn=arn), 404)
    assert error(answer(aws.client.list_tags, Resource=arn)) == expected
    assert error(answer(aws.client.tag_resource, Resource=arn, Tags={"A": "B"})) == expected
    assert error(answer(aws.client.untag_resource, Resource=arn, TagKeys=["A"])) == expected


def test_a_mapping_has_as_many_tags_as_anything_else(aws: Bridge):
    helped(aws, FN)
    many = {f"key-{number}": "v" for number in range(50)}
    too_many = refused("Number of tags exceeds resource tag limit.")
    assert error(create(aws, EventSourceArn=QUEUE, Tags=many | {"one": "more"})) == too_many
    assert aws.client.list_event_source_mappings()["EventSourceMappings"] == []
    arn = create(aws, EventSourceArn=QUEUE, Tags=many)["EventSourceMappingArn"]
    assert error(answer(aws.client.tag_resource, Resource=arn, Tags={"one": "more"})) == too_many
    assert aws.client.list_tags(Resource=arn)["Tags"] == many
