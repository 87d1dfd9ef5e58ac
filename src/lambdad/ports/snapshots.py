"""Whoever makes snapshots of published versions, as the control plane sees it."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.function import FunctionVersion
from lambdad.domain.scope import Scope
from lambdad.domain.snap_start import Optimisation


class SnapshotMaker(Protocol):
    """Initialises published versions once and keeps what came of it."""

    async def optimise(self, version: FunctionVersion) -> Optimisation:
        """Run Init and the before-snapshot hooks, and keep the initialised process as a snapshot.

        Takes as long as Init takes; never raises for what the function or this host cannot do.
        """
        ...

    def forget(self, scope: Scope, name: str, version: str | None = None) -> None:
        """Keep no snapshot of one version or of all of a function; what is not kept is no error."""
        ...
