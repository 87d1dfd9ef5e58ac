"""One execution environment: how it is made, and Init in all its forms.

Before: the assignment asks the worker for it. After: `events` runs what it is given. Everything here
runs on the loop; only making, starting, shutting down and removing are coroutines.

An Init that fails or takes too long (`init_limit`) resets the environment; the next event has Init repeated
inside it, counted against the function's timeout (AWS's "suppressed Init": spec of the Runtime API §6).
"""

from __future__ import annotations

import asyncio
import logging
from typing import ClassVar

from lambdad.domain.errors import EnvironmentUnavailable, LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.outcome import Status
from lambdad.domain.platform_log import Birth
from lambdad.ports.worker import EnvironmentOwner
from lambdad.worker.environment import failures
from lambdad.worker.environment.init_limit import init_limit_s
from lambdad.worker.environment.journal import Journal
from lambdad.worker.environment.life import Surroundings
from lambdad.worker.environment.making import Making
from lambdad.worker.environment.restore_calls import RestoreCalls
from lambdad.worker.environment.shutdown_budget import ShutdownReason
from lambdad.worker.environment.states import STARTING, EnvironmentState, move
from lambdad.worker.sandbox.plan import ExitStatus

_log = logging.getLogger("lambdad.environment")
_S = EnvironmentState


class ExecutionEnvironment(RestoreCalls):
    """A function version's private place to run, one event at a time."""

    __slots__ = ()
    _first_phase: ClassVar[str] = "init"

    def __init__(
        self,
        environment_id: str,
        version: FunctionVersion,
        owner: EnvironmentOwner,
        journal: Journal,
        surroundings: Surroundings,
        expires_at: float = float("inf"),
    ) -> None:
        super().__init__(environment_id, version, owner, journal, surroundings, expires_at)
        self._prepare()
        self._spawn(self._make(), "make")

    # --- making ----------------------------------------------------------------------------------

    async def _make(self) -> None:
        try:
            making = await self._surroundings.maker.make(self)
        except LambdadError as error:
            self._end(error)
            return
        except Exception:  # noqa: BLE001 - whatever fails here is logged and answered as our fault
            _log.exception("making an environment failed", extra={"event": "environment.failed"})
            self._end(EnvironmentUnavailable("the environment could not be made; the server's log says why"))
            return
        if self._state is _S.GONE:
            self._journal.close()
            await making.remove()
            return
        self._making = making
        made_ms = (self._surroundings.clock.monotonic() - self.created_at) * 1000
        self._birth = Birth(making.start_path.value, made_ms)
        await self._begin(making)

    async def _begin(self, making: Making) -> None:
        self._journal.init_started(making.runtime_version, self._first_phase)
        self._state = move(self._state, _S.INIT)
        limit_s = init_limit_s(self.initialization_type, self.version.timeout_s)
        self._timer = asyncio.get_running_loop().call_later(limit_s, self._init_timed_out)
        await self._start_processes(making)

    # --- init ------------------------------------------------------------------------------------

    def _came_up(self) -> None:
        """Init is over once runtime and extensions wait and the runtime's output is read.

        A quick program may ask, and would answer and print, before the news of its start is here.
        """
        extensions = self._extensions
        if self._waiting is None or not self._output_is_read:
            return
        if extensions is not None:
            if not extensions.all_ready:
                return
            for one in extensions.all:
                self._journal.extension_state(one.name, one.state.value, one.events)
        if self._state is _S.INIT:
            self._init_done()
        elif self._state is _S.REPEATED_INIT:
            self._repeated_init_done()

    def _init_done(self) -> None:
        self._cancel_timer()
        self._init_ms = self._init_duration_ms()
        self._init_over(Status.SUCCESS)
        self._apply_cpu_quota()
        self._idle()

    def _repeat_init(self) -> None:
        """Start the processes again, for the event that is bound."""
        making = self._making
        if making is None:
            self._end(None)
            return
        self._state = move(self._state, _S.REPEATED_INIT)
        self._init_started = self._surroundings.clock.monotonic()
        self._journal.init_started(making.runtime_version, "invoke")
        self._spawn(self._start_processes(making), "restart")

    def _repeated_init_done(self) -> None:
        invocation = self._current
        if invocation is None:
            return
        self._init_over(Status.SUCCESS)
        self._apply_cpu_quota()
        self._state = move(self._state, _S.BUSY)
        self._deliver(invocation, self._bound_ms)

    def _is_bare(self) -> None:
        """Nothing runs any more: go on with the event that came meanwhile, or be there for the next."""
        if self._current is not None:
            self._repeat_init()
        elif not self._offered:
            self._offer()

    def _apply_cpu_quota(self) -> None:
        if self._making is None:
            return
        try:
            self._making.sandbox.apply_cpu_quota()
        except OSError:  # its control group is just going, and the process with it
            _log.warning("no CPU quota for %s", self.environment_id, extra={"event": "environment.quota"})

    def _init_over(self, status: Status, error_type: str | None = None) -> None:
        """Log how it ended, inside an event or not."""
        self._journal.init_runtime_done(status, error_type)
        self._journal.init_ended(self._init_duration_ms(), status, error_type)

    def _init_duration_ms(self) -> float:
        return (self._surroundings.clock.monotonic() - self._init_started) * 1000

    # --- init that fails -------------------------------------------------------------------------

    def _init_timed_out(self) -> None:
        """Its time is over: the next event has Init repeated inside it."""
        self._timer = None
        self._init_over(Status.TIMEOUT)
        self._begin_reset(ShutdownReason.TIMEOUT)
        self._offer_while_resetting()

    def _timed_out(self) -> None:
        if self._state is _S.REPEATED_INIT:
            self._init_over(Status.TIMEOUT)
        super()._timed_out()

    def _runtime_exited(self, status: ExitStatus) -> None:
        if self._state in STARTING:
            if status.ran_out_of_memory:
                self._peak_mib = self.version.memory_mib
            self._init_failed(self._failure_of(status))
        else:
            super()._runtime_exited(status)

    def _failure_of(self, status: ExitStatus) -> failures.InitFailure:
        """What the runtime reported, else what its end says."""
        if self._init_error is not None:
            return self._init_error
        error_type, payload = failures.exited(failures.REQUEST_ID, status)
        return failures.InitFailure(payload, error_type)

    def _init_broken(self, error_type: str, words: str) -> None:
        text = f"RequestId: {failures.REQUEST_ID} Error: {words}"
        self._init_failed(failures.InitFailure(failures.error_object(error_type, text), error_type))

    def _init_failed(self, failure: failures.InitFailure) -> None:
        """Log it and reset; a bound event fails with it, one that waits has Init repeated."""
        invocation = self._current
        self._init_over(Status.ERROR, failure.error_type)
        if invocation is None:
            self._begin_reset(ShutdownReason.FAILURE)
            self._offer_while_resetting()
            return
        payload = failure.payload.replace(failures.REQUEST_ID.encode(), invocation.request_id.encode())
        self._fail(invocation, Status.ERROR, payload, failure.error_type, ShutdownReason.FAILURE)
