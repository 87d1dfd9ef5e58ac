"""Which action each operation of Lambda is, on what, and with which condition keys: a table.

An operation of the pinned model that is missing here fails a test until somebody decides.

Source: Service Authorization Reference, "Actions, resources, and condition keys for AWS Lambda"; the
developer guide's "Resources and conditions for Lambda actions" for the actions whose names differ, and for
those that are on a version or an alias where the request names one: only invoking, permissions and
provisioned concurrency. Operations newer than those pages (whole resource policies, deletion and pausing of
durable executions) have the action of their name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class On(StrEnum):
    """What an action is on, and how a request names it."""

    NOTHING = "*"
    FUNCTION = "function"
    QUALIFIED = "function, version or alias"
    LAYER = "layer"
    LAYER_VERSION = "layer version"
    LAYER_ARN = "layer version by ARN"
    MAPPING = "event source mapping"
    SIGNING = "code signing config"
    TAGGED = "resource by ARN"
    POLICY_OWNER = "owner of a policy by ARN"
    EXECUTION = "durable execution"
    CAPACITY = "capacity provider"
    CALLBACK = "callback"


@dataclass(frozen=True, slots=True)
class Rule:
    """What an operation needs.

    Attributes:
        on: each is checked.
        action: when it is not the operation's name.
        keys: condition keys beside the global ones, in lower case.
        tags: whether the request may carry tags.
        passes_role: whether a `Role` in it must be one that the caller may pass to Lambda.
    """

    on: tuple[On, ...] = (On.FUNCTION,)
    action: str | None = None
    keys: tuple[str, ...] = ()
    tags: bool = False
    passes_role: bool = False


_PLACED: Final = ("lambda:layer", "lambda:vpcids", "lambda:subnetids", "lambda:securitygroupids")
_OF_MAPPING: Final = ("lambda:functionarn",)
_OF_URL: Final = ("lambda:functionurlauthtype", "lambda:functionarn")
_OF_PERMISSION: Final = ("lambda:principal", "lambda:functionurlauthtype")
_INVOKE: Final = "InvokeFunction"

_NOTHING: Final = Rule((On.NOTHING,))
_FUNCTION: Final = Rule()
_QUALIFIED: Final = Rule((On.QUALIFIED,))
_LAYER_VERSION: Final = Rule((On.LAYER_VERSION,))
_SIGNING: Final = Rule((On.SIGNING,))
_EXECUTION: Final = Rule((On.EXECUTION,))
_CAPACITY: Final = Rule((On.CAPACITY,))
_CALLBACK: Final = Rule((On.CALLBACK,))
_POLICY: Final = Rule((On.POLICY_OWNER,))
_URL: Final = Rule(keys=_OF_URL)

RULES: Final[Mapping[str, Rule]] = {
    "AddLayerVersionPermission": _LAYER_VERSION,
    "AddPermission": Rule((On.QUALIFIED,), keys=_OF_PERMISSION),
    "CheckpointDurableExecution": _EXECUTION,
    "CreateAlias": _FUNCTION,
    "CreateCapacityProvider": _CAPACITY,
    "CreateCodeSigningConfig": Rule((On.NOTHING,), tags=True),
    "CreateEventSourceMapping": Rule((On.NOTHING,), keys=_OF_MAPPING, tags=True),
    "CreateFunction": Rule(keys=(*_PLACED, "lambda:codesigningconfigarn"), tags=True, passes_role=True),
    "CreateFunctionUrlConfig": _URL,
    "DeleteAlias": _FUNCTION,
    "DeleteCapacityProvider": _CAPACITY,
    "DeleteCodeSigningConfig": _SIGNING,
    "DeleteDurableExecution": _EXECUTION,
    "DeleteEventSourceMapping": Rule((On.MAPPING,), keys=_OF_MAPPING),
    "DeleteFunction": _FUNCTION,
    "DeleteFunctionCodeSigningConfig": _FUNCTION,
    "DeleteFunctionConcurrency": _FUNCTION,
    "DeleteFunctionEventInvokeConfig": _FUNCTION,
    "DeleteFunctionUrlConfig": _URL,
    "DeleteLayerVersion": _LAYER_VERSION,
    "DeleteProvisionedConcurrencyConfig": _QUALIFIED,
    "DeleteResourcePolicy": _POLICY,
    "GetAccountSettings": _NOTHING,
    "GetAlias": _FUNCTION,
    "GetCapacityProvider": _CAPACITY,
    "GetCodeSigningConfig": _SIGNING,
    "GetDurableExecution": _EXECUTION,
    "GetDurableExecutionHistory": _EXECUTION,
    "GetDurableExecutionState": _EXECUTION,
    "GetEventSourceMapping": Rule((On.MAPPING,), keys=_OF_MAPPING),
    "GetFunction": _FUNCTION,
    "GetFunctionCodeSigningConfig": _FUNCTION,
    "GetFunctionConcurrency": _FUNCTION,
    "GetFunctionConfiguration": _FUNCTION,
    "GetFunctionEventInvokeConfig": _FUNCTION,
    "GetFunctionRecursionConfig": _FUNCTION,
    "GetFunctionScalingConfig": _FUNCTION,
    "GetFunctionUrlConfig": _URL,
    "GetLayerVersion": _LAYER_VERSION,
    "GetLayerVersionByArn": Rule((On.LAYER_ARN,), action="GetLayerVersion"),
    "GetLayerVersionPolicy": _LAYER_VERSION,
    "GetPolicy": _FUNCTION,
    "GetProvisionedConcurrencyConfig": _QUALIFIED,
    "GetResourcePolicy": _POLICY,
    "GetRuntimeManagementConfig": _FUNCTION,
    "Invoke": Rule((On.QUALIFIED,), action=_INVOKE),
    "InvokeAsync": _QUALIFIED,
    "InvokeWithResponseStream": Rule((On.QUALIFIED,), action=_INVOKE),
    "ListAliases": _FUNCTION,
    "ListCapacityProviders": _NOTHING,
    "ListCodeSigningConfigs": _NOTHING,
    "ListDurableExecutionsByFunction": _FUNCTION,
    "ListEventSourceMappings": _NOTHING,
    "ListFunctionEventInvokeConfigs": _FUNCTION,
    "ListFunctionUrlConfigs": Rule(keys=("lambda:functionurlauthtype",)),
    "ListFunctionVersionsByCapacityProvider": _CAPACITY,
    "ListFunctions": _NOTHING,
    "ListFunctionsByCodeSigningConfig": _SIGNING,
    "ListLayerVersions": _NOTHING,
    "ListLayers": _NOTHING,
    "ListProvisionedConcurrencyConfigs": _FUNCTION,
    "ListTags": Rule((On.TAGGED,)),
    "ListVersionsByFunction": _FUNCTION,
    "PauseDurableExecution": _EXECUTION,
    "PublishLayerVersion": Rule((On.LAYER,)),
    "PublishVersion": _FUNCTION,
    "PutFunctionCodeSigningConfig": Rule((On.FUNCTION, On.SIGNING), keys=("lambda:codesigningconfigarn",)),
    "PutFunctionConcurrency": _FUNCTION,
    "PutFunctionEventInvokeConfig": _FUNCTION,
    "PutFunctionRecursionConfig": _FUNCTION,
    "PutFunctionScalingConfig": _FUNCTION,
    "PutProvisionedConcurrencyConfig": _QUALIFIED,
    "PutResourcePolicy": _POLICY,
    "PutRuntimeManagementConfig": _FUNCTION,
    "RemoveLayerVersionPermission": _LAYER_VERSION,
    "RemovePermission": Rule((On.QUALIFIED,), keys=_OF_PERMISSION),
    "ResumeDurableExecution": _EXECUTION,
    "SendDurableExecutionCallbackFailure": _CALLBACK,
    "SendDurableExecutionCallbackHeartbeat": _CALLBACK,
    "SendDurableExecutionCallbackSuccess": _CALLBACK,
    "StopDurableExecution": _EXECUTION,
    "TagResource": Rule((On.TAGGED,), tags=True),
    "UntagResource": Rule((On.TAGGED,), tags=True),
    "UpdateAlias": _FUNCTION,
    "UpdateCapacityProvider": _CAPACITY,
    "UpdateCodeSigningConfig": _SIGNING,
    "UpdateEventSourceMapping": Rule((On.MAPPING,), keys=_OF_MAPPING),
    "UpdateFunctionCode": _FUNCTION,
    "UpdateFunctionConfiguration": Rule(keys=_PLACED, passes_role=True),
    "UpdateFunctionEventInvokeConfig": _FUNCTION,
    "UpdateFunctionUrlConfig": _URL,
}
