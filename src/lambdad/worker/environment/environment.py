"""One execution environment from its making to its end.

Before: the assignment asks the worker for it. After: its runtime's calls settle invocations.
Everything here runs on the loop; only making and destroying are coroutines. The rule: an invocation
handed over is settled exactly once, whatever the runtime does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from lambdad.domain.errors import EnvironmentUnavailable, LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import INIT_TIMEOUT_S, MAX_SYNC_RESPONSE_BYTES
from lambdad.domain.outcome import Status
from lambdad.ports.clock import Clock
from lambdad.ports.worker import EnvironmentOwner
from lambdad.worker.environment import failures
from lambdad.worker.environment.journal import Journal
from lambdad.worker.environment.making import Maker, Making
from lambdad.worker.environment.states import EnvironmentState, move
from lambdad.worker.runtime_api import answers
from lambdad.worker.runtime_api.server import ConnectionCount, RuntimeConnection
from lambdad.worker.runtime_api.wire import header
from lambdad.worker.sandbox.plan import ExitStatus

_log = logging.getLogger("lambdad.environment")
_PEAK_READ_INTERVAL_S = 1.0
"""Reading the memory peak costs 0.2 ms: done after every longer event, else once per this time."""
_PEAK_READ_DURATION_S = 0.005
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class InitFailure:
    """Why Init did not succeed.

    Attributes:
        payload: the error object for the caller; ``{request_id}`` stands where the id belongs.
        error_type: AWS's type, for the log.
        status: error or timeout.
    """

    payload: bytes
    error_type: str
    status: Status = Status.ERROR


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every environment of a worker shares."""

    clock: Clock
    maker: Maker
    forget: Callable[[ExecutionEnvironment], None]


class ExecutionEnvironment:
    """A function version's private place to run, one event at a time.

    Attributes:
        environment_id: names sandbox, cgroup and log stream.
        connections: how many connections its processes hold to the server.
    """

    __slots__ = (
        "_current",
        "_init_error",
        "_init_ms",
        "_init_started",
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
        self._started = 0.0
        self._init_started = 0.0
        self._init_ms: float | None = None
        self._init_error: InitFailure | None = None
        self._peak_mib = 0
        self._peak_read_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._make(), name=f"make {environment_id}")

    @property
    def state(self) -> EnvironmentState:
        """Where it is in its life."""
        return self._state

    # --- making and init -------------------------------------------------------------------------

    async def _make(self) -> None:
        maker = self._surroundings.maker
        try:
            making = await maker.make(self)
        except LambdadError as error:
            self._end(error)
            return
        except Exception:  # noqa: BLE001 - whatever fails here is logged and answered as our fault
            _log.exception("making an environment failed", extra={"event": "environment.failed"})
            self._end(EnvironmentUnavailable("the environment could not be made; the server's log says why"))
            return
        if self._state is EnvironmentState.GONE:
            await making.remove()
            return
        self._making = making
        self._init_started = self._surroundings.clock.monotonic()
        self._journal.init_started(making.runtime_version)
        self._state = move(self._state, EnvironmentState.INIT)
        self._timer = asyncio.get_running_loop().call_later(INIT_TIMEOUT_S, self._init_timed_out)
        try:
            await making.start(self.exited, self._journal)
        except LambdadError as error:
            self._end(error)

    def _init_timed_out(self) -> None:
        payload = failures.timed_out(failures.REQUEST_ID, INIT_TIMEOUT_S)
        self._init_failed(InitFailure(payload, "Sandbox.Timedout", Status.TIMEOUT))

    # --- events ----------------------------------------------------------------------------------

    def run(self, invocation: Invocation) -> None:
        """Hand over an event; the runtime is waiting in `next`."""
        connection = self._waiting
        self._state = move(self._state, EnvironmentState.BUSY)
        self._current = invocation
        clock = self._surroundings.clock
        self._started = clock.monotonic()
        started_ms = int(clock.now() * 1000)
        timeout_s = self.version.timeout_s
        self._timer = asyncio.get_running_loop().call_later(timeout_s, self._timed_out)
        self._journal.begin(invocation, started_ms)
        head = self._head(invocation, started_ms + timeout_s * 1000)
        self._waiting = None
        if connection is None or not connection.send_event(head, invocation.payload):
            self._end(None)

    def _head(self, invocation: Invocation, deadline_ms: int) -> bytes:
        head = invocation.target.head % (
            invocation.request_id.encode(),
            deadline_ms,
            invocation.trace.encode(),
            len(invocation.payload),
        )
        context = invocation.client_context
        if context is None:
            return head
        return head[:-2] + b"Lambda-Runtime-Client-Context: " + context + b"\r\n\r\n"

    def runtime_next(self, connection: RuntimeConnection) -> bytes | None:
        """The runtime waits for an event: the first time this ends Init."""
        state = self._state
        if state is EnvironmentState.ANSWERED:
            self._waiting = connection
            self._idle()
        elif state is EnvironmentState.INIT:
            self._waiting = connection
            self._init_done()
        elif state is EnvironmentState.IDLE:
            self._waiting = connection
        elif state is EnvironmentState.BUSY:
            return answers.invalid_transition("Ready", "Ready")
        else:
            return answers.NOT_FOUND
        return None

    def _init_done(self) -> None:
        self._cancel_timer()
        clock = self._surroundings.clock
        self._init_ms = (clock.monotonic() - self._init_started) * 1000
        self._journal.output_until(clock.now())
        if self._making is not None:
            self._making.sandbox.apply_cpu_quota()
        self._idle()

    def _idle(self) -> None:
        self._state = move(self._state, EnvironmentState.IDLE)
        self.idle_since = self._surroundings.clock.monotonic()
        self._owner.environment_idle(self)

    def runtime_response(self, request_id: bytes, head: bytes, body: bytes) -> bytes:
        """The runtime answered the event."""
        invocation = self._current
        if invocation is None or request_id != invocation.request_id.encode():
            return answers.INVALID_REQUEST_ID
        if len(body) > MAX_SYNC_RESPONSE_BYTES:
            error_type, payload = failures.too_large()
            self._finish(invocation, Status.ERROR, payload, error_type)
            return answers.TOO_LARGE
        if b"unction-" in head and header(head, b"lambda-runtime-function-response-mode") is not None:
            return answers.INVALID_RESPONSE_MODE
        self._finish(invocation, Status.SUCCESS, body, None)
        return answers.ACCEPTED

    def runtime_error(self, request_id: bytes, head: bytes, body: bytes) -> bytes:
        """The handler failed: the runtime's error object goes to the caller untouched."""
        invocation = self._current
        if invocation is None or request_id != invocation.request_id.encode():
            return answers.INVALID_REQUEST_ID
        self._finish(invocation, Status.ERROR, body[:MAX_SYNC_RESPONSE_BYTES], None)
        return answers.ACCEPTED

    def runtime_init_error(self, head: bytes, body: bytes) -> bytes:
        """Init failed; the runtime is going to exit, which ends the environment."""
        if self._state is not EnvironmentState.INIT:
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

    def _finish(self, invocation: Invocation, status: Status, payload: bytes, error_type: str | None) -> None:
        """Answer the caller first, then keep the books; the runtime's `next` makes it idle again."""
        self._current = None
        if self._state is EnvironmentState.BUSY:
            self._state = EnvironmentState.ANSWERED
        self._cancel_timer()
        clock = self._surroundings.clock
        ended = clock.monotonic()
        duration_s = ended - self._started
        ended_ms = int(clock.now() * 1000)
        if duration_s > _PEAK_READ_DURATION_S or ended - self._peak_read_at > _PEAK_READ_INTERVAL_S:
            self._read_peak(ended)
        init_ms, self._init_ms = self._init_ms, None
        record = self._journal.end(ended_ms, duration_s * 1000, status, error_type, init_ms, self._peak_mib)
        if invocation.want_tail:
            invocation.log_tail = self._journal.tail(record)
        invocation.settle(status, payload, error_type)
        self._journal.write(record)

    def _read_peak(self, now: float) -> None:
        self._peak_read_at = now
        if self._making is not None:
            peak = -(-self._making.sandbox.peak_memory_bytes() // _MIB)
            self._peak_mib = min(max(peak, self._peak_mib), self.version.memory_mib)

    # --- ends ------------------------------------------------------------------------------------

    def _timed_out(self) -> None:
        invocation = self._current
        if invocation is None:
            return
        payload = failures.timed_out(invocation.request_id, self.version.timeout_s)
        self._kill_and_finish(invocation, Status.TIMEOUT, payload, "Sandbox.Timedout")

    def exited(self, status: ExitStatus) -> None:
        """The main process has ended: on its own account, or because it was killed."""
        if self._state is EnvironmentState.GONE:
            return
        invocation = self._current
        if invocation is not None:
            error_type, payload = failures.exited(invocation.request_id, status)
            if status.oom_killed:
                self._peak_mib = self.version.memory_mib
            self._kill_and_finish(invocation, Status.ERROR, payload, error_type)
            return
        if self._state is EnvironmentState.INIT:
            failure = self._init_error
            if failure is None:
                error_type, payload = failures.exited(failures.REQUEST_ID, status)
                failure = InitFailure(payload, error_type)
            self._init_failed(failure)
        else:
            self._end(None)

    def _init_failed(self, failure: InitFailure) -> None:
        """Log it, answer the event that waits for this environment with it, and end."""
        clock = self._surroundings.clock
        self._journal.output_until(clock.now())
        init_ms = (clock.monotonic() - self._init_started) * 1000
        self._journal.init_failed(init_ms, failure.status, failure.error_type)
        invocation = self._owner.claim()
        if invocation is None:
            self._end(None)
            return
        self._started = clock.monotonic()
        self._journal.begin(invocation, int(clock.now() * 1000))
        payload = failure.payload.replace(failures.REQUEST_ID.encode(), invocation.request_id.encode())
        self._kill_and_finish(invocation, failure.status, payload, failure.error_type)

    def _kill_and_finish(
        self, invocation: Invocation, status: Status, payload: bytes, error_type: str
    ) -> None:
        """The event ended with its process: nothing of it may go on running behind the answer."""
        if self._making is not None:
            self._making.sandbox.kill()
        self._state = move(self._state, EnvironmentState.GONE)
        self._finish(invocation, status, payload, error_type)
        self._leave(None)

    def retire(self) -> None:
        """End it; it is idle."""
        self._end(None)

    def _end(self, reason: LambdadError | None) -> None:
        """End it now, whatever it is doing; a running event is settled as a crash would."""
        if self._state is EnvironmentState.GONE:
            return
        invocation, self._current = self._current, None
        self._state = move(self._state, EnvironmentState.GONE)
        self._cancel_timer()
        if self._making is not None:
            self._making.sandbox.kill()
        if invocation is not None:
            error_type, payload = failures.exited(invocation.request_id, ExitStatus(code=0, signal=None))
            self._current = invocation
            self._finish(invocation, Status.ERROR, payload, error_type)
        self._leave(reason)

    def _leave(self, reason: LambdadError | None) -> None:
        self._surroundings.forget(self)
        self._owner.environment_gone(self, reason)
        if self._making is not None:
            self._task = asyncio.create_task(self.remove(), name=f"remove {self.environment_id}")

    async def remove(self) -> None:
        """Remove every trace."""
        self._journal.close()
        making, self._making = self._making, None
        if making is not None:
            await making.remove()

    def stop(self) -> None:
        """End it now, settling a running event (the server stops at once)."""
        self._end(None)

    @property
    def is_removed(self) -> bool:
        """Whether every trace is gone."""
        return self._state is EnvironmentState.GONE and self._task.done()

    async def removed(self) -> None:
        """Return once making or removing has come to its end."""
        await asyncio.wait({self._task})

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
