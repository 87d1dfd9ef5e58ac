"""Event source mappings by kind of source: what each takes, needs and shows.

Queues and streams with AWS's recorded answers are in tests/parity/test_parity_event_sources.py. What is expected of
Kafka, MQ and DocumentDB here was recorded from AWS by radkawar/stackd (testdata/aws/lambda and
testdata/aws/cloudformation) unless docs/decisions/0011-event-source-mappings.md tells that it is derived.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from mapping_requests import (
    ARNS,
    KAFKA,
    NEEDED,
    OTHERS,
    PLACE,
    QUEUES,
    SECRET,
    SERVERS,
    STREAMS,
    VALUES,
    change,
    create,
    read,
    refusal,
    unsupported,
)

from lambdad.control.mapping_kinds import RULES
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.event_sources import SourceKind, kind_of
from lambdad.sources.manager import NOT_POLLED

# --- sources ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "arn"), ARNS.items())
def test_a_source_is_known_by_its_arn(kind, arn):
    assert kind_of(arn, "eu-central-1") is kind


@pytest.mark.parametrize(
    ("kind", "arn"),
    [
        (SourceKind.KINESIS, f"arn:aws:kinesis:{PLACE}:stream/s/consumer/c:1700000000"),
        (SourceKind.MSK, f"arn:aws:kafka:{PLACE}:vpc-connection/222222222222/c/0a1b-2"),
        (SourceKind.SQS, "arn:aws-cn:sqs:eu-central-1:222222222222:of-another-account"),
        (SourceKind.DYNAMODB, f"arn:aws:dynamodb:{PLACE}:table/t/stream/2025-02-17T16:33:01.784Z"),
    ],
)
def test_consumers_connections_other_accounts_and_zones_of_local_servers_are_sources_too(kind, arn):
    assert kind_of(arn, "eu-central-1") is kind


@pytest.mark.parametrize(
    "arn",
    [
        "",
        f"arn:aws:sns:{PLACE}:topic",
        f"arn:aws:sqs:{PLACE}:queue/of/parts",
        f"arn:aws:sqs:{PLACE}:queue.fifo.fifo",
        f"arn:aws:kinesis:{PLACE}:consumer/c",
        f"arn:aws:dynamodb:{PLACE}:table/t",
        f"arn:aws:kafka:{PLACE}:topic/c/u/t",
        f"arn:aws:mq:{PLACE}:configuration:c-1",
        f"arn:aws:rds:{PLACE}:db:instance",
        "arn:aws:sqs:eu-central-1::queue",
        f"arn:aws:sqs:{PLACE}:queue\n",
    ],
)
def test_what_is_no_source_is_not_recognised(arn):
    with pytest.raises(InvalidParameter, match=r"^Unrecognized event source\.$"):
        kind_of(arn, "eu-central-1")


async def test_a_source_of_another_region_is_refused(control):
    await control.create()
    arn = "arn:aws:sqs:us-east-1:111111111111:q"
    assert await refusal(create(control, SourceKind.SQS, EventSourceArn=arn)) == (
        f"The event source {arn} is not in the region of the function (eu-central-1)."
    )


# --- what a kind takes --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", SourceKind)
@pytest.mark.parametrize("member", VALUES)
async def test_a_member_is_kept_by_the_kinds_that_have_it_and_refused_by_the_others(control, kind, member):
    await control.create()
    given: dict[str, Any] = {member: VALUES[member]}
    if member in RULES[kind].members:
        if member in ("MetricsConfig", "LoggingConfig") and kind in KAFKA:
            given["ProvisionedPollerConfig"] = {"MinimumPollers": 1}
        if kind is SourceKind.SQS_FIFO and member == "MaximumBatchingWindowInSeconds":
            expected = "Batching window is not supported for FIFO queues"
            assert await refusal(create(control, kind, **given)) == expected
            return
        if member == "SourceAccessConfigurations" and kind is SourceKind.MSK:
            given[member] = [{"Type": "SASL_SCRAM_512_AUTH", "URI": SECRET["URI"]}]
        if member == "KMSKeyArn":
            given["FilterCriteria"] = VALUES["FilterCriteria"]
        made = await create(control, kind, **given)
        assert made[member] == given[member]
        assert await read(control, made) == made
    else:
        expected = unsupported(kind, member)
        if kind in QUEUES and member == "StartingPosition":
            expected = "StartingPosition is not valid for SQS event sources."
        assert await refusal(create(control, kind, **given)) == expected
        assert (await control.ask("ListEventSourceMappings"))["EventSourceMappings"] == []


TAKEN = {
    "FilterCriteria": (*QUEUES, *STREAMS, *KAFKA, SourceKind.MQ),
    "KMSKeyArn": (*QUEUES, *STREAMS, *KAFKA, SourceKind.MQ),
    "FunctionResponseTypes": (*QUEUES, *STREAMS, *KAFKA),
    "BisectBatchOnFunctionError": (*STREAMS, *KAFKA),
    "MaximumRecordAgeInSeconds": (*STREAMS, *KAFKA),
    "MaximumRetryAttempts": (*STREAMS, *KAFKA),
    "DestinationConfig": (*STREAMS, *KAFKA),
    "ParallelizationFactor": STREAMS,
    "TumblingWindowInSeconds": STREAMS,
    "StartingPosition": (*STREAMS, *KAFKA, SourceKind.DOCUMENTDB),
    "ScalingConfig": QUEUES,
    "ProvisionedPollerConfig": (*QUEUES, *KAFKA),
    "MetricsConfig": (*QUEUES, *STREAMS, *KAFKA),
    "LoggingConfig": KAFKA,
    "SourceAccessConfigurations": (*KAFKA, *OTHERS),
    "Topics": KAFKA,
    "Queues": (SourceKind.MQ,),
    "DocumentDBEventSourceConfig": (SourceKind.DOCUMENTDB,),
    "AmazonManagedKafkaEventSourceConfig": (SourceKind.MSK,),
    "SelfManagedKafkaEventSourceConfig": (SourceKind.SELF_MANAGED_KAFKA,),
}


@pytest.mark.parametrize("member", TAKEN)
def test_the_table_says_what_the_documentation_says(member):
    assert {kind for kind in SourceKind if member in RULES[kind].members} == set(TAKEN[member])


@pytest.mark.parametrize(
    ("kind", "missing", "message"),
    [
        (SourceKind.MSK, "Topics", "Required 'topics' parameter is missing."),
        (SourceKind.SELF_MANAGED_KAFKA, "Topics", "Required 'topics' parameter is missing."),
        *(
            (
                kind,
                "SourceAccessConfigurations",
                "Required 'sourceAccessConfigurations' parameter is missing.",
            )
            for kind in (SourceKind.SELF_MANAGED_KAFKA, SourceKind.MQ)
        ),
        (SourceKind.MQ, "Queues", "Required 'queues' parameter is missing."),
        (
            SourceKind.DOCUMENTDB,
            "SourceAccessConfigurations",
            "Invalid parameters: sourceAccessConfigurations, sourceAccessConfigurations",
        ),
        (
            SourceKind.DOCUMENTDB,
            "DocumentDBEventSourceConfig",
            "Invalid parameters: documentDBEventSourceConfig, databaseName",
        ),
        (SourceKind.SELF_MANAGED_KAFKA, "SelfManagedEventSource", "Unrecognized event source."),
    ],
)
async def test_a_kind_needs_what_it_cannot_be_read_without(control, kind, missing, message):
    await control.create()
    members: dict[str, Any] = {"FunctionName": "fn"} | NEEDED[kind]
    if kind in ARNS:
        members["EventSourceArn"] = ARNS[kind]
    del members[missing]
    assert await refusal(control.ask("CreateEventSourceMapping", **members)) == message


async def test_documents_need_a_database(control):
    await control.create()
    config = {"CollectionName": "c"}
    refused = create(control, SourceKind.DOCUMENTDB, DocumentDBEventSourceConfig=config)
    assert await refusal(refused) == "Invalid parameters: databaseName"


async def test_documents_are_refused_all_that_they_do_not_have_at_once(control):
    await control.create()
    given = {name: VALUES[name] for name in ("FilterCriteria", "FunctionResponseTypes")}
    assert await refusal(create(control, SourceKind.DOCUMENTDB, **given)) == (
        "Invalid parameters: filterCriteria, functionResponseTypes"
    )


async def test_a_source_with_an_arn_is_not_self_managed(control):
    await control.create()
    given = {"EventSourceArn": ARNS[SourceKind.MSK]}
    expected = unsupported(SourceKind.MSK, "SelfManagedEventSource")
    assert await refusal(create(control, SourceKind.SELF_MANAGED_KAFKA, **given)) == expected


@pytest.mark.parametrize("given", [{"Queues": ["q"]}, {"StartingPosition": "AT_TIMESTAMP"}])
async def test_what_is_missing_is_told_before_what_is_wrong(control, given):
    await control.create()
    refused = create(control, SourceKind.SELF_MANAGED_KAFKA, SourceAccessConfigurations=[], **given)
    assert await refusal(refused) == "Required 'sourceAccessConfigurations' parameter is missing."


# --- what a kind shows --------------------------------------------------------------------------------

RETRIES: dict[str, Any] = {
    "BisectBatchOnFunctionError": False,
    "FunctionResponseTypes": [],
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
}
SHOWN: dict[SourceKind, dict[str, Any]] = {
    SourceKind.MSK: RETRIES
    | {
        "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "UUID"},
        "StartingPosition": "TRIM_HORIZON",
        "Topics": ["my-topic"],
    },
    SourceKind.SELF_MANAGED_KAFKA: RETRIES
    | {
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": SERVERS}},
        "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "UUID"},
        "SourceAccessConfigurations": [SECRET],
        "StartingPosition": "TRIM_HORIZON",
        "Topics": ["my-topic"],
    },
    SourceKind.MQ: {"Queues": ["my-queue"], "SourceAccessConfigurations": [SECRET]},
    SourceKind.DOCUMENTDB: {
        "DocumentDBEventSourceConfig": {"DatabaseName": "my-database", "FullDocument": "Default"},
        "SourceAccessConfigurations": [SECRET],
        "StartingPosition": "LATEST",
    },
}


@pytest.mark.parametrize("kind", SHOWN)
async def test_kafka_brokers_and_documents_show_what_aws_shows(control, kind):
    await control.create()
    made = await create(control, kind)
    uuid = made.pop("UUID")
    expected = {
        "BatchSize": 100,
        "EventSourceMappingArn": f"arn:aws:lambda:{PLACE}:event-source-mapping:{uuid}",
        "FunctionArn": f"arn:aws:lambda:{PLACE}:function:fn",
        "LastModified": datetime.fromtimestamp(control.clock.now(), UTC),
        "LastProcessingResult": "No records processed",
        "State": "Disabled",
        "StateTransitionReason": NOT_POLLED,
    }
    for member, value in SHOWN[kind].items():
        expected[member] = {"ConsumerGroupId": uuid} if value == {"ConsumerGroupId": "UUID"} else value
    if kind in ARNS:
        expected["EventSourceArn"] = ARNS[kind]
    assert made == expected


@pytest.mark.parametrize(("kind", "least"), [(SourceKind.SQS, 2), (SourceKind.MSK, 1)])
async def test_pollers_that_are_not_given_are_filled_in(control, kind, least):
    await control.create()
    made = await create(control, kind, ProvisionedPollerConfig={"MaximumPollers": 9})
    assert made["ProvisionedPollerConfig"] == {"MinimumPollers": least, "MaximumPollers": 9}
    changed = await change(control, made, ProvisionedPollerConfig={"MinimumPollers": 4})
    assert changed["ProvisionedPollerConfig"] == {"MinimumPollers": 4, "MaximumPollers": 9}
    assert "ProvisionedPollerConfig" not in await change(control, made, ProvisionedPollerConfig={})


@pytest.mark.parametrize(
    ("member", "empty"),
    [
        ("FilterCriteria", {}),
        ("FilterCriteria", {"Filters": []}),
        ("MetricsConfig", {"Metrics": []}),
        ("ScalingConfig", {}),
    ],
)
async def test_what_is_empty_is_not_shown_and_takes_back_what_was_set(control, member, empty):
    await control.create()
    assert member not in await create(control, SourceKind.SQS_FIFO, **{member: empty})
    made = await create(control, SourceKind.SQS, **{member: VALUES[member]})
    assert (await change(control, made, BatchSize=3))[member] == VALUES[member]
    assert member not in await change(control, made, **{member: empty})
    assert member not in await read(control, made)


@pytest.mark.parametrize(("kind", "shown"), [(SourceKind.KINESIS, {"OnFailure": {}}), (SourceKind.MSK, None)])
async def test_a_failure_destination_is_taken_back(control, kind, shown):
    await control.create()
    made = await create(control, kind, DestinationConfig=VALUES["DestinationConfig"])
    changed = await change(control, made, DestinationConfig={"OnFailure": {"Destination": ""}})
    assert changed.get("DestinationConfig") == shown


async def test_a_key_is_kept_with_the_filters_that_it_encrypts_and_lists_do_not_show_them(control):
    await control.create()
    key = {"KMSKeyArn": VALUES["KMSKeyArn"]}
    filters = {"FilterCriteria": VALUES["FilterCriteria"]}
    made = await create(control, SourceKind.SQS, **key, **filters)
    assert made.items() >= {**key, **filters}.items()
    [listed] = (await control.ask("ListEventSourceMappings"))["EventSourceMappings"]
    assert (listed["KMSKeyArn"], listed["FilterCriteria"]) == (key["KMSKeyArn"], None)
    cleared = await change(control, made, FilterCriteria={}, **key)
    assert cleared.keys().isdisjoint({"KMSKeyArn", "FilterCriteria"})
    assert "KMSKeyArn" not in await change(control, made, **key)
    assert "KMSKeyArn" not in await change(control, made, **filters)
    assert "KMSKeyArn" in await change(control, made, **key)
    reset = await change(control, made, KMSKeyArn="")
    assert "KMSKeyArn" not in reset
    assert reset["FilterCriteria"] == filters["FilterCriteria"]
