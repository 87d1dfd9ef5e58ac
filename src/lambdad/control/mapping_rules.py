"""What AWS refuses about the settings of an event source mapping, beyond the model; pure.

Texts without another source are lambdad's own: AWS's are not public.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from lambdad.control.mapping_kinds import AT_TIMESTAMP, LISTED, RULES, Rules
from lambdad.domain.arn import service_of
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.event_pattern import is_pattern
from lambdad.domain.event_source_mapping import on_failure_of
from lambdad.domain.event_sources import SourceKind
from lambdad.domain.limits import MAX_FILTERS, MAX_RECORD_AGE_S, MIN_RECORD_AGE_S, UNWINDOWED_BATCH

Settings = Mapping[str, Any]

_QUEUES: Final = frozenset({SourceKind.SQS, SourceKind.SQS_FIFO})
_TOPIC: Final = "kafka://"
_STREAMS: Final = frozenset({SourceKind.KINESIS, SourceKind.DYNAMODB})


def check_members(kind: SourceKind, params: Mapping[str, Any], *, but: Iterable[str] = ()) -> None:
    """Refuse members that do not apply to a kind of source.

    Args:
        kind: of the source.
        params: of a create or update.
        but: members of the request that no kind decides on.

    Raises:
        InvalidParameter: the first one; all of them for DocumentDB.

    Source: node-lambda issue 466 and test_create_starting_position_validation_exceptions[sqs] for positions;
        serverless issue 7049 and LocalStack (OnSuccess) for the words of queues and streams,
        radkawar/stackd's recordings for those of Kafka and DocumentDB.
    """
    known = RULES[kind].members.union(but)
    unknown = [member for member in params if member not in known]
    if not unknown:
        return
    if kind in _QUEUES and unknown[0].startswith("StartingPosition"):
        raise InvalidParameter("StartingPosition is not valid for SQS event sources.")
    raise invalid(unknown) if kind is SourceKind.DOCUMENTDB else unsupported(RULES[kind], unknown[0])


def unsupported(rules: Rules, member: str) -> InvalidParameter:
    """The refusal of a member, in the words the kind has for it."""
    return InvalidParameter(rules.refusal.format(upper=member, lower=_lower(member)))


def invalid(members: Sequence[str]) -> InvalidParameter:
    """The refusal of several members at once."""
    return InvalidParameter(LISTED.format(lower=", ".join(_lower(member) for member in members)))


def _lower(member: str) -> str:
    return member[:1].lower() + member[1:]


def check_required(kind: SourceKind, params: Mapping[str, Any]) -> None:
    """Refuse a creation without what the kind needs.

    Raises:
        InvalidParameter: names the member.

    Source: LocalStack's provider, for streams (test_create_event_source_validation is run against AWS);
        radkawar/stackd's recordings for Kafka and DocumentDB; MQ's words after those of Kafka.
    """
    if kind is SourceKind.DOCUMENTDB:
        _check_documents(params)
    for member in RULES[kind].required:
        if params.get(member):
            continue
        name = _lower(member)
        if kind in _STREAMS:
            raise InvalidParameter(
                f"1 validation error detected: Value null at '{name}' failed to satisfy constraint: "
                "Member must not be null."
            )
        raise InvalidParameter(f"Required '{name}' parameter is missing.")


def _check_documents(params: Mapping[str, Any]) -> None:
    """DocumentDB is told all that is missing, and access twice: it is not there, and not BASIC_AUTH."""
    config = params.get("DocumentDBEventSourceConfig")
    missing = [] if params.get("SourceAccessConfigurations") else ["SourceAccessConfigurations"] * 2
    missing += ["DocumentDBEventSourceConfig"] if config is None else []
    missing += [] if config and "DatabaseName" in config else ["DatabaseName"]
    if missing:
        raise invalid(missing)


def check_position(kind: SourceKind, arn: str | None, params: Mapping[str, Any], now_s: float) -> None:
    """Refuse a starting position that the kind does not have, and a time that does not fit.

    Args:
        kind: of the source.
        arn: of the source.
        params: of a creation.
        now_s: seconds since the epoch.

    Raises:
        InvalidParameter: in AWS's words. Source: LocalStack's recordings
            test_create_starting_position_validation_exceptions; radkawar/stackd's for the missing timestamp;
            the words about the future are lambdad's own.
    """
    position, moment = params.get("StartingPosition"), params.get("StartingPositionTimestamp")
    if position is not None and position not in RULES[kind].positions:
        raise InvalidParameter(f"Unsupported starting position for arn type: {arn}")
    if position != AT_TIMESTAMP:
        if moment is not None:
            raise InvalidParameter("Timestamp only valid with StartingPosition AT_TIMESTAMP")
        return
    if moment is None:
        raise InvalidParameter(
            "When the starting position is 'AT_TIMESTAMP', a starting position timestamp must be provided."
        )
    if moment.timestamp() < 0:
        raise InvalidParameter(
            "Received Exception while reading from provided stream. "
            "class java.lang.Long can not be converted to a Timestamp"
        )
    if moment.timestamp() > now_s:
        raise InvalidParameter("StartingPositionTimestamp cannot be in the future.")


def check_settings(kind: SourceKind, settings: Settings) -> None:
    """Refuse settings, as they would be after a create or update, that do not go together.

    Raises:
        InvalidParameter: in AWS's words where they are known.
    """
    rules = RULES[kind]
    _check_batch(kind, settings)
    _check_record_age(settings)
    _check_pollers(rules, settings)
    _check_modes(rules, settings)
    _check_topics(settings)


def check_filters(criteria: Mapping[str, Any]) -> None:
    """Refuse filters that are no patterns, or too many.

    Raises:
        InvalidParameter: in AWS's words. Source: LocalStack's recordings test_sqs_invalid_event_filter; the
            words about too many are lambdad's own.
    """
    filters = criteria.get("Filters") or ()
    if len(filters) > MAX_FILTERS:
        raise InvalidParameter(f"Filter criteria cannot have more than {MAX_FILTERS} filters.")
    if not all(one and is_pattern(one.get("Pattern") or "") for one in filters):
        raise InvalidParameter("Invalid filter pattern definition.")


def check_destination(rules: Rules, config: Mapping[str, Any]) -> None:
    """Refuse destinations of successes, and failures' that are of no service the kind can send to.

    Raises:
        InvalidParameter: in AWS's words. Source: LocalStack's provider for OnSuccess; those of an invalid
            destination are recorded of event invoke configurations (EventInvokeConfig
            test_lambda_eventinvokeconfig_exceptions).
    """
    if "OnSuccess" in config:
        raise unsupported(rules, "DestinationConfig")
    target = on_failure_of(config)
    if not target:
        return
    service = "kafka" if target.startswith(_TOPIC) else service_of(target)
    if service not in rules.destinations:
        raise InvalidParameter(
            "The provided destination config DestinationConfig(onSuccess=null, "
            f"onFailure=OnFailure(destination={target})) is invalid."
        )


def check_metrics(rules: Rules, config: Mapping[str, Any]) -> None:
    """Refuse metrics that only other kinds have.

    Raises:
        InvalidParameter: names the metric.
    """
    for metric in config.get("Metrics") or ():
        if metric not in rules.metrics:
            raise InvalidParameter(f"Unsupported metric {metric} for given event source mapping type.")


def _check_batch(kind: SourceKind, settings: Settings) -> None:
    """Source: aws-lambda-dotnet pull request 1758 (FIFO); spec, and chalice issue 1778."""
    window = settings.get("MaximumBatchingWindowInSeconds", 0)
    if kind is SourceKind.SQS_FIFO and window > 0:
        raise InvalidParameter("Batching window is not supported for FIFO queues")
    if kind in _QUEUES and settings["BatchSize"] > UNWINDOWED_BATCH and window == 0:
        raise InvalidParameter(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )


def _check_record_age(settings: Settings) -> None:
    """Source: terraform-provider-aws pull request 16113."""
    age = settings.get("MaximumRecordAgeInSeconds", -1)
    if age != -1 and not MIN_RECORD_AGE_S <= age <= MAX_RECORD_AGE_S:
        raise InvalidParameter(
            f"MaximumRecordAgeInSeconds must be either -1 (forever) or between {MIN_RECORD_AGE_S} "
            f"and {MAX_RECORD_AGE_S} (inclusive)"
        )


def _check_pollers(rules: Rules, settings: Settings) -> None:
    config, bounds = settings.get("ProvisionedPollerConfig"), rules.pollers
    if config is None or bounds is None:
        return
    for member in ("MinimumPollers", "MaximumPollers"):
        if not bounds.least <= config[member] <= bounds.most:
            raise InvalidParameter(f"{member} must be between {bounds.least} and {bounds.most}.")
    if config["MinimumPollers"] > config["MaximumPollers"]:
        raise InvalidParameter("MinimumPollers cannot be greater than MaximumPollers.")
    if rules.config is None and "PollerGroupName" in config:
        raise unsupported(rules, "PollerGroupName")
    if "ScalingConfig" in settings:
        raise InvalidParameter("ProvisionedPollerConfig and ScalingConfig cannot be used together.")


def _check_modes(rules: Rules, settings: Settings) -> None:
    """What Kafka has in provisioned mode only.

    Source: developer guide, "Using schema registries with Kafka event sources"; the words for metrics as
        radkawar/stackd recorded them, those of the others after them.
    """
    if rules.config is None or "ProvisionedPollerConfig" in settings:
        return
    config = settings.get(rules.config) or {}
    for member in ("MetricsConfig", "LoggingConfig", "SchemaRegistryConfig"):
        if member in settings or member in config:
            raise InvalidParameter(
                f"{member} is only available for Provisioned Mode. "
                f"To configure {member}, please enable Provisioned Mode by specifying MinimumPollers in "
                "ProvisionedPollerConfig."
            )


def _check_topics(settings: Settings) -> None:
    """Refuse failures that would be read again.

    Source: developer guide, "Using a Kafka topic as an on-failure destination" (recursion prevention).
    """
    target = on_failure_of(settings.get("DestinationConfig"))
    topic = target.removeprefix(_TOPIC)
    if target.startswith(_TOPIC) and topic in (settings.get("Topics") or ()):
        raise InvalidParameter(
            f"The on-failure destination {target} is a topic that the event source mapping reads. "
            "Name another topic of the cluster."
        )
