"""Whatever is asked of event source mappings: never our fault, never an error the model lacks, never half done."""

from __future__ import annotations

import json
from typing import Any

import botocore.loaders
from asking import helped
from bridge import ACCOUNT, Bridge
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.forms import examples

PREFIX = f"us-east-1:{ACCOUNT}"
PATH = "/2015-03-31/event-source-mappings"
SECRET = f"arn:aws:secretsmanager:{PREFIX}:secret:s"
SERVERS = {"KAFKA_BOOTSTRAP_SERVERS": ["one.example.com:9092"]}
REGISTRY = {"SchemaRegistryURI": "https://r.example.com", "EventRecordFormat": "JSON"}


def some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


NUMBERS = some(-2, -1, 0, 1, 2, 10, 11, 59, 60, 100, 200, 201, 900, 1_000, 2_001, 10_000, 10_001, 604_801)
JUNK = some(None, "", [], {}, "x", 1, True, [None], {"x": None})
MEMBERS: dict[str, st.SearchStrategy[Any]] = {
    "EventSourceArn": some(
        f"arn:aws:sqs:{PREFIX}:q",
        f"arn:aws:sqs:{PREFIX}:q.fifo",
        f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q",
        f"arn:aws:kinesis:{PREFIX}:stream/s",
        f"arn:aws:kinesis:{PREFIX}:stream/s/consumer/c:1",
        f"arn:aws:dynamodb:{PREFIX}:table/t/stream/2025-02-17T16:33:01.784",
        f"arn:aws:kafka:{PREFIX}:cluster/c/u-2",
        f"arn:aws:mq:{PREFIX}:broker:b:b-1",
        f"arn:aws:rds:{PREFIX}:cluster:c",
        f"arn:aws:sns:{PREFIX}:t",
    ),
    "FunctionName": some(
        "fn", "fn:$LATEST", "fn:1", "fn:live", "missing", f"arn:aws:lambda:{PREFIX}:function:fn"
    ),
    "SelfManagedEventSource": some({"Endpoints": SERVERS}, {"Endpoints": {}}, {}),
    "BatchSize": NUMBERS,
    "MaximumBatchingWindowInSeconds": NUMBERS,
    "ParallelizationFactor": NUMBERS,
    "MaximumRecordAgeInSeconds": NUMBERS,
    "MaximumRetryAttempts": NUMBERS,
    "TumblingWindowInSeconds": NUMBERS,
    "Enabled": st.booleans(),
    "BisectBatchOnFunctionError": st.booleans(),
    "StartingPosition": some("LATEST", "TRIM_HORIZON", "AT_TIMESTAMP", "0"),
    "StartingPositionTimestamp": some(-1, 0, 1_700_000_000, 9_999_999_999, "2024-01-01T00:00:00Z"),
    "FilterCriteria": st.fixed_dictionaries(
        {
            "Filters": st.lists(
                some({}, {"Pattern": "{}"}, {"Pattern": '{"a": [1]}'}, {"Pattern": "x"}), max_size=6
            )
        }
    ),
    "KMSKeyArn": some("", f"arn:aws:kms:{PREFIX}:key/k", "x"),
    "MetricsConfig": some({}, {"Metrics": []}, {"Metrics": ["EventCount"]}, {"Metrics": ["KafkaMetrics"]}),
    "LoggingConfig": some({}, {"SystemLogLevel": "WARN"}),
    "ScalingConfig": some({}, {"MaximumConcurrency": 2}, {"MaximumConcurrency": 1}),
    "ProvisionedPollerConfig": some(
        {}, {"MinimumPollers": 1}, {"MinimumPollers": 2, "MaximumPollers": 3}, {"PollerGroupName": "g"}
    ),
    "DestinationConfig": some(
        {},
        {"OnFailure": {}},
        {"OnFailure": {"Destination": ""}},
        {"OnFailure": {"Destination": f"arn:aws:sqs:{PREFIX}:q"}},
        {"OnFailure": {"Destination": "kafka://t"}},
        {"OnSuccess": {}},
    ),
    "FunctionResponseTypes": some([], ["ReportBatchItemFailures"]),
    "Topics": some(["topic"], []),
    "Queues": some(["queue"], []),
    "SourceAccessConfigurations": st.lists(
        some(
            {"Type": "BASIC_AUTH", "URI": SECRET},
            {"Type": "SASL_SCRAM_512_AUTH", "URI": SECRET},
            {"Type": "VIRTUAL_HOST", "URI": "/"},
            {"Type": "IAM_AUTH"},
            {"Type": "IAM_OAUTHBEARER_AUTH"},
            {"URI": SECRET},
            {},
        ),
        max_size=3,
    ),
    **dict.fromkeys(
        ("AmazonManagedKafkaEventSourceConfig", "SelfManagedKafkaEventSourceConfig"),
        some(
            {},
            {"ConsumerGroupId": "g"},
            {"SchemaRegistryConfig": {}},
            {"SchemaRegistryConfig": REGISTRY},
            {"SchemaRegistryConfig": REGISTRY | {"SchemaValidationConfigs": [{"Attribute": "KEY"}]}},
            {"ConsumptionMode": "Queue"},
        ),
    ),
    "DocumentDBEventSourceConfig": some({}, {"DatabaseName": "d"}, {"CollectionName": "c"}),
    "Tags": some({}, {"a": "b"}, {"aws:a": "b"}),
}
ACCESS = {"SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": SECRET}]}
GOOD = [
    {"FunctionName": "fn"} | rest
    for rest in (
        {"EventSourceArn": f"arn:aws:sqs:{PREFIX}:q"},
        {"EventSourceArn": f"arn:aws:sqs:{PREFIX}:q.fifo"},
        {"EventSourceArn": f"arn:aws:kinesis:{PREFIX}:stream/s", "StartingPosition": "LATEST"},
        {"EventSourceArn": f"arn:aws:kafka:{PREFIX}:cluster/c/u-2", "Topics": ["topic"]},
        {"SelfManagedEventSource": {"Endpoints": SERVERS}, "Topics": ["topic"]} | ACCESS,
        {"EventSourceArn": f"arn:aws:mq:{PREFIX}:broker:b:b-1", "Queues": ["queue"]} | ACCESS,
        {
            "EventSourceArn": f"arn:aws:rds:{PREFIX}:cluster:c",
            "DocumentDBEventSourceConfig": {"DatabaseName": "d"},
        }
        | ACCESS,
    )
]
SOME_MEMBERS = st.lists(some(*MEMBERS), unique=True, max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: MEMBERS[name] for name in names})
)
BROKEN = SOME_MEMBERS | st.dictionaries(some(*MEMBERS), JUNK, max_size=1)
CREATIONS = st.builds(lambda good, rest: {**good, **rest}, some({}, *GOOD), BROKEN)
MODEL = botocore.loaders.Loader().load_service_model("lambda", "service-2")
UNMODELLED = {"ValidationException", "SerializationException"}
STATES = {"Creating", "Enabled", "Disabled", "Enabling", "Disabling", "Updating"}
ERRORS = {
    operation: {error["shape"] for error in MODEL["operations"][operation]["errors"]} | UNMODELLED
    for operation in ("CreateEventSourceMapping", "UpdateEventSourceMapping")
}


def test_the_members_are_those_of_the_model():
    assert MEMBERS.keys() == MODEL["shapes"]["CreateEventSourceMappingRequest"]["members"].keys()


def ask(aws: Bridge, operation: str, method: str, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """The mapping answered; None for an error, which must be one of the model's and of the caller's making."""
    response = aws.ask(method, path, json.dumps(body).encode())
    assert response.status < 500, body
    if response.status == 202:
        answered: dict[str, Any] = json.loads(response.body)
        return answered
    headers = {name.lower(): value for name, value in response.headers}
    assert headers["x-amzn-errortype"] in ERRORS[operation], (headers, body)
    return None


def listed(aws: Bridge) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(aws.ask("GET", PATH).body)["EventSourceMappings"]
    return found


@settings(deadline=None, max_examples=examples(200))
@given(st.lists(CREATIONS, min_size=1, max_size=3), st.lists(BROKEN, max_size=2))
def test_every_request_is_answered_and_nothing_is_half_made(creations, updates):
    with Bridge() as aws:
        helped(aws, "fn")
        made = [ask(aws, "CreateEventSourceMapping", "POST", PATH, one) for one in creations]
        there = {mapping["UUID"]: mapping for mapping in made if mapping is not None}
        assert {mapping["UUID"]: mapping for mapping in listed(aws)} == there
        for uuid in list(there):
            for one in updates:
                aws.settle()
                there[uuid] = json.loads(aws.ask("GET", f"{PATH}/{uuid}").body)
                after = ask(aws, "UpdateEventSourceMapping", "PUT", f"{PATH}/{uuid}", one)
                there[uuid] = after or there[uuid]
            assert json.loads(aws.ask("GET", f"{PATH}/{uuid}").body) == there[uuid]
            assert there[uuid]["State"] in STATES
