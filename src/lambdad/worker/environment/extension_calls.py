"""What extensions call, and what becomes of an event when one of them fails.

Before: `runtime_api.extension_routes` has cut the call out. After: `extensions` decides.
Source: spec of the Runtime API §3.
"""

from __future__ import annotations

from lambdad.domain.outcome import Status
from lambdad.worker.environment import failures
from lambdad.worker.environment.extensions import Extension, Extensions
from lambdad.worker.environment.runtime_calls import RuntimeCalls
from lambdad.worker.environment.shutdown_budget import ShutdownReason
from lambdad.worker.environment.states import RUNNING, STARTING, EnvironmentState
from lambdad.worker.runtime_api import extension_answers
from lambdad.worker.runtime_api.server import RuntimeConnection
from lambdad.worker.sandbox.plan import ExitStatus
from lambdad.worker.telemetry_api.telemetry import Telemetry

_S = EnvironmentState


class ExtensionCalls(RuntimeCalls):
    """An environment that answers its extensions."""

    __slots__ = ()

    def extension_register(self, head: bytes, body: bytes) -> bytes:
        """An extension makes itself known; the first internal one is the first anybody hears of any."""
        if self._extensions is None:
            if self._state not in STARTING or self._waiting is not None:
                return extension_answers.REGISTRATION_CLOSED
            self._extensions = Extensions(self.version, (), self)
        return self._extensions.register(head, body)

    def extension_next(self, connection: RuntimeConnection, head: bytes) -> bytes | None:
        """An extension waits for an event."""
        if self._extensions is None:
            return extension_answers.of_unknown(head)
        return self._extensions.next(connection, head)

    def extension_init_error(self, head: bytes) -> bytes:
        """An extension cannot come up."""
        if self._extensions is None:
            return extension_answers.of_unknown(head, is_next=False)
        return self._extensions.init_error(head)

    def extension_exit_error(self, head: bytes) -> bytes:
        """An extension must end."""
        if self._extensions is None:
            return extension_answers.of_unknown(head, is_next=False)
        return self._extensions.exit_error(head)

    def subscribe(self, api: str, head: bytes, body: bytes) -> bytes:
        """An extension wants telemetry: it may say so until Init is over."""
        making, extensions = self._making, self._extensions
        if extensions is None or making is None:
            return extension_answers.of_unknown(head, is_next=False)
        one = extensions.identified(head)
        if isinstance(one, bytes):
            return one
        if self._telemetry is None:
            clock = self._surroundings.clock
            self._telemetry = Telemetry(making.sandbox.connect_socket, self._journal, clock)
        return self._telemetry.subscribe(api, one.name, body, is_open=self._state in STARTING)

    def extension_progress(self) -> None:
        """One has registered, or waits in `next`."""
        state = self._state
        if state is _S.ANSWERED:
            self._again()
        elif state in STARTING:
            self._came_up()

    def _extension_exited(self, extension: Extension, status: ExitStatus) -> None:
        """Its end is the failure, also of one that has reported an error before: AWS waits for that."""
        if self._state in RUNNING:
            error_type, words = failures.extension_ended(extension.report, status)
            told = extension.error_type or error_type
            self._journal.extension_state(extension.name, extension.state.value, extension.events, told)
            self._broken(error_type, words)

    def _broken(self, error_type: str, words: str) -> None:
        """An extension has failed: Init, or the event, or just the time between, fails with it."""
        invocation = self._current
        if self._state in STARTING:
            self._init_broken(error_type, words)
        elif invocation is not None:
            payload = failures.error_object(error_type, f"RequestId: {invocation.request_id} Error: {words}")
            self._fail(invocation, Status.ERROR, payload, error_type, ShutdownReason.FAILURE)
        elif self._state in RUNNING:
            self._begin_reset(ShutdownReason.FAILURE)
            self._close_open(Status.ERROR, error_type)
            self._offer_while_resetting()
