"""Which runtime identifiers a function may have.

Source: the list AWS prints when it refuses one (recorded 2025-11) and, for what came later, the
model of botocore 1.44.5. The model's remaining identifiers are closed for creating and updating.
"""

from __future__ import annotations

from typing import Final

from lambdad.domain.errors import InvalidParameter, NotOffered

OPEN: Final = (
    *("nodejs16.x", "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x", "nodejs26.x"),
    *(
        "python3.8",
        "python3.9",
        "python3.10",
        "python3.11",
        "python3.12",
        "python3.13",
        "python3.14",
        "python3.15",
    ),
    *("java8.al2", "java8.al2023", "java11", "java11.al2023", "java17", "java17.al2023", "java21", "java25"),
    *("dotnet6", "dotnet8", "dotnet10"),
    *("ruby3.2", "ruby3.3", "ruby3.4", "ruby4.0"),
    *("provided.al2", "provided.al2023"),
)
"""Identifiers a function may be created with."""

CLOSED: Final = frozenset(
    {
        *("nodejs", "nodejs4.3", "nodejs4.3-edge", "nodejs6.10", "nodejs8.10"),
        *("nodejs10.x", "nodejs12.x", "nodejs14.x"),
        *("python2.7", "python3.6", "python3.7"),
        *("java8", "go1.x", "ruby2.5", "ruby2.7", "provided"),
        *("dotnetcore1.0", "dotnetcore2.0", "dotnetcore2.1", "dotnetcore3.1"),
    }
)
"""Identifiers of the model that AWS no longer creates or updates functions with."""

CUSTOMER_MANAGED: Final = "custom"
"""The identifier of customer-managed runtimes (model of November 2026)."""

_SNAPSTART_NOT_BEFORE: Final = {"python": (3, 12), "java": (11,), "dotnet": (8,)}


def check_runtime(runtime: str) -> None:
    """Refuse a runtime in AWS's words.

    Raises:
        InvalidParameter: unknown or closed.
        NotOffered: a customer-managed runtime.

    Source: recorded answers RuntimeValidation; Function invalid_runtime_exc.
    """
    if runtime in CLOSED:
        raise InvalidParameter(
            f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda "
            "functions. We recommend you use a supported runtime while creating or updating functions."
        )
    if runtime == CUSTOMER_MANAGED:
        raise NotOffered("Customer-managed runtimes (Runtime=custom) are not offered by lambdad yet.")
    if runtime not in OPEN:
        raise InvalidParameter(
            f"Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: "
            f"[{', '.join(OPEN)}] or be a valid ARN"
        )


def check_snap_start(runtime: str) -> None:
    """Refuse SnapStart on runtimes that have none.

    Raises:
        InvalidParameter: in AWS's words.
    """
    family = runtime.rstrip("0123456789.")
    least = _SNAPSTART_NOT_BEFORE.get(family)
    numbers = runtime.removeprefix(family).split(".")
    if least is None or tuple(int(number) for number in numbers if number) < least:
        raise InvalidParameter(f"{runtime} is not supported for SnapStart enabled functions.")
