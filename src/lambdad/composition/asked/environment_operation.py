"""What `/lambdad/v1/environments` answers: every environment, what it uses, and the host; beyond AWS."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lambdad.composition.asked.queries import limit_of
from lambdad.composition.own_operations import OwnOperations
from lambdad.domain.http import Request
from lambdad.domain.limits import KIB, MIB
from lambdad.ports.clock import Clock
from lambdad.worker.environment.environment import ExecutionEnvironment
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox import group_memory
from lambdad.worker.sandbox.plan import Sandbox

_MOST: Final = 1_000
"""Environments told at once: reading what one uses takes a tenth of a millisecond."""
_RESTING: Final = frozenset({EnvironmentState.IDLE, EnvironmentState.FROZEN, EnvironmentState.BARE})
_AVAILABLE: Final = "MemAvailable:"


@dataclass(frozen=True, slots=True)
class EnvironmentOperation:
    """The handler; environments of every account are seen, as in `status`."""

    own: OwnOperations
    clock: Clock

    async def show(self, request: Request) -> Mapping[str, object]:
        """Environments, oldest first, of one function of the caller's when the query names it."""
        limit = limit_of(request, _MOST, _MOST)
        function = dict(request.query).get("function")
        scope = request.caller.scope
        found = [
            one
            for one in self.own.host.environments()
            if function is None or (one.version.name == function and one.version.scope == scope)
        ]
        told = found[:limit]
        used = await asyncio.to_thread(_used, [one.sandbox for one in told])
        now = self.clock.monotonic()
        return {
            "host": {**_host(), "isolation": self.own.isolation(), "capacity": self.own.capacity()},
            "total": len(found),
            "environments": [_told(one, memory, now) for one, memory in zip(told, used, strict=True)],
        }


def _told(one: ExecutionEnvironment, memory: int | None, now: float) -> Mapping[str, object]:
    version = one.version
    expires_s = one.expires_at - now
    is_resting = one.state in _RESTING
    return {
        "id": one.environment_id,
        "function": version.name,
        "version": version.version,
        "account": version.scope.account,
        "region": version.scope.region,
        "runtime": version.runtime,
        "state": one.state.name.lower(),
        "initialization_type": one.initialization_type,
        "start_path": one.start_path,
        "sandbox": one.sandbox_id,
        "age_s": round(now - one.created_at, 3),
        "expires_s": round(expires_s, 3) if expires_s < float("inf") else None,
        "idle_s": round(now - one.idle_since, 3) if is_resting else None,
        "invocations": one.served,
        "memory_bytes": memory,
        "highest_memory_bytes": one.peak_mib * MIB or None,
        "memory_limit_bytes": version.memory_mib * MIB,
        "log_group": version.logging.log_group,
        "log_stream": one.log_stream,
    }


def _used(sandboxes: Sequence[Sandbox | None]) -> list[int | None]:
    """What each uses now; None where there is none, or nobody can tell. Runs in a thread."""
    return [None if one is None else _used_by(one) for one in sandboxes]


def _used_by(sandbox: Sandbox) -> int | None:
    with suppress(OSError):  # it is just going
        return sandbox.memory_bytes() or None
    return None


def _host() -> Mapping[str, object]:
    """Processors and memory of this host; None for what it does not tell."""
    load = available = None
    with suppress(OSError):
        load = [round(each, 2) for each in os.getloadavg()]
    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        available = int(next(line for line in lines if line.startswith(_AVAILABLE)).split()[1]) * KIB
    return {
        "cpus": os.cpu_count(),
        "load": load,
        "memory_bytes": group_memory.host_bytes(),
        "available_memory_bytes": available,
    }
