"""The worker: every environment on this host. Implements `ports.worker.Worker`."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import Callable, Iterable

from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import DEFAULT_SNAPSHOT_BYTES, ENVIRONMENT_AGE_S, REMOVED_WITHIN_S
from lambdad.domain.measured import Ran
from lambdad.domain.platform_events import ON_DEMAND
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogSink
from lambdad.ports.measures import UNMEASURED
from lambdad.ports.worker import EnvironmentOwner
from lambdad.worker.environment.environment import ExecutionEnvironment
from lambdad.worker.environment.journal import Journal
from lambdad.worker.environment.life import Life, Surroundings
from lambdad.worker.environment.making import Maker
from lambdad.worker.environment.restored import RestoredEnvironment
from lambdad.worker.environment.template import TemplateEnvironment
from lambdad.worker.freezer import Freezer, Resting
from lambdad.worker.rotation import expires_at
from lambdad.worker.runtime_api.connections import SharedConnections
from lambdad.worker.snapshots import Snapshots

_log = logging.getLogger("lambdad.host")


class Host:
    """Makes environments here and knows all that live.

    Args:
        maker: makes them.
        sink: where their logs go.
        clock: of all of them.
        on_gone: told the id of each that is no more.
        max_age_s: no environment takes an event when it is older.
        freezes: whether processes stop between events.
        connections: what environments may hold beside their own few; None sets no bound.
        on_removed: told whenever nothing is left of one, so that what it held is free.
        snapshot_bytes: memory that all snapshots together may take.
        sink_of: where the logs of a version go instead, as far as it may write any; None for `sink`.
        ran: takes every invocation that is over.

    Attributes:
        snapshots: of published versions.
    """

    def __init__(
        self,
        maker: Maker,
        sink: LogSink,
        clock: Clock,
        on_gone: Callable[[str], None] | None = None,
        max_age_s: float = ENVIRONMENT_AGE_S,
        *,
        freezes: bool = True,
        connections: SharedConnections | None = None,
        on_removed: Callable[[], None] | None = None,
        snapshot_bytes: int = DEFAULT_SNAPSHOT_BYTES,
        sink_of: Callable[[FunctionVersion], LogSink] | None = None,
        ran: Callable[[Ran], object] = UNMEASURED.ran,
    ) -> None:
        self._maker = maker
        self._sink_of = sink_of or (lambda _: sink)
        self._clock = clock
        self._on_gone = on_gone
        self._on_removed = on_removed
        self._max_age_s = max_age_s
        self._chance = random.SystemRandom()
        self._freezer = Freezer(clock)
        rest = self._freezer.rest if freezes else _run_on
        self._surroundings = Surroundings(clock, maker, self._forget, rest, connections, ran)
        self.snapshots = Snapshots(self._start_template, clock, snapshot_bytes)
        self._living: dict[str, ExecutionEnvironment] = {}
        self._seen_off: dict[Life, asyncio.Task[None]] = {}
        self._leaving = 0

    def start(
        self, version: FunctionVersion, owner: EnvironmentOwner, initialization_type: str = ON_DEMAND
    ) -> ExecutionEnvironment:
        """Begin to make an environment of `version`; the owner hears how it goes."""
        environment_id = f"e-{os.urandom(8).hex()}"
        journal = Journal(version, environment_id, self._sink_of(version), self._clock)
        journal.initialization_type = initialization_type
        ends = expires_at(self._clock.monotonic(), self._max_age_s, self._chance.random())
        loan = self.snapshots.borrow(version) if version.is_snap_started else None
        environment = (
            ExecutionEnvironment(environment_id, version, owner, journal, self._surroundings, ends)
            if loan is None
            else RestoredEnvironment(environment_id, version, owner, journal, self._surroundings, ends, loan)
        )
        self._living[environment_id] = environment
        return environment

    def _start_template(self, version: FunctionVersion) -> TemplateEnvironment:
        environment_id = f"e-{os.urandom(8).hex()}"
        journal = Journal(version, environment_id, self._sink_of(version), self._clock)
        environment = TemplateEnvironment(environment_id, version, journal, self._surroundings)
        self._living[environment_id] = environment
        return environment

    def environments(self) -> list[ExecutionEnvironment]:
        """Every living environment, oldest first."""
        return list(self._living.values())

    @property
    def leaving(self) -> int:
        """Environments that have ended and of which something is left, but for how long that may take."""
        return self._leaving

    async def gone(self, environments: Iterable[Life], within_s: float) -> bool:
        """Wait until nothing is left of these environments; False when the time was too short."""
        try:
            async with asyncio.timeout(within_s):
                await asyncio.gather(*(one.no_more() for one in environments))
        except TimeoutError:
            return False
        return True

    def _forget(self, environment: Life) -> None:
        self._living.pop(environment.environment_id, None)
        name = f"see off {environment.environment_id}"
        self._leaving += 1
        self._seen_off[environment] = asyncio.create_task(self._see_off(environment), name=name)
        if self._on_gone is not None:
            self._on_gone(environment.environment_id)

    async def _see_off(self, environment: Life) -> None:
        try:
            async with asyncio.timeout(REMOVED_WITHIN_S):
                await environment.removed()
        except TimeoutError:  # nobody must wait for its room for ever
            text = "%s is not removed yet; others may start all the same"
            _log.warning(text, environment.environment_id, extra={"event": "environment.lingers"})
        self._leaving -= 1
        if self._on_removed is not None:
            self._on_removed()
        await environment.removed()
        del self._seen_off[environment]

    async def close(self) -> None:
        """End every environment, its extensions told, and wait until nothing is left of any."""
        self._freezer.close()
        await self.snapshots.close()
        for environment in self.environments():
            environment.stop()
        if self._seen_off:
            await asyncio.gather(*self._seen_off.values())
        await self._maker.factory.close()


def _run_on(_environment: Resting) -> None:
    """An idle environment is left alone."""
