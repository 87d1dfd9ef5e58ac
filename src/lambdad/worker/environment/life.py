"""What every environment is made of, and how its traces are removed.

The parts build on each other: `life` (fields, removal), `events` (one event at a time, and its ends),
`environment` (making, Init, exits).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.ports.clock import Clock
from lambdad.ports.worker import EnvironmentOwner
from lambdad.worker.environment.journal import Journal
from lambdad.worker.environment.making import Maker, Making
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.runtime_api.connections import ConnectionCount
from lambdad.worker.runtime_api.server import RuntimeConnection

_log = logging.getLogger("lambdad.environment")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every environment of a worker shares."""

    clock: Clock
    maker: Maker
    forget: Callable[[Life], None]


class Life:
    """The fields of an environment and the end of all of them.

    Attributes:
        environment_id: names sandbox, cgroup and log stream.
        connections: how many connections its processes hold to the server.
    """

    __slots__ = (
        "_answerable",
        "_current",
        "_deadline",
        "_init_ms",
        "_journal",
        "_making",
        "_owner",
        "_peak_mib",
        "_peak_read_at",
        "_started",
        "_state",
        "_surroundings",
        "_task",
        "_timer",
        "_waiting",
        "connections",
        "environment_id",
        "idle_since",
        "version",
    )

    def __init__(
        self,
        environment_id: str,
        version: FunctionVersion,
        owner: EnvironmentOwner,
        journal: Journal,
        surroundings: Surroundings,
    ) -> None:
        self.environment_id = environment_id
        self.version = version
        self.connections = ConnectionCount()
        self.idle_since = 0.0
        self._owner = owner
        self._journal = journal
        self._surroundings = surroundings
        self._state = EnvironmentState.MAKING
        self._making: Making | None = None
        self._waiting: RuntimeConnection | None = None
        self._current: Invocation | None = None
        self._answerable: bytes | None = None
        self._started = 0.0
        self._init_ms: float | None = None
        self._peak_mib = 0
        self._peak_read_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: float | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def state(self) -> EnvironmentState:
        """Where it is in its life."""
        return self._state

    async def _remove(self, making: Making, before: asyncio.Task[None] | None) -> None:
        """Remove every trace; a start that is under way (`before`) comes to its end by that."""
        self._journal.close()
        self._making = None
        try:
            await making.remove()
            if before is not None:
                await asyncio.wait({before})
        except Exception:  # noqa: BLE001 - nobody else could be told
            _log.exception("an environment could not be removed", extra={"event": "environment.left"})

    @property
    def is_removed(self) -> bool:
        """Whether every trace is gone."""
        return self._state is EnvironmentState.GONE and (self._task is None or self._task.done())

    async def removed(self) -> None:
        """Return once making or removing has come to its end."""
        if self._task is not None:
            await asyncio.wait({self._task})

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._deadline = None
