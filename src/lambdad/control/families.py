"""Every operation of the `lambda` model, by family, with what somebody decided about it.

When `make models` raises botocore, an operation that no family has fails a test until somebody decides.
docs/reference/operations.md is written from this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Family:
    """Operations that are decided on together.

    Attributes:
        title: a heading.
        operations: names of the model, in the order of AWS's documentation.
        refused: why lambdad does not offer them; None when it does.
    """

    title: str
    operations: tuple[str, ...]
    refused: str | None = None


FAMILIES: Final = (
    Family(
        "Functions",
        (
            "CreateFunction",
            "GetFunction",
            "GetFunctionConfiguration",
            "ListFunctions",
            "UpdateFunctionConfiguration",
            "UpdateFunctionCode",
            "DeleteFunction",
        ),
    ),
    Family("Invocation", ("Invoke", "InvokeWithResponseStream", "InvokeAsync")),
    Family("Versions", ("PublishVersion", "ListVersionsByFunction")),
    Family("Aliases", ("CreateAlias", "GetAlias", "ListAliases", "UpdateAlias", "DeleteAlias")),
    Family(
        "Layers",
        (
            "PublishLayerVersion",
            "GetLayerVersion",
            "GetLayerVersionByArn",
            "ListLayers",
            "ListLayerVersions",
            "DeleteLayerVersion",
            "AddLayerVersionPermission",
            "GetLayerVersionPolicy",
            "RemoveLayerVersionPermission",
        ),
    ),
    Family("Resource policies, by statement", ("AddPermission", "GetPolicy", "RemovePermission")),
    Family(
        "Resource policies, whole",
        ("PutResourcePolicy", "GetResourcePolicy", "DeleteResourcePolicy"),
    ),
    Family("Tags", ("TagResource", "UntagResource", "ListTags")),
    Family(
        "Event invoke config",
        (
            "PutFunctionEventInvokeConfig",
            "UpdateFunctionEventInvokeConfig",
            "GetFunctionEventInvokeConfig",
            "ListFunctionEventInvokeConfigs",
            "DeleteFunctionEventInvokeConfig",
        ),
    ),
    Family(
        "Event source mappings",
        (
            "CreateEventSourceMapping",
            "GetEventSourceMapping",
            "ListEventSourceMappings",
            "UpdateEventSourceMapping",
            "DeleteEventSourceMapping",
        ),
    ),
    Family(
        "Function URLs",
        (
            "CreateFunctionUrlConfig",
            "GetFunctionUrlConfig",
            "ListFunctionUrlConfigs",
            "UpdateFunctionUrlConfig",
            "DeleteFunctionUrlConfig",
        ),
    ),
    Family(
        "Reserved concurrency",
        ("PutFunctionConcurrency", "GetFunctionConcurrency", "DeleteFunctionConcurrency"),
    ),
    Family(
        "Provisioned concurrency",
        (
            "PutProvisionedConcurrencyConfig",
            "GetProvisionedConcurrencyConfig",
            "ListProvisionedConcurrencyConfigs",
            "DeleteProvisionedConcurrencyConfig",
        ),
    ),
    Family(
        "Code signing",
        (
            "CreateCodeSigningConfig",
            "GetCodeSigningConfig",
            "ListCodeSigningConfigs",
            "UpdateCodeSigningConfig",
            "DeleteCodeSigningConfig",
            "ListFunctionsByCodeSigningConfig",
            "PutFunctionCodeSigningConfig",
            "GetFunctionCodeSigningConfig",
            "DeleteFunctionCodeSigningConfig",
        ),
    ),
    Family("Runtime management", ("PutRuntimeManagementConfig", "GetRuntimeManagementConfig")),
    Family("Recursion", ("PutFunctionRecursionConfig", "GetFunctionRecursionConfig")),
    Family("Account", ("GetAccountSettings",)),
    Family(
        "Durable executions",
        (
            "GetDurableExecution",
            "GetDurableExecutionHistory",
            "GetDurableExecutionState",
            "ListDurableExecutionsByFunction",
            "CheckpointDurableExecution",
            "StopDurableExecution",
            "PauseDurableExecution",
            "ResumeDurableExecution",
            "DeleteDurableExecution",
            "SendDurableExecutionCallbackSuccess",
            "SendDurableExecutionCallbackFailure",
            "SendDurableExecutionCallbackHeartbeat",
        ),
        refused="functions are not durable here",
    ),
    Family(
        "Managed instances",
        (
            "CreateCapacityProvider",
            "GetCapacityProvider",
            "ListCapacityProviders",
            "UpdateCapacityProvider",
            "DeleteCapacityProvider",
            "ListFunctionVersionsByCapacityProvider",
            "PutFunctionScalingConfig",
            "GetFunctionScalingConfig",
        ),
        refused="functions run on the hosts that lambdad runs on",
    ),
)
"""All of them; none is in two."""


def refused_operations() -> frozenset[str]:
    """The operations that are answered with "is not offered"."""
    return frozenset(name for family in FAMILIES if family.refused for name in family.operations)


def offered_operations() -> frozenset[str]:
    """The operations that do what AWS's do."""
    return frozenset(name for family in FAMILIES if not family.refused for name in family.operations)
