"""Event source mappings of Kafka, MQ and DocumentDB through boto3, in AWS's words.

The requests and answers are those that radkawar/stackd recorded from AWS in September and October 2026: its files
testdata/aws/lambda/{self_managed_kafka,msk,documentdb}_admission.json and filter_kms_native.json, and
testdata/aws/cloudformation/lambda_{self_managed_kafka,mq,documentdb}_mapping*.json. All were disabled, so that nothing
is different of them here. Answers about secrets and clusters that are not there have no counterpart yet.
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
FUNCTION = f"arn:aws:lambda:{PREFIX}:function:{FN}"
QUEUE = f"arn:aws:sqs:{PREFIX}:my-queue"
CLUSTER = f"arn:aws:kafka:{PREFIX}:cluster/my-cluster/1abef48b-2cd1-4609-8327-bd239c4b8304-2"
BROKER = f"arn:aws:mq:{PREFIX}:broker:my-broker:b-46a60cbc-a0e4-401d-95d6-1bccea3c827e"
DOCUMENTS = f"arn:aws:rds:{PREFIX}:cluster:my-documents"
SECRET = f"arn:aws:secretsmanager:{PREFIX}:secret:mine-AbCdEf"
OTHER_SECRET = f"arn:aws:secretsmanager:{PREFIX}:secret:other-7WKTGm"
SERVERS = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["kafka.example.com:9092"]}}
SCRAM = [{"Type": "SASL_SCRAM_512_AUTH", "URI": SECRET}]
BASIC = [{"Type": "BASIC_AUTH", "URI": SECRET}]
HOST = {"Type": "VIRTUAL_HOST", "URI": "owned-never-created"}
CONFIG = {"DatabaseName": "owned", "CollectionName": "events", "FullDocument": "Default"}

CLUSTER_MAPPING: dict[str, Any] = {
    "EventSourceArn": CLUSTER,
    "Topics": ["owned-topic"],
    "StartingPosition": "TRIM_HORIZON",
}
OWN_MAPPING: dict[str, Any] = {
    "SelfManagedEventSource": SERVERS,
    "Topics": ["owned-topic"],
    "StartingPosition": "TRIM_HORIZON",
}
DOCUMENT_MAPPING: dict[str, Any] = {
    "EventSourceArn": DOCUMENTS,
    "StartingPosition": "LATEST",
    "SourceAccessConfigurations": BASIC,
    "DocumentDBEventSourceConfig": CONFIG,
}
TOPIC_RULE = (
    "1 validation error detected: Value '[bad/topic]' at 'topics' failed to satisfy constraint: Member must "
    "satisfy constraint: [Member must have length less than or equal to 249, Member must have length greater "
    r"than or equal to 1, Member must satisfy regular expression pattern: [^.]([a-zA-Z0-9\-_.]+), Member must "
    "not be null]"
)
TOPICS_RULE = (
    "1 validation error detected: Value '[one, two]' at 'topics' failed to satisfy constraint: Member must "
    "have length less than or equal to 1"
)
ENDPOINTS_RULE = (
    "1 validation error detected: Value '{}' at 'selfManagedEventSource.endpoints' failed to satisfy "
    "constraint: Member must have length greater than or equal to 1"
)
NO_TIMESTAMP = "When the starting position is 'AT_TIMESTAMP', a starting position timestamp must be provided."
NO_TOPICS = "Required 'topics' parameter is missing."
NO_ACCESS = "Required 'sourceAccessConfigurations' parameter is missing."
OF_TYPE = "parameter for given event source mapping type."

WITHOUT = object()
"""In place of a value: the member is not given."""


def create(aws: Bridge, mapping: dict[str, Any], **given: Any) -> Any:
    members = {"FunctionName": FN, "Enabled": False} | mapping | given
    members = {name: value for name, value in members.items() if value is not WITHOUT}
    return answer(aws.client.create_event_source_mapping, **members)


def shown(response: Any) -> dict[str, Any]:
    """Of a mapping, without what differs with each."""
    assert isinstance(response.pop("LastModified"), dt.datetime)
    uuid = response.pop("UUID")
    assert response.pop("EventSourceMappingArn") == f"arn:aws:lambda:{PREFIX}:event-source-mapping:{uuid}"
    response.pop("ResponseMetadata", None)
    return dict(response)


def said(response: Any) -> tuple[str, str]:
    return response["Error"]["Code"], response["Error"]["Message"]


@pytest.mark.parametrize(
    ("mapping", "given", "message"),
    [
        (OWN_MAPPING, {"Topics": WITHOUT}, NO_TOPICS),
        (OWN_MAPPING, {}, NO_ACCESS),
        (OWN_MAPPING, {"StartingPosition": WITHOUT}, NO_ACCESS),
        (OWN_MAPPING, {"StartingPosition": "AT_TIMESTAMP"}, NO_ACCESS),
        (OWN_MAPPING, {"StartingPositionTimestamp": 1}, NO_ACCESS),
        (OWN_MAPPING, {"Queues": ["queue"]}, NO_ACCESS),
        (OWN_MAPPING, {"EventSourceArn": CLUSTER}, f"Unsupported 'selfManagedEventSource' {OF_TYPE}"),
        (CLUSTER_MAPPING, {"Topics": WITHOUT}, NO_TOPICS),
        (CLUSTER_MAPPING, {"StartingPosition": "AT_TIMESTAMP"}, NO_TIMESTAMP),
        (CLUSTER_MAPPING, {"Queues": ["queue"]}, f"Unsupported 'queues' {OF_TYPE}"),
        (
            DOCUMENT_MAPPING,
            {"DocumentDBEventSourceConfig": WITHOUT},
            "Invalid parameters: documentDBEventSourceConfig, databaseName",
        ),
        (
            DOCUMENT_MAPPING,
            {"DocumentDBEventSourceConfig": {"CollectionName": "events"}},
            "Invalid parameters: databaseName",
        ),
        (
            DOCUMENT_MAPPING,
            {"SourceAccessConfigurations": WITHOUT},
            "Invalid parameters: sourceAccessConfigurations, sourceAccessConfigurations",
        ),
        (DOCUMENT_MAPPING, {"StartingPosition": "AT_TIMESTAMP"}, NO_TIMESTAMP),
        (
            DOCUMENT_MAPPING,
            {"FilterCriteria": {"Filters": [{"Pattern": '{"event":{"operationType":["insert"]}}'}]}},
            "Invalid parameters: filterCriteria",
        ),
        (
            DOCUMENT_MAPPING,
            {"FunctionResponseTypes": ["ReportBatchItemFailures"]},
            "Invalid parameters: functionResponseTypes",
        ),
    ],
)
def test_refusals_are_awss(aws: Bridge, mapping: dict[str, Any], given: dict[str, Any], message: str):
    helped(aws, FN)
    assert said(create(aws, mapping, **given)) == ("InvalidParameterValueException", message)


@pytest.mark.parametrize("mapping", [OWN_MAPPING, CLUSTER_MAPPING])
@pytest.mark.parametrize(("topics", "message"), [(["one", "two"], TOPICS_RULE), (["bad/topic"], TOPIC_RULE)])
def test_topics_are_checked_by_the_model(
    aws: Bridge, mapping: dict[str, Any], topics: list[str], message: str
):
    helped(aws, FN)
    assert said(create(aws, mapping, Topics=topics)) == ("ValidationException", message)


def test_endpoints_are_checked_by_the_model(aws: Bridge):
    helped(aws, FN)
    refused = create(aws, OWN_MAPPING, SelfManagedEventSource={"Endpoints": {}})
    assert said(refused) == ("ValidationException", ENDPOINTS_RULE)


def test_a_mapping_of_a_self_managed_cluster_is_answered_exactly_as_by_aws(aws: Bridge):
    helped(aws, FN)
    config = {"ConsumerGroupId": "mine"}
    given = {"SourceAccessConfigurations": SCRAM, "SelfManagedKafkaEventSourceConfig": config}
    assert shown(create(aws, OWN_MAPPING, StartingPosition="LATEST", **given)) == {
        "BatchSize": 100,
        "BisectBatchOnFunctionError": False,
        "FunctionArn": FUNCTION,
        "FunctionResponseTypes": [],
        "LastProcessingResult": "No records processed",
        "MaximumRecordAgeInSeconds": -1,
        "MaximumRetryAttempts": -1,
        "SelfManagedEventSource": SERVERS,
        "SelfManagedKafkaEventSourceConfig": config,
        "SourceAccessConfigurations": SCRAM,
        "StartingPosition": "LATEST",
        "State": "Disabled",
        "StateTransitionReason": "USER_INITIATED",
        "Topics": ["owned-topic"],
    }


def test_a_cluster_feeds_a_function_and_a_group_once(aws: Bridge):
    helped(aws, FN)
    config = "SelfManagedKafkaEventSourceConfig"
    given = {"SourceAccessConfigurations": SCRAM, config: {"ConsumerGroupId": "mine"}}
    uuid = create(aws, OWN_MAPPING, **given)["UUID"]
    source = 'event source ("kafka.example.com:9092")'
    update = f"Please update or delete the existing mapping with UUID {uuid}"
    again = create(aws, OWN_MAPPING, **given)
    assert said(again) == (
        "ResourceConflictException",
        (
            f"An event source mapping with {source}, selfManagedKafkaEventSourceConfig.consumerGroupId "
            f'("mine") already exists. {update}'
        ),
    )
    given[config] = {"ConsumerGroupId": "another"}
    assert said(create(aws, OWN_MAPPING, **given)) == (
        "ResourceConflictException",
        (
            f'An event source mapping with {source}, function ("{FUNCTION}"), topics ("owned-topic") already '
            f"exists. {update}"
        ),
    )


def test_metrics_of_kafka_need_provisioned_mode(aws: Bridge):
    helped(aws, FN)
    uuid = create(aws, OWN_MAPPING, SourceAccessConfigurations=SCRAM)["UUID"]
    update = aws.client.update_event_source_mapping
    refused = answer(update, UUID=uuid, MetricsConfig={"Metrics": ["EventCount"]})
    assert said(refused) == (
        "InvalidParameterValueException",
        (
            "MetricsConfig is only available for Provisioned Mode. To configure MetricsConfig, please enable "
            "Provisioned Mode by specifying MinimumPollers in ProvisionedPollerConfig."
        ),
    )


def test_the_virtual_host_of_a_broker_stays(aws: Bridge):
    helped(aws, FN)
    expected = {
        "BatchSize": 100,
        "EventSourceArn": BROKER,
        "FunctionArn": FUNCTION,
        "LastProcessingResult": "No records processed",
        "Queues": ["never-created"],
        "SourceAccessConfigurations": [*BASIC, HOST],
        "State": "Disabled",
        "StateTransitionReason": "USER_INITIATED",
    }
    mapping = {"EventSourceArn": BROKER, "Queues": ["never-created"]}
    made = create(aws, mapping, SourceAccessConfigurations=[*BASIC, HOST])
    uuid = made["UUID"]
    assert shown(made) == expected
    update = aws.client.update_event_source_mapping
    for host in (HOST, HOST | {"URI": "/"}):
        refused = answer(update, UUID=uuid, Enabled=False, SourceAccessConfigurations=[*BASIC, host])
        assert said(refused) == ("InvalidParameterValueException", "Invalid parameters: VIRTUAL_HOST")
    refused = answer(update, UUID=uuid, SourceAccessConfigurations=[])
    assert said(refused) == (
        "InvalidParameterValueException",
        "Invalid parameters: sourceAccessConfigurations",
    )
    other = {"Type": "BASIC_AUTH", "URI": OTHER_SECRET}
    changed = update(UUID=uuid, Enabled=False, SourceAccessConfigurations=[other])
    expected["SourceAccessConfigurations"] = [other, HOST]
    assert shown(changed) == expected
    removed = aws.client.delete_event_source_mapping(UUID=uuid)
    assert shown(removed) == expected | {"State": "Deleting"}


def test_a_mapping_of_documents_is_answered_exactly_as_by_aws(aws: Bridge):
    helped(aws, FN)
    config = CONFIG | {"FullDocument": "UpdateLookup"}
    assert shown(create(aws, DOCUMENT_MAPPING, DocumentDBEventSourceConfig=config)) == {
        "BatchSize": 100,
        "DocumentDBEventSourceConfig": config,
        "EventSourceArn": DOCUMENTS,
        "FunctionArn": FUNCTION,
        "LastProcessingResult": "No records processed",
        "SourceAccessConfigurations": BASIC,
        "StartingPosition": "LATEST",
        "State": "Disabled",
        "StateTransitionReason": "USER_INITIATED",
    }


def test_positions_that_are_not_given_are_awss(aws: Bridge):
    helped(aws, FN)
    made = create(aws, CLUSTER_MAPPING, StartingPosition=WITHOUT)
    assert made["StartingPosition"] == "TRIM_HORIZON"
    made = create(aws, DOCUMENT_MAPPING, StartingPosition=WITHOUT)
    assert made["StartingPosition"] == "LATEST"


def test_encrypted_filters_are_listed_without_them(aws: Bridge):
    helped(aws, FN)
    key = f"arn:aws:kms:{PREFIX}:key/0f2a5770-ffd0-4fe0-b66d-11b8b7b1fda2"
    filters = {"Filters": [{"Pattern": '{"body":{"secret":["keep"]}}'}]}
    made = create(aws, {"EventSourceArn": QUEUE}, FilterCriteria=filters, KMSKeyArn=key)
    uuid, whole = made["UUID"], shown(made)
    plain = {
        "BatchSize": 10,
        "EventSourceArn": QUEUE,
        "FunctionArn": FUNCTION,
        "FunctionResponseTypes": [],
        "MaximumBatchingWindowInSeconds": 0,
        "State": "Disabled",
        "StateTransitionReason": "USER_INITIATED",
    }
    assert whole == plain | {"FilterCriteria": filters, "KMSKeyArn": key}
    [listed] = aws.client.list_event_source_mappings(FunctionName=FN)["EventSourceMappings"]
    assert shown(listed) == plain | {"KMSKeyArn": key}
    update = aws.client.update_event_source_mapping
    assert shown(update(UUID=uuid, KMSKeyArn="")) == plain | {"FilterCriteria": filters}
    assert shown(update(UUID=uuid, KMSKeyArn=key)) == whole
    assert shown(update(UUID=uuid, FilterCriteria={})) == plain
    assert shown(update(UUID=uuid, FilterCriteria=filters)) == plain | {"FilterCriteria": filters}
    assert shown(update(UUID=uuid, FilterCriteria={}, KMSKeyArn=key)) == plain
    assert shown(update(UUID=uuid, KMSKeyArn=key)) == plain
