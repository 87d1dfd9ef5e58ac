"""A mapping of each kind of event source, asked for as the smallest request that is taken."""

from __future__ import annotations

from typing import Any

import pytest

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.scope import Scope

HERE = Scope("111111111111", "eu-central-1")
PLACE = "eu-central-1:111111111111"
SECRET = {"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:eu-central-1:111111111111:secret:s"}
SERVERS = ["one.example.com:9092", "two.example.com:9092"]

ARNS = {
    SourceKind.SQS: f"arn:aws:sqs:{PLACE}:my-queue",
    SourceKind.SQS_FIFO: f"arn:aws:sqs:{PLACE}:my-queue.fifo",
    SourceKind.KINESIS: f"arn:aws:kinesis:{PLACE}:stream/my.stream",
    SourceKind.DYNAMODB: f"arn:aws:dynamodb:{PLACE}:table/my-table/stream/2025-02-17T16:33:01.784",
    SourceKind.MSK: f"arn:aws:kafka:{PLACE}:cluster/my-cluster/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f-2",
    SourceKind.MQ: f"arn:aws:mq:{PLACE}:broker:my-broker:b-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
    SourceKind.DOCUMENTDB: f"arn:aws:rds:{PLACE}:cluster:my-cluster",
}
NEEDED: dict[SourceKind, dict[str, Any]] = {
    SourceKind.SQS: {},
    SourceKind.SQS_FIFO: {},
    SourceKind.KINESIS: {"StartingPosition": "LATEST"},
    SourceKind.DYNAMODB: {"StartingPosition": "LATEST"},
    SourceKind.MSK: {"Topics": ["my-topic"]},
    SourceKind.SELF_MANAGED_KAFKA: {
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": SERVERS}},
        "SourceAccessConfigurations": [SECRET],
        "Topics": ["my-topic"],
    },
    SourceKind.MQ: {"Queues": ["my-queue"], "SourceAccessConfigurations": [SECRET]},
    SourceKind.DOCUMENTDB: {
        "DocumentDBEventSourceConfig": {"DatabaseName": "my-database"},
        "SourceAccessConfigurations": [SECRET],
    },
}
PATTERN = '{"body": {"kind": ["a"]}}'
QUEUES = (SourceKind.SQS, SourceKind.SQS_FIFO)
STREAMS = (SourceKind.KINESIS, SourceKind.DYNAMODB)
KAFKA = (SourceKind.MSK, SourceKind.SELF_MANAGED_KAFKA)
OTHERS = (SourceKind.MQ, SourceKind.DOCUMENTDB)

VALUES: dict[str, Any] = {
    "AmazonManagedKafkaEventSourceConfig": {"ConsumerGroupId": "mine"},
    "BisectBatchOnFunctionError": True,
    "DestinationConfig": {"OnFailure": {"Destination": f"arn:aws:sqs:{PLACE}:failed"}},
    "DocumentDBEventSourceConfig": {"DatabaseName": "my-database", "FullDocument": "UpdateLookup"},
    "FilterCriteria": {"Filters": [{"Pattern": PATTERN}]},
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
    "KMSKeyArn": f"arn:aws:kms:{PLACE}:key/k",
    "LoggingConfig": {"SystemLogLevel": "DEBUG"},
    "MaximumBatchingWindowInSeconds": 7,
    "MaximumRecordAgeInSeconds": 60,
    "MaximumRetryAttempts": 3,
    "MetricsConfig": {"Metrics": ["EventCount"]},
    "ParallelizationFactor": 10,
    "ProvisionedPollerConfig": {"MinimumPollers": 3, "MaximumPollers": 5},
    "Queues": ["my-queue"],
    "ScalingConfig": {"MaximumConcurrency": 2},
    "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "mine"},
    "SourceAccessConfigurations": [SECRET],
    "StartingPosition": "TRIM_HORIZON",
    "Topics": ["my-topic"],
    "TumblingWindowInSeconds": 900,
}
"""One good value of each member that only some kinds take."""


async def create(control, kind, scope=HERE, **given):
    members: dict[str, Any] = {"FunctionName": "fn"} | NEEDED[kind]
    if kind in ARNS:
        members["EventSourceArn"] = ARNS[kind]
    return await control.ask("CreateEventSourceMapping", scope, **(members | given))


async def change(control, mapping, **given):
    return await control.ask("UpdateEventSourceMapping", UUID=mapping["UUID"], **given)


async def read(control, mapping):
    return await control.ask("GetEventSourceMapping", UUID=mapping["UUID"])


def unsupported(kind, member):
    lower = f"{member[:1].lower()}{member[1:]}"
    if kind is SourceKind.DOCUMENTDB:
        return f"Invalid parameters: {lower}"
    named = member if kind in QUEUES + STREAMS else f"'{lower}'"
    return f"Unsupported {named} parameter for given event source mapping type."


async def refusal(work):
    with pytest.raises(InvalidParameter) as refused:
        await work
    return str(refused.value)
