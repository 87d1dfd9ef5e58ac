"""AWS::Lambda::Function.

Source: CloudFormation template reference, AWS::Lambda::Function and "AWS::Lambda::Function Code" (inline code
is a file ``index``; the module ``cfn-response`` lies beside it).
"""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path
from typing import Any, Final

from .calls import Calls, Refused
from .resource import Made, Props, Resource, changed, given, physical_name, tag_map, without

_WITHIN_S: Final = 300.0
_LOOK_S: Final = 0.05
_MAX_NAME: Final = 64
_BESIDE: Final = (
    "ReservedConcurrentExecutions",
    "RecursiveLoop",
    "RuntimeManagementConfig",
)
"""Properties with operations of their own."""
_DEFAULTS: Final[dict[str, Any]] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "Environment": {"Variables": {}},
    "Layers": [],
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
    "DeadLetterConfig": {"TargetArn": ""},
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    "FileSystemConfigs": [],
    "KmsKeyArn": "",
    "SnapStart": {"ApplyOn": "None"},
    "LoggingConfig": {"LogFormat": "Text"},
    "ImageConfig": {},
    "Role": None,
    "Handler": None,
    "Runtime": None,
}
_RENAMED: Final = {"KmsKeyArn": "KMSKeyArn"}
_HELPERS: Final = {".py": "cfnresponse.py", ".js": "cfn-response.js"}


def _create(calls: Calls, logical_id: str, props: Props, stack: str) -> Made:
    name = props.get("FunctionName") or physical_name(stack, logical_id, _MAX_NAME)
    sent = _renamed(without(props, "Code", "Tags", *_BESIDE))
    code = _code(props)
    sent |= {"FunctionName": name, "Code": code, "Tags": tag_map(props.get("Tags"))}
    made = calls("lambda", "create_function", **sent)
    _settled(calls, name)
    _beside(calls, name, {}, props)
    return name, {"Arn": made["FunctionArn"]}


def _update(calls: Calls, physical_id: str, old: Props, new: Props) -> Made:
    if old.get("Code") != new.get("Code") or old.get("Architectures") != new.get("Architectures"):
        more = given(new, "Architectures")
        calls("lambda", "update_function_code", FunctionName=physical_id, **_code(new), **more)
        _settled(calls, physical_id)
    values = changed(old, new, _DEFAULTS)
    if values != changed(old, old, _DEFAULTS):
        sent = _renamed({name: value for name, value in values.items() if value is not None})
        calls("lambda", "update_function_configuration", FunctionName=physical_id, **sent)
        _settled(calls, physical_id)
    arn = calls("lambda", "get_function_configuration", FunctionName=physical_id)["FunctionArn"]
    _retag(calls, arn, old, new)
    _beside(calls, physical_id, old, new)
    return physical_id, {"Arn": arn}


def _delete(calls: Calls, physical_id: str, props: Props) -> None:
    calls.unless_gone("lambda", "delete_function", FunctionName=physical_id)


def _settled(calls: Calls, name: str) -> None:
    """Wait until a function can be called.

    Raises:
        Refused: it does not come to that.
    """
    until = time.monotonic() + _WITHIN_S
    while True:
        found = calls("lambda", "get_function_configuration", FunctionName=name)
        states = {found.get("State"), found.get("LastUpdateStatus")}
        if not states & {"Pending", "InProgress"}:
            break
        if time.monotonic() > until:
            raise Refused(
                "NotStabilized", f"Resource of type AWS::Lambda::Function did not stabilize: {name}"
            )
        time.sleep(_LOOK_S)
    if "Failed" in states:
        reason = found.get("StateReason") or found.get("LastUpdateStatusReason")
        raise Refused("NotStabilized", f"The function {name} failed: {reason}")


def _beside(calls: Calls, name: str, old: Props, new: Props) -> None:
    """What has operations of its own."""
    reserved = new.get("ReservedConcurrentExecutions")
    if reserved is not None and reserved != old.get("ReservedConcurrentExecutions"):
        calls("lambda", "put_function_concurrency", FunctionName=name, ReservedConcurrentExecutions=reserved)
    elif reserved is None and "ReservedConcurrentExecutions" in old:
        calls("lambda", "delete_function_concurrency", FunctionName=name)
    loop = new.get("RecursiveLoop", "Terminate" if "RecursiveLoop" in old else None)
    if loop is not None and loop != old.get("RecursiveLoop"):
        calls("lambda", "put_function_recursion_config", FunctionName=name, RecursiveLoop=loop)
    managed = new.get("RuntimeManagementConfig")
    if managed is not None and managed != old.get("RuntimeManagementConfig"):
        calls("lambda", "put_runtime_management_config", FunctionName=name, **managed)


def _retag(calls: Calls, arn: str, old: Props, new: Props) -> None:
    before, now = tag_map(old.get("Tags")), tag_map(new.get("Tags"))
    removed = sorted(before.keys() - now.keys())
    if removed:
        calls("lambda", "untag_resource", Resource=arn, TagKeys=removed)
    if now and now != before:
        calls("lambda", "tag_resource", Resource=arn, Tags=now)


def _renamed(props: dict[str, Any]) -> dict[str, Any]:
    return {_RENAMED.get(name, name): value for name, value in props.items()}


def _code(props: Props) -> dict[str, Any]:
    """Where the code is; what stands in the template as an archive."""
    code = dict(props.get("Code") or {})
    source = code.get("ZipFile")
    if source is None:
        return code
    ending = ".js" if str(props.get("Runtime", "")).startswith("nodejs") else ".py"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(_entry(f"index{ending}"), source)
        helper = Path(__file__).with_name("inline") / _HELPERS[ending]
        made.writestr(_entry(helper.name), helper.read_bytes())
    return {**without(code, "ZipFile"), "ZipFile": archive.getvalue()}


def _entry(name: str) -> zipfile.ZipInfo:
    """A file whose archive is the same whenever it is made."""
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o644 << 16
    return info


FUNCTION: Final = Resource(
    _create, _delete, _update, fixed=("FunctionName", "PackageType", "TenancyConfig", "DurableConfig")
)
