"""Which types of resources are lambdad's own, and how ministack's engine of stacks comes to them."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, Final

from ..door import Door
from ..hooks import HookMoved, Hooks, replace
from . import around_functions, definitions, functions, identities, layers, observing
from .calls import Calls
from .resource import Resource

RESOURCES: Final[Mapping[str, Resource]] = {
    "AWS::Lambda::Function": functions.FUNCTION,
    "AWS::Lambda::Alias": around_functions.ALIAS,
    "AWS::Lambda::Version": around_functions.VERSION,
    "AWS::Lambda::Permission": around_functions.PERMISSION,
    "AWS::Lambda::EventSourceMapping": around_functions.MAPPING,
    "AWS::Lambda::Url": around_functions.URL,
    "AWS::Lambda::EventInvokeConfig": around_functions.EVENT_CONFIG,
    "AWS::Lambda::LayerVersion": layers.LAYER,
    "AWS::Lambda::LayerVersionPermission": layers.LAYER_PERMISSION,
    "AWS::Lambda::CodeSigningConfig": layers.CODE_SIGNING,
    "AWS::IAM::Role": identities.ROLE,
    "AWS::IAM::User": identities.USER,
    "AWS::IAM::Group": identities.GROUP,
    "AWS::IAM::Policy": identities.POLICY,
    "AWS::IAM::ManagedPolicy": identities.MANAGED_POLICY,
    "AWS::IAM::AccessKey": identities.ACCESS_KEY,
    "AWS::Logs::LogGroup": observing.LOG_GROUP,
    "AWS::Logs::LogStream": observing.LOG_STREAM,
    "AWS::Logs::MetricFilter": observing.METRIC_FILTER,
    "AWS::Logs::SubscriptionFilter": observing.SUBSCRIPTION_FILTER,
    "AWS::CloudWatch::Alarm": observing.ALARM,
    "AWS::CloudWatch::Dashboard": observing.DASHBOARD,
}
_OURS: Final = ("AWS::Lambda::", "AWS::IAM::", "AWS::Logs::", "AWS::CloudWatch::")
_THEIRS: Final = (
    "AWS::S3::",
    "AWS::SQS::",
    "AWS::SNS::",
    "AWS::DynamoDB::",
    "AWS::Kinesis::",
    "AWS::Events::",
    "AWS::Scheduler::",
    "AWS::StepFunctions::",
    "AWS::ApiGateway::",
    "AWS::ApiGatewayV2::",
    "AWS::CloudFormation::",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::",
    "AWS::CDK::",
)
"""Of services that the endpoint offers: of any other nobody could use what a stack made."""


def add(hooks: Hooks, door: Door, inside: str) -> None:
    """Set the hooks.

    Args:
        hooks: wait for the modules.
        door: to the server.
        inside: URL of the endpoint in sandboxes, where custom resources answer to.
    """
    calls = Calls(door)
    hooks.add("cloudformation.provisioners", lambda module: _provisioners(module, calls))
    hooks.add("cloudformation.stacks", _stacks)
    hooks.add("cloudformation.drift", _drift)
    hooks.add("cloudformation.custom_resource", lambda module: _custom(module, inside))


def _provisioners(module: ModuleType, calls: Calls) -> None:
    handlers = _table(module, "_RESOURCE_HANDLERS")
    replacing = _table(module, "_REPLACING_PROPERTIES")
    for name in [each for each in handlers if not each.startswith(_THEIRS)]:
        del handlers[name]  # what is not offered is no type at all, and the stack says so
    for name, resource in RESOURCES.items():
        handlers[name] = _handler(resource, calls)
        if resource.fixed:
            replacing[name] = resource.fixed
    definitions.hook(handlers, module._apigw_v2)


def _handler(resource: Resource, calls: Calls) -> dict[str, Any]:
    """A kind of resource in ministack's form."""

    def create(logical_id: str, props: Any, stack_name: str) -> Any:
        return resource.create(calls, logical_id, _own(props), stack_name)

    def update(physical_id: str, old: Any, new: Any, stack_name: str, logical_id: str | None = None) -> Any:
        old, new = _own(old), _own(new)
        if resource.update is None or any(old.get(name) != new.get(name) for name in resource.fixed):
            return resource.create(calls, logical_id or physical_id, new, stack_name)
        return resource.update(calls, physical_id, old, new)

    def delete(physical_id: str, props: Any) -> None:
        resource.delete(calls, physical_id, _own(props))

    return {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}


def _own(props: Any) -> dict[str, Any]:
    """Properties without the tags of AWS's own, ``aws:cloudformation:…``, which no caller may set."""
    tags = props.get("Tags")
    if isinstance(tags, list):
        return {**props, "Tags": [tag for tag in tags if not str(tag.get("Key", "")).startswith("aws:")]}
    if isinstance(tags, dict):
        return {**props, "Tags": {name: tags[name] for name in tags if not name.startswith("aws:")}}
    return dict(props)


def _stacks(module: ModuleType) -> None:
    def on_thread(resource_type: str) -> bool:
        """Whether a resource is made by a thread: the server may ask the companion in turn (code in S3)."""
        return resource_type.startswith(_OURS) or before(resource_type)

    before = replace(module, "_runs_on_worker_thread", "resource_type", on_thread)


def _drift(module: ModuleType) -> None:
    readers = _table(module, "_DRIFT_READERS")
    for name in [each for each in readers if each.startswith(_OURS)]:
        del readers[name]  # it would look where there is nothing, and say that all is gone


def _custom(module: ModuleType, inside: str) -> None:
    def address(token: str) -> str:
        return f"{inside}/lambdad/v1/custom-resources/{token}"

    replace(module, "_response_url", "token", address)


def _table(module: ModuleType, name: str) -> dict[str, Any]:
    found = getattr(module, name, None)
    if not isinstance(found, dict):
        raise HookMoved(f"{module.__name__} has no table {name}")
    return found
