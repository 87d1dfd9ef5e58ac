"""Rules of the service beyond the model's constraints, in AWS's words; pure.

The model's bounds cover managed instances and accelerators too; ordinary functions have narrower
ones, checked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from lambdad.control.accepted_runtimes import check_runtime
from lambdad.control.targets import check_targets
from lambdad.domain.errors import CodeStorageExceeded, ConstraintViolations, InvalidParameter, NotOffered
from lambdad.domain.limits import (
    MAX_ENVIRONMENT_BYTES,
    MAX_EPHEMERAL_MIB,
    MAX_FUNCTION_NAME,
    MAX_MEMORY_MIB,
    MAX_TAGS,
    MAX_TIMEOUT_S,
    TOTAL_CODE_BYTES,
)
from lambdad.ports.catalogue_store import Usage

RESERVED_VARIABLES: Final = frozenset(
    {
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV"),
        *(
            "AWS_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_KEY",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
        ),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION"),
        *("AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_MAX_CONCURRENCY"),
        *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", "_HANDLER", "_X_AMZN_TRACE_ID"),
    }
)
"""Variables the platform sets and a function cannot. Source: spec, function-visible environment."""

_NOT_OFFERED: Final = {
    "CapacityProviderConfig": "CapacityProviderConfig: managed instances",
    "DurableConfig": "DurableConfig: durable functions",
    "RuntimeConfig": "RuntimeConfig: customer-managed runtimes",
    "AcceleratorConfig": "AcceleratorConfig: accelerators",
    "PublishTo": "PublishTo: managed instances",
}
"""What the model has and lambdad does not do yet; refused rather than ignored."""


def check_offered(params: Mapping[str, Any]) -> None:
    """Refuse parameters that ask for what lambdad does not do.

    Raises:
        NotOffered: names the parameter.
    """
    for member, what in _NOT_OFFERED.items():
        if says_something(params.get(member)):
            raise NotOffered(f"{what} are not offered by lambdad yet.")
    if params.get("S3ObjectStorageMode") == "REFERENCE":
        raise NotOffered(
            "S3ObjectStorageMode=REFERENCE: self-managed code storage is not offered by lambdad yet."
        )


def check_create(name: str, params: Mapping[str, Any]) -> None:
    """Refuse what CreateFunction needs and does not have, or has too long.

    Raises:
        InvalidParameter: in AWS's words.
    """
    if len(name) > MAX_FUNCTION_NAME:
        # Source: Function test_function_arns, long_function_name_exc: no ValidationException.
        raise InvalidParameter(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_FUNCTION_NAME}"
        )
    if not params.get("Runtime") or not params.get("Handler"):
        raise InvalidParameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )


def check_configuration(params: Mapping[str, Any]) -> None:
    """Refuse values of Create or UpdateFunctionConfiguration that ordinary functions cannot have.

    Raises:
        ConstraintViolations, InvalidParameter, NotOffered: in AWS's words.
    """
    check_offered(params)
    if runtime := params.get("Runtime"):
        check_runtime(runtime)
    check_sizes(params)
    check_targets(params)
    variables = (params.get("Environment") or {}).get("Variables")
    if variables:
        check_environment(variables)


def check_sizes(params: Mapping[str, Any]) -> None:
    """Refuse memory, time and storage beyond an ordinary function's.

    Raises:
        ConstraintViolations, InvalidParameter: in AWS's words.
    """
    if params.get("MemorySize", 0) > MAX_MEMORY_MIB:
        raise InvalidParameter(
            "'MemorySize' value failed to satisfy constraint: "
            f"Member must have value less than or equal to {MAX_MEMORY_MIB}"
        )
    too_much = []
    if (timeout := params.get("Timeout", 0)) > MAX_TIMEOUT_S:
        too_much.append(_over(timeout, "timeout", MAX_TIMEOUT_S))
    if (size := (params.get("EphemeralStorage") or {}).get("Size", 0)) > MAX_EPHEMERAL_MIB:
        too_much.append(_over(size, "ephemeralStorage.size", MAX_EPHEMERAL_MIB))
    if too_much:
        raise ConstraintViolations(too_much)


def check_environment(variables: Mapping[str, str]) -> None:
    """Refuse reserved names, more than 4 KB, and what no process environment can hold.

    Raises:
        InvalidParameter: in AWS's words.
    """
    refused = (
        "Lambda was unable to configure your environment variables because "
        "the environment variables you have provided"
    )
    if reserved := sorted(RESERVED_VARIABLES & variables.keys()):
        raise InvalidParameter(
            f"{refused} contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    measured = msgspec.json.encode(dict(variables))
    if len(measured) > MAX_ENVIRONMENT_BYTES:
        raise InvalidParameter(f"{refused} exceeded the 4KB limit. String measured: {measured.decode()}")
    if any("\0" in value for value in variables.values()):
        raise InvalidParameter(f"{refused} contains a null character.")


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse too many tags and AWS's own.

    Raises:
        InvalidParameter: in AWS's words.
    """
    if any(key.lower().startswith("aws:") for key in tags):
        raise InvalidParameter("System tags cannot be added/updated by requester.")
    if len(tags) > MAX_TAGS:
        raise InvalidParameter("Number of tags exceeds resource tag limit.")


def check_storage(usage: Usage, added_bytes: int) -> None:
    """Refuse code that the region has no room for.

    Raises:
        CodeStorageExceeded: in AWS's words.
    """
    if usage.code_bytes + added_bytes > TOTAL_CODE_BYTES:
        raise CodeStorageExceeded("Code storage limit exceeded.")


def says_something(value: object) -> bool:
    """Whether a parameter asks for anything: empty lists and structures are how clients say "none"."""
    if isinstance(value, Mapping):
        return any(says_something(item) for item in value.values())
    return value not in (None, "", False, [])


def _over(value: int, member: str, most: int) -> str:
    rule = f"Member must have value less than or equal to {most}"
    return f"Value '{value}' at '{member}' failed to satisfy constraint: {rule}"
