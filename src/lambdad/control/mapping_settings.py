"""The settings of an event source mapping from a create or an update; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from lambdad.control.mapping_access import changed_access, check_access
from lambdad.control.mapping_kinds import RULES, Rules
from lambdad.control.mapping_rules import (
    Settings,
    check_destination,
    check_filters,
    check_members,
    check_metrics,
    check_position,
    check_required,
    check_settings,
    invalid,
    unsupported,
)
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.event_source_mapping import EventSourceMapping, on_failure_of
from lambdad.domain.event_sources import SourceKind, kind_of

_NOT_SETTINGS: Final = frozenset({"UUID", "FunctionName", "EventSourceArn", "Enabled", "Tags"})
"""Members of the requests that are kept elsewhere."""

_QUEUE_MODE: Final = "Queue"
_NOT_IN_QUEUE_MODE: Final = (
    "StartingPosition",
    "StartingPositionTimestamp",
    "MaximumBatchingWindowInSeconds",
)


def kind_from(params: Mapping[str, Any], region: str) -> SourceKind:
    """The kind of source that a creation names.

    Raises:
        InvalidParameter: none, or one that is no event source.
    """
    arn = params.get("EventSourceArn")
    if arn is None and (params.get("SelfManagedEventSource") or {}).get("Endpoints"):
        return SourceKind.SELF_MANAGED_KAFKA
    return kind_of(arn or "", region)


def created(kind: SourceKind, params: Mapping[str, Any], *, uuid: str, now_s: float) -> dict[str, Any]:
    """The settings of a new mapping.

    Args:
        kind: of the source.
        params: of CreateEventSourceMapping.
        uuid: of the mapping; Kafka's consumer group is named so unless the caller names it.
        now_s: seconds since the epoch.

    Raises:
        InvalidParameter: in AWS's words where they are known.
    """
    rules = RULES[kind]
    check_required(kind, params)
    check_members(kind, params)
    check_position(kind, params.get("EventSourceArn"), params, now_s)
    settings = {**rules.defaults, **_applied(rules, {}, params)}
    if rules.config is not None:
        settings[rules.config] = _consumer(rules, settings.get(rules.config) or {}, params, uuid)
        if settings[rules.config].get("ConsumptionMode") == _QUEUE_MODE:
            settings.pop("StartingPosition")
            settings["MaximumRetryAttempts"] = params.get("MaximumRetryAttempts", 0)
    if kind is SourceKind.DOCUMENTDB:
        config = settings["DocumentDBEventSourceConfig"]
        settings["DocumentDBEventSourceConfig"] = {"FullDocument": "Default", **config}
    check_settings(kind, settings)
    return _with_a_use_of_the_key(settings)


def updated(mapping: EventSourceMapping, params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a mapping after UpdateEventSourceMapping; what is not given stays.

    Raises:
        InvalidParameter: in AWS's words where they are known.
    """
    rules, before = RULES[mapping.kind], mapping.settings
    check_members(mapping.kind, params, but=_NOT_SETTINGS)
    settings = {**before, **_applied(rules, before, params)}
    if rules.config is not None:
        given = params.get(rules.config) or {}
        _check_unchangeable(rules, given)
        settings[rules.config] = _merged_registry(before[rules.config], given)
        if settings[rules.config].get("ConsumptionMode") == _QUEUE_MODE:
            _check_queue_mode(rules, params)
    if mapping.kind is SourceKind.DOCUMENTDB:
        given = params.get("DocumentDBEventSourceConfig") or {}
        _check_place(given)
        settings["DocumentDBEventSourceConfig"] = {**before["DocumentDBEventSourceConfig"], **given}
    kept = {name: value for name, value in settings.items() if value is not None}
    check_settings(mapping.kind, kept)
    return _with_a_use_of_the_key(kept)


def _applied(rules: Rules, before: Settings, params: Mapping[str, Any]) -> dict[str, Any]:
    """What a request sets, in the form that is kept; None for what it takes back."""
    changed: dict[str, Any] = {}
    for member, value in params.items():
        if member in _NOT_SETTINGS:
            continue
        read = _READERS.get(member)
        changed[member] = value if read is None else read(rules, before, value)
    # In a creation there is nothing to take back.
    return changed if before else {name: value for name, value in changed.items() if value is not None}


def _filters(_rules: Rules, _before: Settings, criteria: Any) -> Any:
    check_filters(criteria)
    filters = [{"Pattern": one["Pattern"]} for one in criteria.get("Filters") or ()]
    return {"Filters": filters} if filters else None


def _key(_rules: Rules, _before: Settings, arn: Any) -> Any:
    return arn or None


def _filled(_rules: Rules, _before: Settings, config: Any) -> Any:
    """A structure that is not shown while it is empty."""
    return dict(config) or None


def _metrics(rules: Rules, _before: Settings, config: Any) -> Any:
    check_metrics(rules, config)
    return {"Metrics": list(config["Metrics"])} if config.get("Metrics") else None


def _destination(rules: Rules, _before: Settings, config: Any) -> Any:
    check_destination(rules, config)
    target = on_failure_of(config)
    return {"OnFailure": {"Destination": target}} if target else rules.defaults.get("DestinationConfig")


def _pollers(rules: Rules, before: Settings, config: Any) -> Any:
    bounds = rules.pollers
    if not config or bounds is None:
        return None
    defaults = {"MinimumPollers": bounds.default_minimum, "MaximumPollers": bounds.default_maximum}
    merged = {**defaults, **(before.get("ProvisionedPollerConfig") or {}), **config}
    return {name: value for name, value in merged.items() if value != ""}


def _access(rules: Rules, before: Settings, given: Any) -> Any:
    check_access(rules, given)
    if not before:
        return list(given) or None
    return changed_access(rules, before.get("SourceAccessConfigurations") or (), given) or None


def _moment(_rules: Rules, _before: Settings, moment: Any) -> float:
    seconds: float = moment.timestamp()
    return seconds


_READERS: Final[Mapping[str, Callable[[Rules, Settings, Any], Any]]] = {
    "DestinationConfig": _destination,
    "FilterCriteria": _filters,
    "KMSKeyArn": _key,
    "LoggingConfig": _filled,
    "MetricsConfig": _metrics,
    "ProvisionedPollerConfig": _pollers,
    "ScalingConfig": _filled,
    "SourceAccessConfigurations": _access,
    "StartingPositionTimestamp": _moment,
}
"""Members whose value is checked or kept otherwise than it was given."""


def _consumer(rules: Rules, given: Settings, params: Mapping[str, Any], uuid: str) -> dict[str, Any]:
    """The consumer of a new Kafka mapping.

    Source: msk-esm-parameters of the developer guide: the group's default is a unique value; spec: the UUID.
    """
    config = {"ConsumerGroupId": uuid, **given}
    if config.get("ConsumptionMode") == _QUEUE_MODE:
        _check_queue_mode(rules, params)
    _check_registry(config.get("SchemaRegistryConfig") or {})
    return config if config.get("SchemaRegistryConfig") else _without(config, "SchemaRegistryConfig")


def _check_queue_mode(rules: Rules, params: Mapping[str, Any]) -> None:
    """Refuse what share groups do not have. Source: the model's documentation of ConsumptionMode."""
    for member in _NOT_IN_QUEUE_MODE:
        if member in params:
            raise unsupported(rules, member)
    if params.get("MaximumRetryAttempts", 0) < 0:
        raise InvalidParameter("MaximumRetryAttempts -1 is not supported when ConsumptionMode is Queue.")


def _check_unchangeable(rules: Rules, given: Settings) -> None:
    """Source: go-to-k/cdkd, which measured the refusal of an unchanged group too."""
    for member in ("ConsumerGroupId", "ConsumptionMode"):
        if member in given:
            raise unsupported(rules, f"{rules.config}.{member[:1].lower()}{member[1:]}")


def _merged_registry(before: Settings, given: Settings) -> dict[str, Any]:
    """Without a registry in the request it stays, an empty one takes it back.

    Source: go-to-k/cdkd, which measured both.
    """
    if "SchemaRegistryConfig" not in given:
        return dict(before)
    _check_registry(given["SchemaRegistryConfig"])
    merged = {**before, **given}
    return merged if given["SchemaRegistryConfig"] else _without(merged, "SchemaRegistryConfig")


def _check_registry(registry: Settings) -> None:
    """Source: go-to-k/cdkd for what is needed; the words after those of other missing parameters."""
    if not registry:
        return
    for member in ("SchemaRegistryURI", "EventRecordFormat", "SchemaValidationConfigs"):
        if not registry.get(member):
            raise InvalidParameter(f"Required '{member[:1].lower()}{member[1:]}' parameter is missing.")


def _check_place(given: Settings) -> None:
    """Refuse another database or collection, and the same one. Source: radkawar/stackd, measured."""
    if place := [member for member in ("DatabaseName", "CollectionName") if member in given]:
        raise invalid(place)


def _with_a_use_of_the_key(settings: dict[str, Any]) -> dict[str, Any]:
    """A key encrypts filters and is kept with them only. Source: radkawar/stackd's filter_kms_native."""
    return settings if "FilterCriteria" in settings else _without(settings, "KMSKeyArn")


def _without(config: Settings, member: str) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != member}
