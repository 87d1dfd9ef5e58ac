"""What an event source mapping of each kind takes, needs and fills in: one row per kind.

Source: the model's documentation of CreateEventSourceMapping and its members, the pages "All … event source
configuration parameters" of the developer guide, and answers recorded from AWS: by LocalStack's public suite
(tests/aws/services/lambda_/event_source_mapping: queues and both streams) and by radkawar/stackd
(testdata/aws: Kafka, MQ and DocumentDB). docs/decisions/0011-event-source-mappings.md tells what neither of
them shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lambdad.domain.event_sources import SourceKind
from lambdad.domain.limits import DEFAULT_MAX_POLLERS, MAX_KAFKA_POLLERS, MIN_QUEUE_POLLERS

TRIM_HORIZON: Final = "TRIM_HORIZON"
LATEST: Final = "LATEST"
AT_TIMESTAMP: Final = "AT_TIMESTAMP"
NO_RECORDS: Final = "No records processed"

PLAIN: Final = "Unsupported {upper} parameter for given event source mapping type."
QUOTED: Final = "Unsupported '{lower}' parameter for given event source mapping type."
LISTED: Final = "Invalid parameters: {lower}"

_COMMON: Final = frozenset({"FunctionName", "Enabled", "BatchSize", "MaximumBatchingWindowInSeconds", "Tags"})
_FROM_ARN: Final = _COMMON | {"EventSourceArn"}
_FILTERS: Final = frozenset({"FilterCriteria", "KMSKeyArn"})
_POSITION: Final = frozenset({"StartingPosition", "StartingPositionTimestamp"})
_FAILURES: Final = frozenset(
    {
        *("BisectBatchOnFunctionError", "DestinationConfig", "FunctionResponseTypes"),
        *("MaximumRecordAgeInSeconds", "MaximumRetryAttempts"),
    }
)
_QUEUE: Final = (
    _FROM_ARN
    | _FILTERS
    | {"FunctionResponseTypes", "MetricsConfig", "ProvisionedPollerConfig", "ScalingConfig"}
)
_STREAM: Final = (
    _FROM_ARN
    | _FILTERS
    | _POSITION
    | _FAILURES
    | {"MetricsConfig", "ParallelizationFactor", "TumblingWindowInSeconds"}
)
_KAFKA: Final = (
    (_FILTERS | _POSITION | _FAILURES)
    | {"Topics", "SourceAccessConfigurations"}
    | {"LoggingConfig", "MetricsConfig", "ProvisionedPollerConfig"}
)


@dataclass(frozen=True, slots=True)
class PollerBounds:
    """Provisioned pollers: the least of both bounds, what each is when not given, and the most."""

    least: int
    default_minimum: int
    default_maximum: int
    most: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What one kind of source takes.

    Attributes:
        members: of CreateEventSourceMapping that apply; the rest is refused.
        required: members that must be given, in the order of complaint.
        defaults: what is filled in and shown when not given.
        positions: starting positions; empty when it has none.
        access: types of SourceAccessConfigurations.
        needs_password: access includes BASIC_AUTH.
        metrics: that can be asked for.
        pollers: None when it has no provisioned mode.
        config: the structure with the consumer group of Kafka; None for other kinds.
        reason: StateTransitionReason of what a caller asked for.
        result: LastProcessingResult before anything was read; None when never shown.
        refusal: of a member, named ``LikeThis`` (upper) or ``likeThis`` (lower).
    """

    members: frozenset[str]
    required: tuple[str, ...]
    defaults: Mapping[str, Any]
    positions: frozenset[str] = frozenset()
    access: frozenset[str] = frozenset()
    needs_password: bool = False
    metrics: frozenset[str] = frozenset()
    pollers: PollerBounds | None = None
    config: str | None = None
    reason: str = "USER_INITIATED"
    result: str | None = NO_RECORDS
    refusal: str = QUOTED
    destinations: frozenset[str] = field(default=frozenset({"sqs", "sns", "s3"}))


_QUEUE_RULES: Final = Rules(
    members=_QUEUE,
    required=(),
    defaults={"BatchSize": 10, "FunctionResponseTypes": [], "MaximumBatchingWindowInSeconds": 0},
    metrics=frozenset({"EventCount"}),
    pollers=PollerBounds(MIN_QUEUE_POLLERS, MIN_QUEUE_POLLERS, DEFAULT_MAX_POLLERS, 10_000),
    result=None,
    refusal=PLAIN,
)

_STREAM_DEFAULTS: Final[Mapping[str, Any]] = {
    "BatchSize": 100,
    "BisectBatchOnFunctionError": False,
    "DestinationConfig": {"OnFailure": {}},
    "FunctionResponseTypes": [],
    "MaximumBatchingWindowInSeconds": 0,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}
_KAFKA_DEFAULTS: Final[Mapping[str, Any]] = {
    "BatchSize": 100,
    "BisectBatchOnFunctionError": False,
    "FunctionResponseTypes": [],
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "StartingPosition": TRIM_HORIZON,
}
_KAFKA_POLLERS: Final = PollerBounds(1, 1, DEFAULT_MAX_POLLERS, MAX_KAFKA_POLLERS)
_KAFKA_METRICS: Final = frozenset({"EventCount", "ErrorCount", "KafkaMetrics"})
_KAFKA_DESTINATIONS: Final = frozenset({"sqs", "sns", "s3", "kafka"})
_ANY_POSITION: Final = frozenset({TRIM_HORIZON, LATEST, AT_TIMESTAMP})

RULES: Final[Mapping[SourceKind, Rules]] = {
    SourceKind.SQS: _QUEUE_RULES,
    SourceKind.SQS_FIFO: _QUEUE_RULES,
    SourceKind.KINESIS: Rules(
        members=_STREAM,
        required=("StartingPosition",),
        defaults=_STREAM_DEFAULTS,
        positions=_ANY_POSITION,
        metrics=frozenset({"EventCount"}),
        reason="User action",
        refusal=PLAIN,
    ),
    SourceKind.DYNAMODB: Rules(
        members=_STREAM,
        required=("StartingPosition",),
        defaults=_STREAM_DEFAULTS,
        positions=frozenset({TRIM_HORIZON, LATEST}),
        metrics=frozenset({"EventCount"}),
        reason="User action",
        refusal=PLAIN,
    ),
    SourceKind.MSK: Rules(
        members=_FROM_ARN | _KAFKA | {"AmazonManagedKafkaEventSourceConfig"},
        required=("Topics",),
        defaults=_KAFKA_DEFAULTS,
        positions=_ANY_POSITION,
        access=frozenset({"SASL_SCRAM_512_AUTH", "CLIENT_CERTIFICATE_TLS_AUTH"}),
        metrics=_KAFKA_METRICS,
        pollers=_KAFKA_POLLERS,
        config="AmazonManagedKafkaEventSourceConfig",
        destinations=_KAFKA_DESTINATIONS,
    ),
    SourceKind.SELF_MANAGED_KAFKA: Rules(
        members=_COMMON | _KAFKA | {"SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig"},
        required=("Topics", "SourceAccessConfigurations"),
        defaults=_KAFKA_DEFAULTS,
        positions=_ANY_POSITION,
        access=frozenset(
            {
                *("BASIC_AUTH", "VPC_SUBNET", "VPC_SECURITY_GROUP", "SERVER_ROOT_CA_CERTIFICATE"),
                *("SASL_SCRAM_256_AUTH", "SASL_SCRAM_512_AUTH", "CLIENT_CERTIFICATE_TLS_AUTH"),
                *("OAUTHBEARER_AUTH", "OAUTHBEARER_SCOPE", "OAUTHBEARER_AUDIENCE"),
                *("OAUTHBEARER_LOGICAL_CLUSTER", "OAUTHBEARER_IDENTITY_POOL"),
                *("IAM_AUTH", "IAM_OAUTHBEARER_AUTH"),
            }
        ),
        metrics=_KAFKA_METRICS,
        pollers=_KAFKA_POLLERS,
        config="SelfManagedKafkaEventSourceConfig",
        destinations=_KAFKA_DESTINATIONS,
    ),
    SourceKind.MQ: Rules(
        members=_FROM_ARN | _FILTERS | {"Queues", "SourceAccessConfigurations"},
        required=("SourceAccessConfigurations", "Queues"),
        defaults={"BatchSize": 100},
        access=frozenset({"BASIC_AUTH", "VIRTUAL_HOST"}),
        needs_password=True,
    ),
    SourceKind.DOCUMENTDB: Rules(
        members=_FROM_ARN | _POSITION | {"DocumentDBEventSourceConfig", "SourceAccessConfigurations"},
        required=("SourceAccessConfigurations", "DocumentDBEventSourceConfig"),
        defaults={"BatchSize": 100, "StartingPosition": LATEST},
        positions=_ANY_POSITION,
        access=frozenset({"BASIC_AUTH"}),
        needs_password=True,
        refusal=LISTED,
    ),
}
