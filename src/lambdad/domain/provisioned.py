"""Provisioned concurrency: what a version or alias is configured to have, and what it has.

The configuration is kept; how far it has come is never: it is what the living environments say, so
after a restart it begins at IN_PROGRESS again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from lambdad.domain.scope import Scope

INIT_FAILURE: Final = "FUNCTION_ERROR_INIT_FAILURE"
"""AWS's `StatusReason` when the function's own Init fails.

Source: spec api.md, provisioned concurrency.
"""


class ProvisionedStatus(StrEnum):
    """The AWS `Status` of a configuration."""

    IN_PROGRESS = "IN_PROGRESS"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class ProvisionedConfig:
    """How many environments of what a qualifier means are kept initialised.

    Attributes:
        qualifier: the number of a version as text, or the name of an alias.
        requested: environments, at least 1.
        last_modified: AWS's format, ``2026-11-23T03:05:20.123+0000``.
    """

    scope: Scope
    name: str
    qualifier: str
    requested: int
    last_modified: str

    @property
    def arn(self) -> str:
        """Of the version or alias."""
        return self.scope.arn("lambda", f"function:{self.name}:{self.qualifier}")


@dataclass(frozen=True, slots=True)
class Allocation:
    """How far a configuration has come.

    Attributes:
        initialised: environments whose Init has succeeded, no more than were asked for.
        reason: why the status is FAILED; None otherwise.
    """

    status: ProvisionedStatus
    initialised: int
    reason: str | None = None
