"""Reserved concurrency: how often one function may run at once, over all its versions."""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.resource import Kind


@dataclass(frozen=True, slots=True)
class Reserved:
    """What a function has to itself.

    Attributes:
        executions: most invocations at once, and as many are kept free for it; 0 stops it.
    """

    executions: int


RESERVED = Kind("reserved-concurrency", Reserved)
"""Reserved concurrency, one per function: its name is ``$LATEST``."""
