"""What `/lambdad/v1/` answers: status, drain, backup, health, and code downloads."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lambdad import __version__
from lambdad.assignment.pools import Pools
from lambdad.composition.authorization import Authorization
from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request
from lambdad.events.queue import EventQueue
from lambdad.frontend.invoke import Frontend
from lambdad.ports.log_store import LogLosses
from lambdad.storage.backup import backup
from lambdad.worker.host import Host
from lambdad.worker.pools.housing import Housing
from lambdad.worker.pools.pool_status import KindStatus
from lambdad.worker.sandbox.blank import StartPath
from lambdad.worker.sandbox.plan import SandboxFactory, Tier
from lambdad.worker.sandbox.probe import WEAK

_MAX_WAIT_S = 3_600


@dataclass(frozen=True, slots=True)
class OwnOperations:
    """The handlers; `data_dir` is None when nothing is kept."""

    frontend: Frontend
    pools: Pools
    host: Host
    housing: Housing
    factory: SandboxFactory
    data_dir: Path | None
    started: float
    queue: EventQueue
    allowed: Authorization
    unknown_roles: Callable[[], Sequence[str]]
    lost_lines: Callable[[], LogLosses]
    is_draining: Callable[[], bool]
    neighbours: Callable[[], Mapping[str, object]]

    async def health(self, request: Request) -> Mapping[str, object]:
        """Whether the server is up, and how strongly functions are kept apart."""
        tier = self.factory.tier
        warning = {"warning": WEAK} if tier is Tier.PROCESS else {}
        return {"status": "ok", "version": __version__, "isolation": tier.value, **warning}

    async def status(self, request: Request) -> Mapping[str, object]:
        """What the server is doing now."""
        return {
            "version": __version__,
            "pid": os.getpid(),
            "uptime_s": round(time.monotonic() - self.started, 3),
            "isolation": self.isolation(),
            "data_dir": None if self.data_dir is None else str(self.data_dir),
            "draining": self.frontend.draining,
            "unknown_roles": self.unknown_roles(),
            "companion": self.neighbours(),
            "invocations": {
                "running": self.frontend.in_flight,
                "loops_stopped": self.frontend.loops.stopped,
            },
            "throttles": self._throttles(),
            "events": self._events(),
            "capacity": self.capacity(),
            "logs_withheld": self.allowed.delivery.withheld,
            "logs_lost": asdict(self.lost_lines()),
            "starts": {path.value: self.housing.starts[path] for path in StartPath},
            "pools": self._pools(),
            "snapshots": {
                "count": self.host.snapshots.count,
                "memory_bytes": self.host.snapshots.size_bytes,
            },
            "environments": [
                {
                    "id": one.environment_id,
                    "function": one.version.name,
                    "version": one.version.version,
                    "account": one.version.scope.account,
                    "region": one.version.scope.region,
                    "runtime": one.version.runtime,
                    "state": one.state.name.lower(),
                    "initialization_type": one.initialization_type,
                    "start_path": one.start_path,
                    "sandbox": one.sandbox_id,
                }
                for one in self.host.environments()
            ],
        }

    def _throttles(self) -> Sequence[Mapping[str, object]]:
        return [
            {
                "function": one.function,
                "account": None if one.scope is None else one.scope.account,
                "region": None if one.scope is None else one.scope.region,
                "reason": one.reason,
                "count": one.count,
            }
            for one in self.frontend.throttles.report()
        ]

    def _events(self) -> Mapping[str, object]:
        queued, running = self.queue.glance()
        return {"queued": queued, "running": running}

    def isolation(self) -> Mapping[str, object]:
        """How functions are kept apart, and what this host gives for it."""
        return {
            "tier": self.factory.tier.value,
            **({"warning": WEAK} if self.factory.tier is Tier.PROCESS else {}),
            "findings": [
                {"feature": one.feature, "works": one.works, "detail": one.detail, "remedy": one.remedy}
                for one in self.factory.findings
            ],
        }

    def capacity(self) -> Mapping[str, object]:
        """Environments and memory: what there is, and what there may be."""
        placement, crowd = self.pools.placement, self.pools.crowd()
        return {
            "environments": crowd.living,
            "most_environments": placement.bounds.most,
            "starting": crowd.starting,
            "idle": crowd.idle,
            "leaving": crowd.leaving,
            "memory_bytes": placement.used_bytes(),
            "memory_ceiling_bytes": placement.bounds.ceiling_bytes,
        }

    def _pools(self) -> Mapping[str, object]:
        if self.housing.pools is None:
            return {}
        return {kind.name: _about(kind) for kind in self.housing.pools.status().kinds}

    async def drain(self, request: Request) -> Mapping[str, object]:
        """End every idle environment now and busy ones after their event, extensions told.

        The next events start new environments. ``wait_s`` of the body is how long the answer waits for the
        old ones to be gone; without it, it does not.
        """
        before = self.host.environments()
        wait_s = _wait_s(request.body)
        self.pools.retire_all()
        if wait_s:
            await self.host.gone(before, wait_s)
        left = sum(not one.is_removed for one in before) if wait_s else sum(one.is_living for one in before)
        return {"environments": len(before), "ended": len(before) - left}

    async def backup(self, request: Request) -> Mapping[str, object]:
        """Write an archive of everything kept to the absolute ``path`` of the body."""
        if self.data_dir is None:
            raise InvalidParameter("This server keeps nothing (--data-dir :memory:): nothing to back up.")
        try:
            path = Path(json.loads(request.body)["path"])
        except (ValueError, KeyError, TypeError):
            raise InvalidParameter('The body must be {"path": "/absolute/file.tar"}.') from None
        if not path.is_absolute():
            raise InvalidParameter(f"The path {path} is not absolute.")
        await asyncio.to_thread(backup, self.data_dir, path)
        return {"path": str(path), "bytes": path.stat().st_size}


def _about(kind: KindStatus) -> Mapping[str, object]:
    """What waits of one kind, and how it went."""
    about: dict[str, object] = {"waiting": kind.waiting, "wanted": kind.wanted}
    if kind.died:
        about["died_waiting"] = kind.died
    if kind.last_failure is not None:
        about["failing"] = kind.failing
        about["failures"] = kind.failures
        about["last_failure"] = kind.last_failure.reason
    return about


def _wait_s(body: bytes) -> float:
    """Seconds to wait for the end of what is drained.

    Raises:
        InvalidParameter: not a number from 0 to an hour.
    """
    refusal = InvalidParameter(f'The body must be {{"wait_s": seconds}}, from 0 to {_MAX_WAIT_S}.')
    try:
        found = json.loads(body) if body else {}
        wait = found.get("wait_s", 0)
    except (ValueError, AttributeError, RecursionError):
        raise refusal from None
    if isinstance(wait, bool) or not isinstance(wait, (int, float)) or not 0 <= wait <= _MAX_WAIT_S:
        raise refusal
    return float(wait)
