"""What a runtime calls: `next`, `response`, `error`, `init/error`, and what each means in which state.

Before: `runtime_api.server` has cut the call out. After: `events` settles what it answers. The names of
the runtime's states in refusals are those of AWS's emulator, as are the rules: a second `next` during an
event is given the event again, a second answer is refused by the state, a wrong id by the id.
Source: spec of the Runtime API §2; AWS's emulator.
"""

from __future__ import annotations

from lambdad.domain.invocation import Invocation
from lambdad.domain.limits import MAX_SYNC_RESPONSE_BYTES
from lambdad.domain.outcome import Status
from lambdad.worker.environment import failures, stream_errors
from lambdad.worker.environment.events import EventRunner
from lambdad.worker.environment.response_stream import ResponseStream
from lambdad.worker.environment.states import STARTING, EnvironmentState
from lambdad.worker.runtime_api import answers
from lambdad.worker.runtime_api.server import RuntimeConnection
from lambdad.worker.runtime_api.wire import RESPONSE_MODE, header

_S = EnvironmentState
_READY, _INIT_ERROR = "Ready", "InitError"
_RESPONSE, _ERROR_RESPONSE = "InvocationResponse", "InvocationErrorResponse"
_RUNTIME_STATES = {
    _S.INIT: "Started",
    _S.RESTORE: "Started",
    _S.SNAPSHOT: "RestoreReady",
    _S.REPEATED_INIT: "Started",
    _S.IDLE: _READY,
    _S.FROZEN: _READY,
    _S.BUSY: "Running",
    _S.ANSWERED: "RuntimeResponseSentState",
}
"""What the emulator calls the runtime's state while the environment is in each of ours."""


class RuntimeCalls(EventRunner):
    """An environment that answers its runtime."""

    __slots__ = ("_garbled", "_init_error")
    # _garbled: the runtime began an answer and broke it off, so it can neither answer nor ask;
    # _init_error: what it reported of its Init.

    def _prepare(self) -> None:
        super()._prepare()
        self._garbled = False
        self._init_error: failures.InitFailure | None = None

    def _forget_reports(self) -> None:
        """What a process before has reported counts no more."""
        self._garbled = False
        self._init_error = None

    def _refused(self, target: str) -> bytes:
        if self._garbled or (self._state is _S.BUSY and self._answerable is None):
            source = _RESPONSE  # an answer has begun
        elif self._init_error is not None and self._state in STARTING:
            source = _INIT_ERROR
        else:
            source = _RUNTIME_STATES.get(self._state, "Exited")
        return answers.invalid_transition(source, target)

    def runtime_next(self, connection: RuntimeConnection) -> bytes | None:
        """The runtime waits for an event: the first time this ends its part of Init."""
        if self._state is _S.BUSY:
            self._give_up_stream()  # if it was cut off, the event is over by that
        state = self._state
        if state is _S.ANSWERED:
            if self._garbled:
                return self._refused(_READY)
            self._waiting = connection
            self._again()
        elif state is _S.BUSY:
            return self._ask_again(connection)
        elif state in STARTING and self._generation:
            if self._init_error is not None:
                return self._refused(_READY)
            self._waiting = connection
            if self._extensions is not None:
                self._extensions.close_registration()
            self._came_up()
        elif state is _S.IDLE:
            self._waiting = connection
        else:
            return answers.NOT_FOUND
        return None

    def _ask_again(self, connection: RuntimeConnection) -> bytes | None:
        """A runtime that lost its connection, or asks twice, is given the event again."""
        if self._garbled or self._answerable is None:
            return self._refused(_READY)
        invocation = self._current
        if invocation is not None:
            deadline_ms = self._bound_ms + self.version.timeout_s * 1000
            head = self._head(invocation, invocation.request_id.encode(), deadline_ms)
            connection.send_event(head, invocation.payload)
        return None

    def runtime_response(self, request_id: bytes, head: bytes, body: bytes) -> bytes:
        """The runtime answered the event."""
        invocation = self._current
        if invocation is None or request_id != self._answerable:
            return self._not_answerable(request_id, _RESPONSE)
        if self._garbled:
            return self._refused(_RESPONSE)
        if len(body) > MAX_SYNC_RESPONSE_BYTES:
            error_type, payload = failures.too_large()
            self._finish(invocation, Status.ERROR, payload, error_type)
            return answers.TOO_LARGE
        self._finish(invocation, Status.SUCCESS, body, None)
        return answers.ACCEPTED

    # --- streams: see `response_stream` ----------------------------------------------------------

    def runtime_stream_begin(
        self, request_id: bytes, head: bytes, connection: RuntimeConnection
    ) -> ResponseStream | bytes:
        """The runtime begins to answer in a stream; its event goes on until the body is whole."""
        invocation = self._current if request_id == self._answerable else None
        if header(head, RESPONSE_MODE) != b"streaming":
            if invocation is not None:
                error = stream_errors.invalid_mode(invocation.request_id)
                self._finish(invocation, Status.ERROR, error.payload, error.code)
                self._garbled = True
            return answers.INVALID_RESPONSE_MODE
        if invocation is None:
            return self._not_answerable(request_id, _RESPONSE)
        if self._garbled:
            return self._refused(_RESPONSE)
        self._answerable = None
        self._stream_began = self._surroundings.clock.monotonic()
        return ResponseStream(self, invocation, head, connection, self._surroundings.clock.monotonic)

    def is_running(self, invocation: Invocation) -> bool:
        """Whether the event is still to be settled."""
        return self._current is invocation

    def stream_ended(
        self, invocation: Invocation, status: Status, payload: bytes, error_type: str | None
    ) -> None:
        """The streamed response came to its end, well or not."""
        self._finish(invocation, status, payload, error_type)

    def _give_up_stream(self) -> None:
        """End an event whose response was cut off: its runtime lives and asks for the next."""
        outlet = None if self._current is None else self._current.stream
        if outlet is not None and outlet.source is not None:
            outlet.source.give_up()

    # --- errors ----------------------------------------------------------------------------------

    def runtime_error(self, request_id: bytes, head: bytes, body: bytes) -> bytes:
        """The handler failed: the runtime's error object goes to the caller."""
        invocation = self._current
        if invocation is None or request_id != self._answerable:
            return self._not_answerable(request_id, _ERROR_RESPONSE)
        if self._garbled:
            return self._refused(_ERROR_RESPONSE)
        payload = failures.error_payload(header(head, b"content-type"), body[:MAX_SYNC_RESPONSE_BYTES])
        self._finish(invocation, Status.ERROR, payload, None)
        return answers.ACCEPTED

    def _not_answerable(self, request_id: bytes, target: str) -> bytes:
        """A wrong id, or an answer to what is answered."""
        if request_id != self._last_id:
            return answers.INVALID_REQUEST_ID
        if self._state in {_S.BUSY, _S.ANSWERED}:
            return self._refused(target)
        if target == _RESPONSE:  # the emulator's runtime waits in `next` and is still in this state
            return answers.invalid_transition(_RUNTIME_STATES[_S.ANSWERED], target)
        return answers.INVALID_REQUEST_ID

    def runtime_truncated(self, request_id: bytes) -> None:
        """A connection was lost in the middle of an answer: there will be none, nor another event."""
        if self._current is not None and request_id == self._answerable:
            self._garbled = True

    def runtime_init_error(self, head: bytes, body: bytes) -> bytes:
        """Init failed; the runtime is going to exit, which ends Init."""
        if self._state not in STARTING or self._init_error is not None:
            return self._refused(_INIT_ERROR)
        error_type = failures.error_type_of(header(head, b"lambda-runtime-function-error-type"), body)
        payload = failures.error_payload(header(head, b"content-type"), body[:MAX_SYNC_RESPONSE_BYTES])
        self._init_error = failures.InitFailure(payload, error_type)
        return answers.ACCEPTED

    def runtime_gone(self, connection: RuntimeConnection) -> None:
        """A connection was lost; nothing can be handed over on it any more."""
        if self._waiting is connection:
            self._waiting = None
        if self._extensions is not None:
            self._extensions.connection_gone(connection)
