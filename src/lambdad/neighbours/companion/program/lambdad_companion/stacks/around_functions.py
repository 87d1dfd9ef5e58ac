"""What belongs to functions: versions, aliases, permissions, mappings, URLs, layers.

Source: CloudFormation template reference, AWS::Lambda::*; ids and attributes as its "Return values".
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from .calls import Calls
from .resource import Made, Props, Resource, changed, given, tag_map, without

_MAX_NAME: Final = 140


def _version(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    sent = given(props, "FunctionName", "Description", "CodeSha256")
    made = calls("lambda", "publish_version", **sent)
    arn = made["FunctionArn"]
    _provision(calls, {"FunctionName": arn.rpartition(":")[0]}, made["Version"], {}, props)
    return arn, {"Version": made["Version"], "FunctionArn": arn}


def _version_kept(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    function, _, version = physical_id.rpartition(":")
    _provision(calls, {"FunctionName": function}, version, old, new)
    return physical_id, {"Version": version, "FunctionArn": physical_id}


def _version_gone(calls: Calls, physical_id: str, props: Props) -> None:
    function, _, version = physical_id.rpartition(":")
    calls.unless_gone("lambda", "delete_function", FunctionName=function, Qualifier=version)


def _alias_members(props: Props) -> dict[str, Any]:
    weights = (props.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or []
    found = {each["FunctionVersion"]: float(each["FunctionWeight"]) for each in weights}
    return {
        **given(props, "FunctionName", "Name", "FunctionVersion"),
        "Description": props.get("Description", ""),
        "RoutingConfig": {"AdditionalVersionWeights": found},
    }


def _alias(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    arn = calls("lambda", "create_alias", **_alias_members(props))["AliasArn"]
    _provision(calls, props, props["Name"], {}, props)
    return arn, {"AliasArn": arn}


def _alias_changed(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    calls("lambda", "update_alias", **_alias_members(new))
    _provision(calls, new, new["Name"], old, new)
    return physical_id, {"AliasArn": physical_id}


def _alias_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("lambda", "delete_alias", **given(props, "FunctionName", "Name"))


def _provision(calls: Calls, props: Props, qualifier: str, old: Props, new: Props) -> None:
    function, key = props["FunctionName"], "ProvisionedConcurrencyConfig"
    config = new.get(key)
    if config is not None and config != old.get(key):
        calls(
            "lambda",
            "put_provisioned_concurrency_config",
            FunctionName=function,
            Qualifier=qualifier,
            **given(config, "ProvisionedConcurrentExecutions"),
        )
    elif config is None and key in old:
        calls.unless_gone(
            "lambda", "delete_provisioned_concurrency_config", FunctionName=function, Qualifier=qualifier
        )


def _permission(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    statement = f"{stack[: _MAX_NAME - len(logical_id)]}-{logical_id}-{uuid.uuid4().hex[:12]}"
    statement = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in statement)[-100:]
    calls("lambda", "add_permission", **props, StatementId=statement)
    return statement, {"Id": statement}


def _permission_gone(calls: Calls, physical_id: str, props: Props) -> None:
    function = given(props, "FunctionName")
    calls.unless_gone("lambda", "remove_permission", **function, StatementId=physical_id)


def _mapping(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    tags = tag_map(props.get("Tags"))
    made = calls("lambda", "create_event_source_mapping", **without(props, "Tags"), Tags=tags)
    return made["UUID"], {"Id": made["UUID"], "EventSourceMappingArn": made.get("EventSourceMappingArn")}


_MAPPING_DEFAULTS: Final[dict[str, Any]] = {
    "FunctionName": None,
    "Enabled": True,
    "BatchSize": None,
    "FilterCriteria": {"Filters": []},
    "MaximumBatchingWindowInSeconds": 0,
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
    "ScalingConfig": {},
}


def _mapping_changed(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    values = {n: v for n, v in changed(old, new, _MAPPING_DEFAULTS).items() if v is not None}
    made = calls("lambda", "update_event_source_mapping", UUID=physical_id, **values)
    return physical_id, {"Id": physical_id, "EventSourceMappingArn": made.get("EventSourceMappingArn")}


def _mapping_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("lambda", "delete_event_source_mapping", UUID=physical_id)


def _url_target(props: Props) -> dict[str, Any]:
    return {"FunctionName": props["TargetFunctionArn"], **given(props, "Qualifier")}


def _url(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    more = given(props, "AuthType", "Cors", "InvokeMode")
    made = calls("lambda", "create_function_url_config", **_url_target(props), **more)
    return made["FunctionArn"], given(made, "FunctionArn", "FunctionUrl")


def _url_changed(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    more = changed(old, new, {"AuthType": "NONE", "Cors": {}, "InvokeMode": "BUFFERED"})
    made = calls("lambda", "update_function_url_config", **_url_target(new), **more)
    return physical_id, given(made, "FunctionArn", "FunctionUrl")


def _url_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("lambda", "delete_function_url_config", **_url_target(props))


def _event_config(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    calls("lambda", "put_function_event_invoke_config", **props)
    return f"{props['FunctionName']}:{props['Qualifier']}", {}


def _event_config_changed(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    calls("lambda", "put_function_event_invoke_config", **new)
    return physical_id, {}


def _event_config_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone(
        "lambda", "delete_function_event_invoke_config", **given(props, "FunctionName", "Qualifier")
    )


ALIAS: Final = Resource(_alias, _alias_gone, _alias_changed, fixed=("FunctionName", "Name"))
VERSION: Final = Resource(
    _version, _version_gone, _version_kept, fixed=("FunctionName", "Description", "CodeSha256")
)
PERMISSION: Final = Resource(_permission, _permission_gone)
MAPPING: Final = Resource(
    _mapping,
    _mapping_gone,
    _mapping_changed,
    fixed=("EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "SelfManagedEventSource"),
)
URL: Final = Resource(_url, _url_gone, _url_changed, fixed=("TargetFunctionArn", "Qualifier"))
EVENT_CONFIG: Final = Resource(
    _event_config, _event_config_gone, _event_config_changed, fixed=("FunctionName", "Qualifier")
)
