"""Whoever keeps environments initialised, as the control plane sees it."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.function import FunctionVersion
from lambdad.domain.provisioned import Allocation
from lambdad.domain.scope import Scope


class Provisioner(Protocol):
    """Keeps environments of published versions; each call comes on the loop and returns at once."""

    def provide(self, version: FunctionVersion, requested: int) -> None:
        """Keep this many from now on; begins at IN_PROGRESS, also when it kept some before."""
        ...

    def withdraw(self, scope: Scope, name: str, version: str | None = None) -> None:
        """Keep none any more, of one version or of all of a function; what is not kept is no error."""
        ...

    def allocation(self, scope: Scope, name: str, version: str) -> Allocation | None:
        """How far it has come; None when none are kept."""
        ...
