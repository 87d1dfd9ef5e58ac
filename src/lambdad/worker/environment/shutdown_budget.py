"""How long a shutdown may take, and who gets which part of it; pure.

Source: spec of the Runtime API §6 (0 ms without extensions, 500 ms with internal ones only, 2,000 ms with
external ones; 30 % of it for the runtime, the rest for the extensions).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lambdad.domain.limits import (
    RUNTIME_SHUTDOWN_SHARE,
    SHUTDOWN_EXTERNAL_S,
    SHUTDOWN_INTERNAL_S,
)


class ShutdownReason(StrEnum):
    """Why an environment's processes are ended, as extensions are told."""

    SPINDOWN = "SPINDOWN"
    TIMEOUT = "TIMEOUT"
    FAILURE = "FAILURE"


@dataclass(frozen=True, slots=True)
class ShutdownBudget:
    """Times from the begin of a shutdown, in seconds; both 0 when everything is killed at once.

    Attributes:
        runtime_s: when a runtime that was sent SIGTERM is killed.
        total_s: when whatever still runs is killed.
    """

    runtime_s: float
    total_s: float

    @property
    def is_immediate(self) -> bool:
        """Whether nobody is given time."""
        return self.total_s == 0


def budget(*, external: int, internal: int) -> ShutdownBudget:
    """The times for an environment with so many registered extensions."""
    total = SHUTDOWN_EXTERNAL_S if external else SHUTDOWN_INTERNAL_S if internal else 0.0
    return ShutdownBudget(total * RUNTIME_SHUTDOWN_SHARE, total)
