"""What every environment is made of, and how its traces are removed.

The parts build on each other: `life` (fields, removal), `processes` (starting them, and news of their
ends), `endings` (reset, shutdown, end), `time_limit`, `events` (one event at a time), `runtime_calls` and
`extension_calls` (what they call), `environment` (making, and Init in all its forms).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.measured import Ran
from lambdad.domain.platform_log import Birth
from lambdad.ports.clock import Clock
from lambdad.ports.measures import UNMEASURED
from lambdad.ports.worker import EnvironmentOwner
from lambdad.worker.environment.extensions import Extensions
from lambdad.worker.environment.journal import Journal
from lambdad.worker.environment.making import Maker, Making
from lambdad.worker.environment.states import NEEDING_INIT, EnvironmentState
from lambdad.worker.freezer import Resting
from lambdad.worker.runtime_api.connections import ConnectionCount, SharedConnections
from lambdad.worker.runtime_api.server import RuntimeConnection
from lambdad.worker.sandbox.plan import Sandbox
from lambdad.worker.telemetry_api.telemetry import Telemetry

_log = logging.getLogger("lambdad.environment")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every environment of a worker shares.

    Attributes:
        rest: told when an environment became idle, so that it is frozen soon.
        connections: what all may hold beside their own few; None sets no bound.
        ran: takes every invocation that is over.
    """

    clock: Clock
    maker: Maker
    forget: Callable[[Life], None]
    rest: Callable[[Resting], None]
    connections: SharedConnections | None = None
    ran: Callable[[Ran], object] = UNMEASURED.ran


class Life:
    """The fields of an environment and the end of all of them.

    Attributes:
        environment_id: names the log stream; a sandbox has a name of its own (`sandbox_id`).
        connections: how many connections its processes hold to the server.
        created_at: monotonic seconds.
        served: events that were handed over to it.
        expires_at: monotonic seconds from which on it takes no event any more.
        rests: whether it waits to be frozen (the freezer's own mark).
    """

    __slots__ = (
        "_answerable",
        "_birth",
        "_current",
        "_deadline",
        "_extensions",
        "_gone",
        "_init_ms",
        "_journal",
        "_making",
        "_offered",
        "_owner",
        "_peak_mib",
        "_peak_read_at",
        "_started",
        "_state",
        "_surroundings",
        "_tasks",
        "_telemetry",
        "_timer",
        "_waiting",
        "connections",
        "created_at",
        "environment_id",
        "expires_at",
        "idle_since",
        "rests",
        "served",
        "version",
    )
    # _birth: until the first event is reported.
    # _offered: the owner counts it among those that can take an event.

    def __init__(
        self,
        environment_id: str,
        version: FunctionVersion,
        owner: EnvironmentOwner,
        journal: Journal,
        surroundings: Surroundings,
        expires_at: float,
    ) -> None:
        self.environment_id = environment_id
        self.version = version
        self.connections = ConnectionCount(surroundings.connections)
        self.created_at = surroundings.clock.monotonic()
        self.expires_at = expires_at
        self.idle_since = 0.0
        self.served = 0
        self.rests = False
        self._owner = owner
        self._journal = journal
        self._surroundings = surroundings
        self._state = EnvironmentState.MAKING
        self._making: Making | None = None
        self._birth: Birth | None = None
        self._extensions: Extensions | None = None
        self._telemetry: Telemetry | None = None
        self._waiting: RuntimeConnection | None = None
        self._current: Invocation | None = None
        self._answerable: bytes | None = None
        self._offered = False
        self._started = 0.0
        self._init_ms: float | None = None
        self._peak_mib = 0
        self._peak_read_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._deadline: float | None = None
        self._gone = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> EnvironmentState:
        """Where it is in its life."""
        return self._state

    @property
    def sandbox_id(self) -> str | None:
        """Names its control groups and its first process on the host; None until there is a sandbox."""
        return None if self._making is None else self._making.sandbox.sandbox_id

    @property
    def start_path(self) -> str | None:
        """How its runtime came to be (`sandbox.blank.StartPath`); None until its sandbox is there."""
        return None if self._making is None else self._making.start_path.value

    @property
    def log_stream(self) -> str:
        """The stream of its log."""
        return self._journal.stream_name

    @property
    def sandbox(self) -> Sandbox | None:
        """What it runs in; None until that is there."""
        return None if self._making is None else self._making.sandbox

    @property
    def peak_mib(self) -> int:
        """Most memory it used, as its reports say; 0 before the first, and where the host cannot tell."""
        return self._peak_mib

    @property
    def initialization_type(self) -> str:
        """As in `domain.platform_events`."""
        return self._journal.initialization_type

    @property
    def needs_init(self) -> bool:
        """Whether the next event would have Init repeated inside it."""
        return self._state in NEEDING_INIT

    def _spawn(self, work: Coroutine[None, None, None], what: str) -> None:
        """Do something beside; `removed` waits for it."""
        task = asyncio.create_task(work, name=f"{what} {self.environment_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _remove(self, making: Making) -> None:
        """Remove every trace; a start that is under way comes to its end by that."""
        self._close_telemetry()
        self._journal.close()
        self._making = None
        try:
            await making.remove()
        except Exception:  # noqa: BLE001 - nobody else could be told
            _log.exception("an environment could not be removed", extra={"event": "environment.left"})

    @property
    def is_living(self) -> bool:
        """Whether its end has not begun."""
        return self._state not in {EnvironmentState.SHUTDOWN, EnvironmentState.GONE}

    @property
    def is_removed(self) -> bool:
        """Whether every trace is gone."""
        return self._state is EnvironmentState.GONE and not self._tasks

    async def no_more(self) -> None:
        """Return once it has ended, whenever that is, and nothing is left of it."""
        await self._gone.wait()
        await self.removed()

    async def removed(self) -> None:
        """Return once making, shutting down and removing have come to their end."""
        while self._tasks:
            await asyncio.wait(self._tasks)
            await asyncio.sleep(0)  # the callbacks that take them out of the set

    def _close_telemetry(self) -> None:
        """Who subscribed is gone."""
        telemetry, self._telemetry = self._telemetry, None
        if telemetry is not None:
            telemetry.close()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._deadline = None
