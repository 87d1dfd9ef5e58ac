"""The worker: environments, the pools they come from, and what all of them take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from lambdad.assignment.pools import Pools
from lambdad.telemetry.prometheus.family import Family, Kind, Sample, by, gauge
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.host import Host
from lambdad.worker.pools.housing import Housing
from lambdad.worker.pools.pool_status import PoolsStatus
from lambdad.worker.sandbox.blank import StartPath


def worker_families(host: Host, pools: Pools, housing: Housing, tier: str) -> list[Family]:
    """Families of the worker; `tier` is how functions are kept apart."""
    states = Counter(one.state for one in host.environments())
    crowd, placement = pools.crowd(), pools.placement
    families = [
        gauge("lambdad_isolation_info", "How functions are kept apart.", 1, (("tier", tier),)),
        by(
            Kind.GAUGE,
            "lambdad_environments",
            "Execution environments that live, by state.",
            "state",
            [(state.name.lower(), states[state]) for state in EnvironmentState],
        ),
        gauge(
            "lambdad_environments_leaving", "Environments that ended and are not all removed.", crowd.leaving
        ),
        gauge("lambdad_environments_most", "Most environments at once.", placement.bounds.most),
        gauge("lambdad_environments_memory_bytes", "Memory of all environments.", placement.used_bytes()),
        by(
            Kind.COUNTER,
            "lambdad_environment_starts",
            "Environments that were made, by how their runtime came to be.",
            "path",
            [(path.value, housing.starts[path]) for path in StartPath],
        ),
        gauge("lambdad_snapshots", "Snapshots that are kept.", host.snapshots.count),
        gauge("lambdad_snapshots_memory_bytes", "Memory of snapshots.", host.snapshots.size_bytes),
    ]
    ceiling = placement.bounds.ceiling_bytes
    if ceiling is not None:
        families.append(
            gauge("lambdad_environments_memory_ceiling_bytes", "Most memory of all environments.", ceiling)
        )
    if housing.pools is not None:
        families.extend(_pools(housing.pools.status()))
    return families


def _pools(status: PoolsStatus) -> list[Family]:
    def each(kind: Kind, name: str, what: str, values: Mapping[str, float]) -> Family:
        return by(kind, name, what, "kind", list(values.items()))

    kinds = status.kinds
    taken = tuple(
        Sample((("kind", kind.name), ("path", path.value)), count)
        for kind in kinds
        for path, count in kind.taken.items()
    )
    return [
        each(
            Kind.GAUGE,
            "lambdad_pool_waiting",
            "Sandboxes that wait for a function.",
            {kind.name: kind.waiting for kind in kinds},
        ),
        each(
            Kind.GAUGE,
            "lambdad_pool_wanted",
            "Sandboxes that shall wait.",
            {kind.name: kind.wanted for kind in kinds},
        ),
        Family("lambdad_pool_taken", Kind.COUNTER, "Sandboxes handed out, by where they came from.", taken),
        each(
            Kind.COUNTER,
            "lambdad_pool_died",
            "Sandboxes that died while they waited.",
            {kind.name: kind.died for kind in kinds},
        ),
        each(
            Kind.COUNTER,
            "lambdad_pool_failures",
            "Times that no sandbox could be made.",
            {kind.name: kind.failures for kind in kinds},
        ),
        gauge("lambdad_pool_memory_bytes", "Memory of what waits, as assumed.", status.waiting_bytes),
        gauge("lambdad_pool_queued", "Who waits for a sandbox to be made now.", status.queued),
    ]
