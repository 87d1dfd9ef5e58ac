"""Provisioned concurrency put to work: leases and environments together.

Before: the control plane with a published version. After: the pools, which keep the environments, and the
ledger. Routes need no word of it: a pool that is another one from now on makes the frontend resolve anew.
"""

from __future__ import annotations

from lambdad.assignment.pools import Pools
from lambdad.counting.ledger import Ledger
from lambdad.domain.function import FunctionVersion
from lambdad.domain.provisioned import Allocation
from lambdad.domain.scope import Scope


class Provisioning:
    """Implements `ports.provisioner.Provisioner`."""

    def __init__(self, pools: Pools, ledger: Ledger) -> None:
        self._pools = pools
        self._ledger = ledger

    def provide(self, version: FunctionVersion, requested: int) -> None:
        """Keep this many environments from now on; begins at IN_PROGRESS."""
        self._ledger.provide(version, requested)
        self._pools.provide(version, requested)

    def withdraw(self, scope: Scope, name: str, version: str | None = None) -> None:
        """Keep none any more, of one version or of all of a function."""
        for one in self._pools.withdraw(scope, name, version):
            self._ledger.withdraw(one)

    def allocation(self, scope: Scope, name: str, version: str) -> Allocation | None:
        """How far it has come; None when none are kept."""
        return self._pools.allocation(scope, name, version)
