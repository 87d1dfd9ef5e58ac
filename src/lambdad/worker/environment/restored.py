"""An environment whose runtime does not run Init: it is restored from the snapshot of its version.

Before: `host` has found a snapshot. After: it runs events like every other. The sandbox is made as ever; then
the process that waits in it becomes the one of the snapshot, is told what is new (`restore/next` is answered
with it), and runs its after-restore hooks. What the function is to blame for is AWS's error to the caller;
when the snapshot does not fit, or its process does not live, Init runs as without one.
Source: spec of the Runtime API §6, SnapStart and the limits of phases.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Protocol

from lambdad.domain.errors import LambdadError, SnapStartFailed, SnapStartTimedOut
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import RESTORE_TIMEOUT_S
from lambdad.domain.outcome import Status
from lambdad.domain.platform_log import RestoreTimes
from lambdad.ports.worker import EnvironmentOwner
from lambdad.worker.environment import failures
from lambdad.worker.environment.environment import ExecutionEnvironment
from lambdad.worker.environment.journal import Journal
from lambdad.worker.environment.life import Surroundings
from lambdad.worker.environment.making import Making
from lambdad.worker.environment.shutdown_budget import ShutdownReason
from lambdad.worker.environment.states import EnvironmentState, move
from lambdad.worker.environment.variables import differing
from lambdad.worker.sandbox.image import ImageStale, MemoryImage

_log = logging.getLogger("lambdad.environment")
_S = EnvironmentState
TIMED_OUT = "Lambda couldn't restore the snapshot within the timeout limit."
HOOK_FAILED = (
    "The afterRestore() runtime hook encountered an error. For more information, check the Amazon CloudWatch "
    "logs."
)


class Loan(Protocol):
    """A snapshot that is kept for whoever restores from it."""

    @property
    def image(self) -> MemoryImage:
        """Stays open until `give_back`."""
        ...

    @property
    def variables(self) -> Mapping[str, str]:
        """What its process was started with."""
        ...

    def give_back(self) -> None:
        """The restore is done with it; may be said again."""
        ...

    def is_useless(self, why: str) -> None:
        """Nothing can be restored from it; another one has to be made."""
        ...


class RestoredEnvironment(ExecutionEnvironment):
    """A function version's private place to run, initialised long ago."""

    __slots__ = ("_hooks_began", "_loan", "_restore_began")
    # both times: monotonic seconds

    def __init__(
        self,
        environment_id: str,
        version: FunctionVersion,
        owner: EnvironmentOwner,
        journal: Journal,
        surroundings: Surroundings,
        expires_at: float,
        loan: Loan,
    ) -> None:
        self._loan = loan
        self._restore_began = self._hooks_began = 0.0
        super().__init__(environment_id, version, owner, journal, surroundings, expires_at)

    # --- restore ---------------------------------------------------------------------------------

    async def _begin(self, making: Making) -> None:
        if not making.sandbox.waits:  # no blank could be had: nothing is wrong with the snapshot
            self._loan.give_back()
            await super()._begin(making)
            return
        clock, loop = self._surroundings.clock, asyncio.get_running_loop()
        deadline = loop.time() + RESTORE_TIMEOUT_S
        self._restore_began = self._hooks_began = clock.monotonic()
        started_ms = int(clock.now() * 1000)
        try:
            async with asyncio.timeout_at(deadline):
                await making.sandbox.restore(self._loan.image)
        except TimeoutError:
            self._end(SnapStartTimedOut(TIMED_OUT))
            return
        except (ImageStale, OSError) as error:
            self._loan.is_useless(str(error))
            if self._state is _S.MAKING:
                await super()._begin(making)
            return
        except LambdadError as error:
            self._end(error)
            return
        finally:
            self._loan.give_back()
        if self._state is not _S.MAKING:  # it was ended meanwhile
            return
        making.is_restored()
        if self._birth is not None:
            self._birth = self._birth._replace(path=making.start_path.value)
        self._journal.restore_started(started_ms, making.runtime_version)
        self._state = move(self._state, _S.RESTORE)
        self._timer = loop.call_at(deadline, self._restore_timed_out)
        await self._start_processes(making)

    async def _start_in_order(self, making: Making, generation: int) -> None:
        if self._state is not _S.RESTORE:
            await super()._start_in_order(making, generation)
            return
        making.renew_credentials()
        await self._start_runtime(making)
        if self._still_starts(generation):
            self._output_is_read = True
            self._hooks_began = self._surroundings.clock.monotonic()
            self._tell_what_is_new(making)

    def _tell_what_is_new(self, making: Making) -> None:
        """Answer the `restore/next` that the process has asked in another sandbox."""
        body = json.dumps({"environment": differing(self._loan.variables, making.given)}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        if making.connection is not None:  # else it ends without its channel, and that is heard
            making.connection.send_event(head.encode(), body)

    def _came_up(self) -> None:
        if self._state is not _S.RESTORE:
            super()._came_up()
        elif self._waiting is not None and self._output_is_read:
            self._cancel_timer()
            self._journal.restore_ended(self._times(), Status.SUCCESS)
            self._apply_cpu_quota()
            self._idle()

    def _times(self) -> RestoreTimes:
        now = self._surroundings.clock.monotonic()
        billed = -int(-(now - self._hooks_began) * 1000 // 1)
        return RestoreTimes((now - self._restore_began) * 1000, max(1, billed))

    # --- a restore that fails --------------------------------------------------------------------

    def _restore_timed_out(self) -> None:
        self._timer = None
        self._journal.restore_ended(self._times(), Status.TIMEOUT)
        self._end(SnapStartTimedOut(TIMED_OUT))

    def _init_failed(self, failure: failures.InitFailure) -> None:
        if self._state is not _S.RESTORE:
            super()._init_failed(failure)
            return
        self._journal.restore_ended(self._times(), Status.ERROR, failure.error_type)
        if self._init_error is not None:
            self._end(SnapStartFailed(HOOK_FAILED))
            return
        # It ended without a word: whoever waits has Init run inside the event, as after every such Init.
        self._loan.is_useless(f"a process restored from it ended: {failure.error_type}")
        self._begin_reset(ShutdownReason.FAILURE)
        self._offer_while_resetting()

    def _end(self, reason: LambdadError | None) -> None:
        super()._end(reason)
        self._loan.give_back()
