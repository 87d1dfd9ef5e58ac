"""Makes one blank, within a time, and destroys those that nobody needs.

Before: a take, or filling, wants one for a line. After: it is handed out, or waits.
"""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Final, Protocol

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.ports.clock import Clock
from lambdad.worker.pools.waiting_line import WaitingLine
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.plan import Sandbox

_log = logging.getLogger("lambdad.pool")

MAKING_S: Final = 30.0
"""A blank that is not there after so long is given up; usual are milliseconds."""


class BlankFactory(Protocol):
    """Who makes blanks: a sandbox tier."""

    async def create_blank(self, kind: BlankKind, sandbox_id: str, *, outbound: bool) -> Sandbox:
        """As `plan.SandboxFactory.create_blank`."""
        ...


class BlankMaking:
    """Makes and destroys blanks.

    Args:
        factory: of the tier.
        clock: for the pauses after failures.
        outbound: whether blanks reach the internet.
        making_s: how long making one may take.
    """

    def __init__(self, factory: BlankFactory, clock: Clock, *, outbound: bool, making_s: float) -> None:
        self._factory = factory
        self._clock = clock
        self._outbound = outbound
        self._making_s = making_s
        self._leaving: set[asyncio.Task[None]] = set()

    async def create(self, line: WaitingLine) -> Sandbox:
        """Make one of a line's kind; the line notes how that went.

        Raises:
            EnvironmentUnavailable: it cannot be made, or not in time.
        """
        sandbox_id = f"b-{os.urandom(8).hex()}"
        try:
            async with asyncio.timeout(self._making_s):
                sandbox = await self._factory.create_blank(line.kind, sandbox_id, outbound=self._outbound)
        except EnvironmentUnavailable as error:
            self.note(line, error)
            raise
        except OSError as error:  # a time that is over is one, too
            late = isinstance(error, TimeoutError)
            why = f"not within {self._making_s:g} s" if late else str(error)
            unavailable = EnvironmentUnavailable(f"The sandbox could not be made: {why}")
            self.note(line, unavailable)
            raise unavailable from error
        line.worked()
        return sandbox

    def note(self, line: WaitingLine, error: Exception) -> None:
        """One of a line's kind could not be made."""
        reason = " ".join(str(error).split()) or type(error).__name__
        line.failed(reason, self._clock.monotonic(), self._clock.now())

    def dismiss(self, sandboxes: list[Sandbox]) -> None:
        """Destroy them in the background, one after the other."""
        if sandboxes:
            task = asyncio.create_task(_destroy(sandboxes), name="destroy blanks")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def gone(self) -> None:
        """Return once nothing is left of any that was dismissed."""
        while self._leaving:
            await asyncio.wait(self._leaving)
            await asyncio.sleep(0)  # the callbacks that take them out of the set


async def _destroy(sandboxes: list[Sandbox]) -> None:
    for sandbox in sandboxes:
        try:
            await sandbox.destroy()
        except Exception:  # noqa: BLE001 - nobody else could be told, and the others are to go as well
            _log.exception("a blank sandbox could not be removed", extra={"event": "pool.left"})
