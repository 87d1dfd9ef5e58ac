"""SnapStart: what came of initialising a published version so that environments can be restored from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Optimised:
    """There is a snapshot: AWS's `OptimizationStatus` is On."""


@dataclass(frozen=True, slots=True)
class NotOptimised:
    """Init went well, and no snapshot could be made of it: environments start as without SnapStart.

    Attributes:
        reason: one sentence for whoever published the version.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class InitFailed:
    """Init or a before-snapshot hook failed: the version is of no use.

    Attributes:
        error_type: AWS's type (``Runtime.ImportModuleError``), for our log; the function's log says more.
    """

    error_type: str


Optimisation = Optimised | NotOptimised | InitFailed
"""How the initialisation of a version ended."""
