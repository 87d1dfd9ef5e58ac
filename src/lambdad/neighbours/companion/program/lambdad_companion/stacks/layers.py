"""Layers, their permissions, and code signing configurations.

Source: CloudFormation template reference, AWS::Lambda::LayerVersion, …::LayerVersionPermission,
…::CodeSigningConfig.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from .calls import Calls
from .resource import Made, Props, Resource, changed, physical_name, tag_map, without

_MAX_NAME: Final = 64


def _layer(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    name = props.get("LayerName") or physical_name(stack, logical_id, _MAX_NAME)
    arn = calls("lambda", "publish_layer_version", **{**props, "LayerName": name})["LayerVersionArn"]
    return arn, {"LayerVersionArn": arn, "Arn": arn}


def _named(arn: str) -> dict[str, Any]:
    layer, _, version = arn.rpartition(":")
    return {"LayerName": layer, "VersionNumber": version}


def _layer_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("lambda", "delete_layer_version", **_named(physical_id))


def _permission(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    statement = f"{logical_id}-{uuid.uuid4().hex[:12]}"
    more = without(props, "LayerVersionArn")
    named = _named(props["LayerVersionArn"])
    calls("lambda", "add_layer_version_permission", **named, **more, StatementId=statement)
    return f"{props['LayerVersionArn']}#{statement}", {}


def _permission_gone(calls: Calls, physical_id: str, props: Props) -> None:
    arn, _, statement = physical_id.partition("#")
    calls.unless_gone("lambda", "remove_layer_version_permission", **_named(arn), StatementId=statement)


def _signing(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    sent = {**without(props, "Tags"), "Tags": tag_map(props.get("Tags"))}
    return _of_signing(calls("lambda", "create_code_signing_config", **sent))


def _of_signing(answer: Any) -> Made:
    found = answer["CodeSigningConfig"]
    arn = found["CodeSigningConfigArn"]
    return arn, {"CodeSigningConfigArn": arn, "CodeSigningConfigId": found["CodeSigningConfigId"]}


def _signing_changed(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    defaults = {"Description": "", "AllowedPublishers": None, "CodeSigningPolicies": None}
    values = {n: v for n, v in changed(old, new, defaults).items() if v is not None}
    return _of_signing(
        calls("lambda", "update_code_signing_config", CodeSigningConfigArn=physical_id, **values)
    )


def _signing_gone(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("lambda", "delete_code_signing_config", CodeSigningConfigArn=physical_id)


LAYER: Final = Resource(_layer, _layer_gone)
LAYER_PERMISSION: Final = Resource(_permission, _permission_gone)
CODE_SIGNING: Final = Resource(_signing, _signing_gone, _signing_changed)
