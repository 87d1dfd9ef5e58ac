"""Finds a sandbox for a function: a blank that waits, one made now, or one made for this very function.

Before: `environment.making` knows what the sandbox shall be. After: code is mounted, limits hold, and the
runtime can be started; how it came to be there is told beside. Whatever fails on the way, the next way is
taken, and only the last one's failure is the caller's.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.pools.blank_pools import BlankPools
from lambdad.worker.runtimes.launch import RuntimeLaunch
from lambdad.worker.sandbox.blank import BARE_KIND, BlankKind, StartPath, must_be_there
from lambdad.worker.sandbox.plan import Sandbox, SandboxFactory, SandboxPlan

_log = logging.getLogger("lambdad.pool")
_TRIES = 2  # one that waited may have died just now; a second one will not


@dataclass(slots=True)
class Housing:
    """Gives sandboxes to functions.

    Attributes:
        factory: makes what no pool has.
        pools: None where there are none: every sandbox is made for its function.
        starts: how often each path was taken.
    """

    factory: SandboxFactory
    pools: BlankPools | None = None
    starts: Counter[StartPath] = field(default_factory=Counter)

    async def house(
        self, plan: SandboxPlan, launch: RuntimeLaunch, variables: Mapping[str, str]
    ) -> tuple[Sandbox, StartPath]:
        """A sandbox for a function, and how its runtime will come to be.

        Args:
            plan: what it shall be.
            launch: of the function, as configured.
            variables: what the function itself sets.

        Raises:
            EnvironmentUnavailable: it can be had in no way.
        """
        sandbox, path = await self._find(plan, kind_for(launch, variables))
        self.starts[path] += 1
        return sandbox, path

    def expect(self, kind: BlankKind) -> None:
        """A function of this kind is there: some shall wait for its first call."""
        if self.pools is not None:
            self.pools.expect(kind)

    def restored(self, path: StartPath) -> None:
        """What was counted as `path` goes on from a memory image."""
        self.starts[path] -= 1
        self.starts[StartPath.RESTORE] += 1

    async def _find(self, plan: SandboxPlan, kind: BlankKind) -> tuple[Sandbox, StartPath]:
        if self.pools is not None and not plan.shared:  # which cannot be mounted in what waited
            for _ in range(_TRIES):
                try:
                    return await _assigned(self.pools, plan, kind)
                except EnvironmentUnavailable as error:
                    _log.info("no blank of %s: %s", kind.name, error, extra={"event": "pool.passed_over"})
        return await self.factory.create(plan), StartPath.SPAWN


async def _assigned(pools: BlankPools, plan: SandboxPlan, kind: BlankKind) -> tuple[Sandbox, StartPath]:
    sandbox, path = await pools.take(kind)
    try:
        await sandbox.assign(plan)
    except BaseException:
        await sandbox.destroy()
        raise
    return sandbox, path


def kind_for(launch: RuntimeLaunch, variables: Mapping[str, str]) -> BlankKind:
    """The kind of blank for a function: what waits must be able to become its runtime."""
    kind = launch.blank
    return kind if launch.argv == kind.stands_for and not must_be_there(variables) else BARE_KIND
