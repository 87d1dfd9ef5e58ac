"""Runtime management: when the runtime of a function's version is replaced by a newer one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lambdad.domain.resource import Kind


class UpdateRuntimeOn(StrEnum):
    """AWS's modes; the first is the default."""

    AUTO = "Auto"
    FUNCTION_UPDATE = "FunctionUpdate"
    MANUAL = "Manual"


@dataclass(frozen=True, slots=True)
class RuntimeManagement:
    """The mode of one version.

    Attributes:
        runtime_version_arn: of the runtime version it stays with; None unless the mode is Manual.
    """

    update_runtime_on: UpdateRuntimeOn
    runtime_version_arn: str | None = None


RUNTIME_MANAGEMENT = Kind("runtime-management", RuntimeManagement, is_qualified=True)
"""Runtime management that was ever put, by version."""
