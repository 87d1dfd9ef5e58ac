"""Settings of event source mappings that do not go together, and access to sources."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from mapping_requests import (
    ARNS,
    PATTERN,
    PLACE,
    SECRET,
    change,
    create,
    read,
    refusal,
    unsupported,
)

from lambdad.domain.event_sources import SourceKind

OWN = SourceKind.SELF_MANAGED_KAFKA


# --- values that do not go together -------------------------------------------------------------------

BATCH = "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
AGE = "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)"
LAMBDA = f"arn:aws:lambda:{PLACE}:function:f"
REFUSED: list[tuple[SourceKind, dict[str, Any], str]] = [
    (SourceKind.SQS, {"BatchSize": 11}, BATCH),
    (SourceKind.SQS_FIFO, {"BatchSize": 11}, BATCH),
    (
        SourceKind.SQS_FIFO,
        {"BatchSize": 100, "MaximumBatchingWindowInSeconds": 5},
        "Batching window is not supported for FIFO queues",
    ),
    (SourceKind.KINESIS, {"MaximumRecordAgeInSeconds": 59}, AGE),
    (SourceKind.MSK, {"MaximumRecordAgeInSeconds": 0}, AGE),
    (
        SourceKind.KINESIS,
        {"DestinationConfig": {"OnSuccess": {"Destination": LAMBDA}}},
        "Unsupported DestinationConfig parameter for given event source mapping type.",
    ),
    (
        SourceKind.KINESIS,
        {"DestinationConfig": {"OnFailure": {"Destination": LAMBDA}}},
        (
            "The provided destination config DestinationConfig(onSuccess=null, "
            f"onFailure=OnFailure(destination={LAMBDA})) is invalid."
        ),
    ),
    (
        SourceKind.DYNAMODB,
        {"DestinationConfig": {"OnFailure": {"Destination": "kafka://topic"}}},
        (
            "The provided destination config DestinationConfig(onSuccess=null, "
            "onFailure=OnFailure(destination=kafka://topic)) is invalid."
        ),
    ),
    (
        SourceKind.MSK,
        {"Topics": ["mine"], "DestinationConfig": {"OnFailure": {"Destination": "kafka://mine"}}},
        (
            "The on-failure destination kafka://mine is a topic that the event source mapping reads. "
            "Name another topic of the cluster."
        ),
    ),
    (
        SourceKind.SQS,
        {"FilterCriteria": {"Filters": [{"Pattern": PATTERN}] * 6}},
        "Filter criteria cannot have more than 5 filters.",
    ),
    (SourceKind.SQS, {"FilterCriteria": {"Filters": [{}]}}, "Invalid filter pattern definition."),
    (SourceKind.SQS, {"FilterCriteria": {"Filters": [None]}}, "Invalid filter pattern definition."),
    (
        SourceKind.SQS,
        {"ScalingConfig": {"MaximumConcurrency": 5}, "ProvisionedPollerConfig": {"MinimumPollers": 2}},
        "ProvisionedPollerConfig and ScalingConfig cannot be used together.",
    ),
    (
        SourceKind.SQS,
        {"ProvisionedPollerConfig": {"MinimumPollers": 1}},
        "MinimumPollers must be between 2 and 10000.",
    ),
    (
        SourceKind.MSK,
        {"ProvisionedPollerConfig": {"MaximumPollers": 2001}},
        "MaximumPollers must be between 1 and 2000.",
    ),
    (
        SourceKind.MSK,
        {"ProvisionedPollerConfig": {"MinimumPollers": 3, "MaximumPollers": 2}},
        "MinimumPollers cannot be greater than MaximumPollers.",
    ),
    (
        SourceKind.SQS,
        {"ProvisionedPollerConfig": {"PollerGroupName": "g"}},
        "Unsupported PollerGroupName parameter for given event source mapping type.",
    ),
    (
        SourceKind.SQS,
        {"MetricsConfig": {"Metrics": ["ErrorCount"]}},
        "Unsupported metric ErrorCount for given event source mapping type.",
    ),
    *(
        (
            SourceKind.MSK,
            {member: value},
            (
                f"{name} is only available for Provisioned Mode. "
                f"To configure {name}, please enable Provisioned Mode by specifying MinimumPollers in "
                "ProvisionedPollerConfig."
            ),
        )
        for member, name, value in (
            ("MetricsConfig", "MetricsConfig", {"Metrics": ["KafkaMetrics"]}),
            ("LoggingConfig", "LoggingConfig", {"SystemLogLevel": "WARN"}),
            (
                "AmazonManagedKafkaEventSourceConfig",
                "SchemaRegistryConfig",
                {
                    "SchemaRegistryConfig": {
                        "SchemaRegistryURI": "https://registry.example.com",
                        "EventRecordFormat": "JSON",
                        "SchemaValidationConfigs": [{"Attribute": "KEY"}],
                    }
                },
            ),
        )
    ),
    (
        SourceKind.MSK,
        {
            "AmazonManagedKafkaEventSourceConfig": {
                "SchemaRegistryConfig": {"SchemaRegistryURI": "https://r.example.com"}
            }
        },
        "Required 'eventRecordFormat' parameter is missing.",
    ),
    *(
        (
            kind,
            {"StartingPosition": "AT_TIMESTAMP"},
            "When the starting position is 'AT_TIMESTAMP', a starting position timestamp must be provided.",
        )
        for kind in (SourceKind.KINESIS, SourceKind.MSK, SourceKind.DOCUMENTDB)
    ),
    (
        SourceKind.MSK,
        {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": datetime(2100, 1, 1, tzinfo=UTC)},
        "StartingPositionTimestamp cannot be in the future.",
    ),
    (
        SourceKind.DYNAMODB,
        {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": datetime(2020, 1, 1, tzinfo=UTC)},
        f"Unsupported starting position for arn type: {ARNS[SourceKind.DYNAMODB]}",
    ),
    *(
        (
            SourceKind.SELF_MANAGED_KAFKA,
            {"SelfManagedKafkaEventSourceConfig": {"ConsumptionMode": "Queue"}} | given,
            message,
        )
        for given, message in (
            (
                {"StartingPosition": "LATEST"},
                "Unsupported 'startingPosition' parameter for given event source mapping type.",
            ),
            (
                {"MaximumBatchingWindowInSeconds": 1},
                "Unsupported 'maximumBatchingWindowInSeconds' parameter for given event source mapping type.",
            ),
            (
                {"MaximumRetryAttempts": -1},
                "MaximumRetryAttempts -1 is not supported when ConsumptionMode is Queue.",
            ),
        )
    ),
]


@pytest.mark.parametrize(("kind", "given", "message"), REFUSED)
async def test_values_that_a_kind_cannot_have_are_refused(control, kind, given, message):
    await control.create()
    assert await refusal(create(control, kind, **given)) == message
    assert (await control.ask("ListEventSourceMappings"))["EventSourceMappings"] == []


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [case for case in REFUSED if "StartingPosition" not in case[1] and "ConsumptionMode" not in str(case[1])],
)
async def test_updates_are_checked_as_creations_are(control, kind, given, message):
    await control.create()
    made = await create(control, kind)
    assert await refusal(change(control, made, **given)) == message
    assert await read(control, made) == made


async def test_a_time_to_start_from_is_kept_to_the_millisecond(control):
    await control.create()
    moment = datetime(2024, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
    given = {"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": moment}
    made = await create(control, SourceKind.KINESIS, **given)
    assert (made["StartingPosition"], made["StartingPositionTimestamp"]) == ("AT_TIMESTAMP", moment)


async def test_share_groups_have_no_position_and_do_not_retry_unless_told(control):
    await control.create()
    config = {"ConsumptionMode": "Queue"}
    made = await create(control, SourceKind.SELF_MANAGED_KAFKA, SelfManagedKafkaEventSourceConfig=config)
    assert "StartingPosition" not in made
    assert made["MaximumRetryAttempts"] == 0
    refused = change(control, made, MaximumBatchingWindowInSeconds=1)
    expected = unsupported(SourceKind.SELF_MANAGED_KAFKA, "MaximumBatchingWindowInSeconds")
    assert await refusal(refused) == expected


async def test_the_consumer_group_cannot_be_changed_but_the_schema_registry_can(control):
    await control.create()
    pollers = {"MinimumPollers": 1}
    made = await create(control, SourceKind.MSK, ProvisionedPollerConfig=pollers)
    member = "AmazonManagedKafkaEventSourceConfig"
    refused = change(control, made, **{member: {"ConsumerGroupId": made["UUID"]}})
    assert await refusal(refused) == (
        "Unsupported 'amazonManagedKafkaEventSourceConfig.consumerGroupId' parameter for given event source "
        "mapping type."
    )
    registry = {
        "SchemaRegistryURI": "https://registry.example.com",
        "EventRecordFormat": "JSON",
        "SchemaValidationConfigs": [{"Attribute": "VALUE"}],
    }
    whole = {"ConsumerGroupId": made["UUID"], "SchemaRegistryConfig": registry}
    assert (await change(control, made, **{member: {"SchemaRegistryConfig": registry}}))[member] == whole
    assert (await change(control, made, **{member: {}}))[member] == whole
    removed = await change(control, made, **{member: {"SchemaRegistryConfig": {}}})
    assert removed[member] == {"ConsumerGroupId": made["UUID"]}


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ({"DatabaseName": "my-database"}, "databaseName"),
        ({"CollectionName": "c"}, "collectionName"),
        ({"CollectionName": "c", "DatabaseName": "other"}, "databaseName, collectionName"),
    ],
)
async def test_where_documents_are_cannot_be_changed_but_what_is_sent_of_them_can(control, place, named):
    await control.create()
    made = await create(control, SourceKind.DOCUMENTDB)
    refused = change(control, made, DocumentDBEventSourceConfig=place)
    assert await refusal(refused) == f"Invalid parameters: {named}"
    changed = await change(control, made, DocumentDBEventSourceConfig={"FullDocument": "UpdateLookup"})
    assert changed["DocumentDBEventSourceConfig"] == {
        "DatabaseName": "my-database",
        "FullDocument": "UpdateLookup",
    }


# --- access to sources --------------------------------------------------------------------------------

UNKNOWN_TYPE = "Unsupported source access configurations type for given event source mapping type."
HOST = {"Type": "VIRTUAL_HOST", "URI": "/"}
SCOPE = {"Type": "OAUTHBEARER_SCOPE", "URI": "read"}
OAUTH = {"Type": "OAUTHBEARER_AUTH", "URI": SECRET["URI"]}
IAM_TOKEN = {"Type": "IAM_OAUTHBEARER_AUTH"}
AUDIENCE = {"Type": "OAUTHBEARER_AUDIENCE", "URI": "them"}


@pytest.mark.parametrize(
    ("kind", "access", "message"),
    [
        (SourceKind.MSK, [SECRET], UNKNOWN_TYPE),
        (SourceKind.DOCUMENTDB, [HOST], UNKNOWN_TYPE),
        (SourceKind.MQ, [{"URI": "u"}], UNKNOWN_TYPE),
        (SourceKind.MQ, [HOST], "BASIC_AUTH source access configuration was not provided"),
        (SourceKind.MQ, [{"Type": "BASIC_AUTH"}], "type BASIC_AUTH needs a URI."),
        (SourceKind.MQ, [SECRET, HOST, HOST], "Only one VIRTUAL_HOST can be specified."),
        (OWN, [{"Type": "IAM_AUTH", "URI": "u"}], "type IAM_AUTH takes no URI."),
        (OWN, [SCOPE], "type OAUTHBEARER_SCOPE requires OAUTHBEARER_AUTH."),
        (OWN, [AUDIENCE], "requires IAM_OAUTHBEARER_AUTH or OAUTHBEARER_AUTH."),
        (OWN, [IAM_TOKEN], "type IAM_OAUTHBEARER_AUTH requires OAUTHBEARER_AUDIENCE."),
        (OWN, [IAM_TOKEN, AUDIENCE, OAUTH], "does not support other OAUTHBEARER types"),
    ],
)
async def test_access_that_a_source_does_not_have_is_refused(control, kind, access, message):
    await control.create()
    assert message in await refusal(create(control, kind, SourceAccessConfigurations=access))


@pytest.mark.parametrize("access", [[OAUTH, SCOPE], [IAM_TOKEN, AUDIENCE], [{"Type": "IAM_AUTH"}]])
async def test_access_that_goes_together_is_kept(control, access):
    await control.create()
    made = await create(control, OWN, SourceAccessConfigurations=access)
    assert made["SourceAccessConfigurations"] == access


async def test_a_virtual_host_stays_and_cannot_be_changed(control):
    await control.create()
    made = await create(control, SourceKind.MQ, SourceAccessConfigurations=[SECRET, HOST])
    refused = change(control, made, SourceAccessConfigurations=[SECRET, HOST])
    assert await refusal(refused) == "Invalid parameters: VIRTUAL_HOST"
    emptied = change(control, made, SourceAccessConfigurations=[])
    assert await refusal(emptied) == "Invalid parameters: sourceAccessConfigurations"
    other = {"Type": "BASIC_AUTH", "URI": f"{SECRET['URI']}-2"}
    changed = await change(control, made, SourceAccessConfigurations=[other])
    assert changed["SourceAccessConfigurations"] == [other, HOST]
