"""Moves versions out of Pending and InProgress, a moment after they came into it.

AWS prepares code and network in that time; here the code is ready when the call returns, and the
moment is kept because clients wait for it. A version with SnapStart is initialised in that time, and how
that ended decides where it settles. After a restart `resume` goes on with what is unsettled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from lambdad.control.snap_start import settled_as
from lambdad.control.states import Phase, phase
from lambdad.domain.function import FunctionVersion
from lambdad.domain.snap_start import Optimisation
from lambdad.ports.catalogue_store import CatalogueStore
from lambdad.ports.snapshots import SnapshotMaker

_log = logging.getLogger(__name__)
_UNSETTLED = frozenset({Phase.BEING_CREATED, Phase.BEING_UPDATED})


class Settler:
    """Settles versions in background tasks of its own.

    Args:
        snapshots: initialises versions that have SnapStart.
        delay_s: seconds from a change to its success.
        new_id: makes revision ids.
        sleep: waits that many seconds; virtual in tests.
    """

    def __init__(
        self,
        catalogue: CatalogueStore,
        *,
        snapshots: SnapshotMaker,
        delay_s: float,
        new_id: Callable[[], str],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._catalogue = catalogue
        self._snapshots = snapshots
        self._delay_s = delay_s
        self._new_id = new_id
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()

    def schedule(self, version: FunctionVersion) -> None:
        """Settle `version` after the delay."""
        task = asyncio.create_task(self._later(version), name=f"settle {version.qualified_arn}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def resume(self) -> int:
        """Schedule every unsettled version of the catalogue; how many. Call once after start."""
        unsettled = await self._catalogue.unsettled()
        for version in unsettled:
            self.schedule(version)
        return len(unsettled)

    async def settle_now(self) -> None:
        """Wait until everything scheduled so far is settled."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Stop; what is unsettled stays so until `resume` of the next server."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _later(self, version: FunctionVersion) -> None:
        await self._sleep(self._delay_s)
        if phase(version) is Phase.BEING_CREATED and version.is_snap_started:
            await self._settle(version, await self._snapshots.optimise(version))
        else:
            await self._settle(version)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:  # the catalogue's; `resume` of the next server tries again
            _log.error("a version could not be settled", exc_info=error, extra={"event": "settle.failed"})

    async def _settle(self, version: FunctionVersion, optimisation: Optimisation | None = None) -> None:
        current: FunctionVersion | None = version
        while current is not None and phase(current) in _UNSETTLED:
            settled = settled_as(current, optimisation, self._new_id())
            if await self._catalogue.replace(settled, expected_revision=current.revision_id):
                return
            current = await self._catalogue.read(version.scope, version.name, version.version)
        if current is None:
            self._snapshots.forget(version.scope, version.name, version.version)
