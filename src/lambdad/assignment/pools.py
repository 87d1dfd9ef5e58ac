"""Every pool on this node: made on demand, retired when their version changes."""

from __future__ import annotations

from dataclasses import replace

from lambdad.assignment.pool import Pool
from lambdad.assignment.provisioned_pool import ProvisionedPool
from lambdad.assignment.starter import Later, Starter
from lambdad.domain.errors import LambdadError
from lambdad.domain.function import LATEST, FunctionVersion, State
from lambdad.domain.provisioned import Allocation
from lambdad.domain.scope import Scope
from lambdad.placement.admission import Crowd
from lambdad.placement.capacity import Placement
from lambdad.ports.clock import Clock
from lambdad.ports.worker import Environment

PoolKey = tuple[Scope, str, str, str | None]
"""Scope, function name, version; the tenant, where tenants are kept apart."""
_MOST_STARTING = 8


class Pools:
    """Pools by function version.

    Args:
        placement: where environments come from.
        clock: for idle times.
        idle_s: an environment idle for longer is ended.
        most_starting: environments on demand that may come up at once.
        later: see `Starter`.
    """

    def __init__(
        self,
        placement: Placement,
        clock: Clock,
        idle_s: float,
        most_starting: int = _MOST_STARTING,
        later: Later | None = None,
    ) -> None:
        self._placement = placement
        self._starter = Starter(placement, clock, self, most_starting, later)
        self._clock = clock
        self._idle_s = idle_s
        self._pools: dict[PoolKey, Pool] = {}
        self._provided: dict[PoolKey, ProvisionedPool] = {}
        self._of_tenants: dict[PoolKey, set[PoolKey]] = {}  # by the key without tenant
        self._retired: list[Pool] = []

    def pool(self, version: FunctionVersion, tenant: str | None = None) -> Pool:
        """The pool of exactly this revision, for one tenant; one of an older revision is retired."""
        key = (version.scope, version.name, version.version, tenant)
        pool = self._pools.get(key)
        if pool is not None and _runs_the_same(pool.version, version):
            return pool
        if pool is not None:
            self._retire(key)
        pool = self._pools[key] = Pool(version, self._starter, self._clock)
        if tenant is not None:
            self._of_tenants.setdefault(_without_tenant(key), set()).add(key)
        return pool

    def forget(self, scope: Scope, name: str) -> None:
        """The function changed or is gone: retire the pools of its `$LATEST`.

        Numbered versions never change; the environments of a deleted one end when they have been idle.
        """
        key = (scope, name, LATEST, None)
        for one in [key, *self._of_tenants.get(key, ())]:
            if one in self._pools:
                self._retire(one)

    def retire_all(self) -> None:
        """Retire every pool; functions called again get new ones, and what is kept is kept anew."""
        provided = list(self._provided.values())
        for key in list(self._pools):
            self._retire(key)
        for pool in provided:
            self.provide(pool.version, pool.requested)

    def provide(self, version: FunctionVersion, requested: int) -> None:
        """Keep so many environments of a published version initialised."""
        key = (version.scope, version.name, version.version, None)
        pool = self._provided.get(key)
        if pool is None:
            if key in self._pools:
                self._retire(key)
            pool = ProvisionedPool(version, self._starter, self._clock)
            self._pools[key] = self._provided[key] = pool
        pool.require(requested)

    def withdraw(self, scope: Scope, name: str, version: str | None) -> list[FunctionVersion]:
        """Keep none of a version, or of any of a function (None); those of which some were kept."""
        keys = [key for key in self._provided if key[:2] == (scope, name) and version in (None, key[2])]
        versions = [self._provided[key].version for key in keys]
        for key in keys:
            self._retire(key)
        return versions

    def allocation(self, scope: Scope, name: str, version: str) -> Allocation | None:
        """How far what is kept of a version has come; None when none is."""
        pool = self._provided.get((scope, name, version, None))
        return None if pool is None else pool.allocation

    def look(self) -> None:
        """Start and end what pauses and ages have made due among the environments that are kept."""
        for pool in list(self._provided.values()):
            pool.look()
        self._starter.pump()

    def relieve(self) -> int:
        """End idle environments when all together use more memory than they may; how many."""
        count = self._placement.to_relieve(self.crowd(), self._clock.monotonic())
        return self.evict(count) if count else 0

    def removed(self) -> None:
        """What an environment held is free: who waits for room may have it."""
        self._placement.memory_changed()
        for pool in list(self._provided.values()):
            if pool.lacks_room:
                pool.look()
        self._starter.pump()

    def close(self) -> None:
        """Keep nothing any more: the server ends."""
        for pool in self._provided.values():
            pool.close()

    def refuse_waiting(self, why: LambdadError) -> None:
        """Start nothing more; who waits for an environment is told why."""
        for pool in [*self._pools.values(), *self._retired]:
            pool.refuse_waiting(why)

    def _retire(self, key: PoolKey) -> None:
        pool = self._pools.pop(key)
        self._provided.pop(key, None)
        if key[3] is not None:
            self._left_tenant(key)
        self._retired = [one for one in self._retired if one.size or one.waiting]
        self._retired.append(pool)
        pool.retire()

    def _left_tenant(self, key: PoolKey) -> None:
        of_version = _without_tenant(key)
        keys = self._of_tenants[of_version]
        keys.discard(key)
        if not keys:
            del self._of_tenants[of_version]

    def reclaim(self) -> int:
        """End environments that have been idle for too long; how many."""
        before = self._clock.monotonic() - self._idle_s
        ended = sum(pool.retire_idle(before) for pool in self._pools.values())
        unused = [k for k, one in self._pools.items() if not (one.size or one.waiting or one.is_kept)]
        for key in unused:
            self._retire(key)
        self._starter.forget_rates()
        return ended

    def crowd(self) -> Crowd:
        """The environments there are: counted when a new one is to be made."""
        pools = [*self._pools.values(), *self._retired]
        starting = sum(pool.starting_count for pool in pools)
        return self._placement.crowd(starting, sum(pool.idle_count for pool in pools))

    @property
    def placement(self) -> Placement:
        """Where environments come from."""
        return self._placement

    def evict(self, count: int) -> int:
        """End so many idle environments on demand, the longest unused first; how many there were."""
        ended = 0
        while ended < count and (longest := self._longest_idle()) is not None:
            longest.retire()
            ended += 1
        return ended

    def _longest_idle(self) -> Environment | None:
        found = (pool.longest_idle for pool in self._pools.values())
        return min((one for one in found if one is not None), key=_idle_since, default=None)


def _without_tenant(key: PoolKey) -> PoolKey:
    return (*key[:3], None)


def _idle_since(environment: Environment) -> float:
    return environment.idle_since


def _runs_the_same(one: FunctionVersion, other: FunctionVersion) -> bool:
    """Whether an environment cannot tell the two apart: only state, revision or wording differ."""
    return one.revision_id == other.revision_id or _what_runs(one) == _what_runs(other)


def _what_runs(version: FunctionVersion) -> FunctionVersion:
    return replace(
        version,
        revision_id="",
        last_modified="",
        description="",
        is_optimised=False,
        state=State.ACTIVE,
        state_reason=None,
        update_status=None,
        update_reason=None,
    )
