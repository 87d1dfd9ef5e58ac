"""One execution environment from its making to its end: how it comes to its first `next`.

Before: the assignment asks the worker for it. After: `events` runs what it is given. Everything here
runs on the loop; only making, starting and removing are coroutines.

An Init that takes over 10 s is AWS's "suppressed Init": the process is killed, the event that waits
for this environment is bound to it, and the runtime is started again in the same sandbox, its Init
now inside the event and counted against the function's timeout (spec of the Runtime API §6).
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from lambdad.domain.errors import EnvironmentUnavailable, LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import INIT_TIMEOUT_S
from lambdad.domain.outcome import Status
from lambdad.ports.worker import EnvironmentOwner
from lambdad.worker.environment import failures
from lambdad.worker.environment.events import EventRunner
from lambdad.worker.environment.journal import Journal
from lambdad.worker.environment.life import Surroundings
from lambdad.worker.environment.making import Making
from lambdad.worker.environment.states import EnvironmentState, move
from lambdad.worker.runtime_api import answers
from lambdad.worker.runtime_api.server import RuntimeConnection
from lambdad.worker.runtime_api.wire import header
from lambdad.worker.sandbox.plan import ExitStatus

_log = logging.getLogger("lambdad.environment")
_INITIALISING = (EnvironmentState.INIT, EnvironmentState.REPEATED_INIT)


@dataclass(frozen=True, slots=True)
class InitFailure:
    """Why Init did not succeed.

    Attributes:
        payload: the error object for the caller; ``{request_id}`` stands where the id belongs.
        error_type: AWS's type, for the log.
    """

    payload: bytes
    error_type: str


class ExecutionEnvironment(EventRunner):
    """A function version's private place to run, one event at a time."""

    __slots__ = ("_bound_ms", "_generation", "_init_error", "_init_started", "_output_is_read", "_starting")
    # _generation counts the processes killed for a slow Init; _starting is False until such a one has ended.

    def __init__(
        self,
        environment_id: str,
        version: FunctionVersion,
        owner: EnvironmentOwner,
        journal: Journal,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(environment_id, version, owner, journal, surroundings)
        self._init_started = 0.0
        self._init_error: InitFailure | None = None
        self._bound_ms = 0
        self._generation = 0
        self._starting = False
        self._output_is_read = False
        self._task = asyncio.create_task(self._make(), name=f"make {environment_id}")

    # --- making and starting ---------------------------------------------------------------------

    async def _make(self) -> None:
        try:
            making = await self._surroundings.maker.make(self)
            if self._state is EnvironmentState.GONE:
                self._journal.close()
                await making.remove()
                return
            self._making = making
            self._journal.init_started(making.runtime_version)
            self._state = move(self._state, EnvironmentState.INIT)
            self._timer = asyncio.get_running_loop().call_later(INIT_TIMEOUT_S, self._init_timed_out)
            await self._start(making)
        except LambdadError as error:
            self._end(error)
        except Exception:  # noqa: BLE001 - whatever fails here is logged and answered as our fault
            self._defect()

    async def _restart(self, making: Making) -> None:
        try:
            await self._start(making)
        except LambdadError as error:
            self._end(error)
        except Exception:  # noqa: BLE001 - as above
            self._defect()

    async def _start(self, making: Making) -> None:
        generation = self._generation
        self._init_started = self._surroundings.clock.monotonic()
        self._starting = True
        self._output_is_read = False
        self._waiting = None
        await making.start(lambda status: self._exited(generation, status), self._journal)
        self._output_is_read = True
        self._came_up()

    def _defect(self) -> None:
        _log.exception("making an environment failed", extra={"event": "environment.failed"})
        self._end(EnvironmentUnavailable("the environment could not be made; the server's log says why"))

    # --- init ------------------------------------------------------------------------------------

    def runtime_next(self, connection: RuntimeConnection) -> bytes | None:
        """The runtime waits for an event: the first time this ends Init."""
        if self._state is EnvironmentState.BUSY:
            self._give_up_stream()  # if it was cut off, the event is over by that
        state = self._state
        if state is EnvironmentState.ANSWERED:
            self._waiting = connection
            self._idle()
        elif state is EnvironmentState.IDLE:
            self._waiting = connection
        elif state is EnvironmentState.BUSY:
            return answers.invalid_transition("Ready", "Ready")
        elif self._starting and state in _INITIALISING:
            self._waiting = connection
            self._came_up()
        else:
            return answers.NOT_FOUND
        return None

    def _came_up(self) -> None:
        """Init is over once the runtime waits and its output is read.

        A quick program may ask, and would answer and print, before the news of its start is here.
        """
        if self._waiting is None or not self._output_is_read:
            return
        if self._state is EnvironmentState.INIT:
            self._init_done()
        elif self._state is EnvironmentState.REPEATED_INIT:
            self._repeated_init_done()

    def runtime_init_error(self, head: bytes, body: bytes) -> bytes:
        """Init failed; the runtime is going to exit, which ends the environment."""
        if self._state not in _INITIALISING:
            return answers.invalid_transition("Ready", "InitError")
        error_type = failures.error_type_of(header(head, b"lambda-runtime-function-error-type"), body)
        self._init_error = InitFailure(body, error_type)
        return answers.ACCEPTED

    def runtime_gone(self, connection: RuntimeConnection) -> None:
        """A connection was lost; if it was the waiting one, nothing can be handed over any more."""
        if self._waiting is connection:
            self._waiting = None
            if self._state is EnvironmentState.IDLE:
                self._end(None)

    def _init_done(self) -> None:
        self._cancel_timer()
        self._init_ms = self._init_duration_ms()
        self._journal.output_until(self._surroundings.clock.now())
        self._apply_cpu_quota()
        self._idle()

    def _repeated_init_done(self) -> None:
        invocation = self._current
        if invocation is None:
            return
        self._journal.init_ended(self._init_duration_ms(), Status.SUCCESS, None)
        self._apply_cpu_quota()
        self._state = move(self._state, EnvironmentState.BUSY)
        self._deliver(invocation, self._bound_ms)

    def _apply_cpu_quota(self) -> None:
        if self._making is None:
            return
        try:
            self._making.sandbox.apply_cpu_quota()
        except OSError:  # its control group is just going, and the process with it
            _log.warning("no CPU quota for %s", self.environment_id, extra={"event": "environment.quota"})

    def _init_duration_ms(self) -> float:
        return (self._surroundings.clock.monotonic() - self._init_started) * 1000

    def _init_timed_out(self) -> None:
        """Kill the process; the event that waits has Init repeated inside it."""
        self._cancel_timer()
        self._journal.output_until(self._surroundings.clock.now())
        self._journal.init_ended(self._init_duration_ms(), Status.TIMEOUT, None)
        invocation = self._owner.claim(self)
        making = self._making
        if invocation is None or making is None:
            self._end(None)
            return
        self._state = move(self._state, EnvironmentState.REPEATED_INIT)
        self._starting = False
        self._init_error = None
        self._init_started = self._surroundings.clock.monotonic()
        self._generation += 1
        self._bound_ms = self._take_on(invocation)
        making.sandbox.kill()

    # --- exits -----------------------------------------------------------------------------------

    def _exited(self, generation: int, status: ExitStatus) -> None:
        """The main process has ended: on its own account, or because it was killed."""
        state = self._state
        if state is EnvironmentState.GONE:
            return
        invocation = self._current
        if state is EnvironmentState.INIT:
            self._init_failed(self._failure_of(status))
        elif state is EnvironmentState.REPEATED_INIT and generation != self._generation:
            making = self._making
            if making is not None:
                self._task = asyncio.create_task(self._restart(making), name=f"restart {self.environment_id}")
        elif state is EnvironmentState.REPEATED_INIT and invocation is not None:
            failure = self._failure_of(status)
            self._journal.init_ended(self._init_duration_ms(), Status.ERROR, failure.error_type)
            self._kill_and_finish(
                invocation, Status.ERROR, _named(failure, invocation.request_id), failure.error_type
            )
        elif invocation is not None:
            self._event_exited(invocation, status)
        else:
            self._end(None)

    def _timed_out(self) -> None:
        if self._state is EnvironmentState.REPEATED_INIT:
            self._journal.init_ended(self._init_duration_ms(), Status.TIMEOUT, None)
        super()._timed_out()

    def _failure_of(self, status: ExitStatus) -> InitFailure:
        """What the runtime reported, else what its end says."""
        if self._init_error is not None:
            return self._init_error
        error_type, payload = failures.exited(failures.REQUEST_ID, status)
        if status.oom_killed:
            self._peak_mib = self.version.memory_mib
        return InitFailure(payload, error_type)

    def _init_failed(self, failure: InitFailure) -> None:
        """Log it, answer the event that waits for this environment with it, and end."""
        clock = self._surroundings.clock
        self._journal.output_until(clock.now())
        self._journal.init_ended(self._init_duration_ms(), Status.ERROR, failure.error_type)
        self._cancel_timer()
        invocation = self._owner.claim(self)
        if invocation is None:
            self._end(None)
            return
        self._take_on(invocation)
        payload = _named(failure, invocation.request_id)
        self._kill_and_finish(invocation, Status.ERROR, payload, failure.error_type)


def _named(failure: InitFailure, request_id: str) -> bytes:
    return failure.payload.replace(failures.REQUEST_ID.encode(), request_id.encode())
