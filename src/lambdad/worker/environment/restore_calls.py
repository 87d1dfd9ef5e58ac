"""What a runtime with SnapStart calls: `restore/next` after Init, `restore/error`, and its credentials.

Before: `runtime_api.server` has cut the call out. After: `environment`. In an environment that is neither
made into a snapshot nor restored from one, `restore/next` is answered at once: the hooks of the function have
run before it, and run after it, as if both had happened.
Source: spec of the Runtime API §2 and §6; AWS's emulator.
"""

from __future__ import annotations

from typing import ClassVar

from lambdad.domain.limits import CONTAINER_CREDENTIALS_S, MAX_SYNC_RESPONSE_BYTES
from lambdad.worker.environment import failures
from lambdad.worker.environment.extension_calls import ExtensionCalls
from lambdad.worker.environment.states import STARTING
from lambdad.worker.runtime_api import answers
from lambdad.worker.runtime_api.server import RuntimeConnection
from lambdad.worker.runtime_api.wire import header

_READY, _RESTORE_ERROR = "Ready", "RestoreError"


class RestoreCalls(ExtensionCalls):
    """An environment whose runtime may run the hooks of SnapStart."""

    __slots__ = ()
    credentials_valid_s: ClassVar[float] = CONTAINER_CREDENTIALS_S

    def runtime_restore_next(self, connection: RuntimeConnection) -> bytes | None:
        """The before-snapshot hooks have run."""
        if not self.version.is_snap_started:
            return answers.NOT_FOUND
        if not self._can_restore():
            return self._refused(_READY)
        return answers.RESTORED

    def runtime_restore_error(self, head: bytes, body: bytes) -> bytes:
        """An after-restore hook failed; the runtime is going to exit, which ends the restore."""
        if not self.version.is_snap_started:
            return answers.NOT_FOUND
        if not self._can_restore():
            return self._refused(_RESTORE_ERROR)
        error_type = failures.error_type_of(header(head, b"lambda-runtime-function-error-type"), body)
        self._init_error = failures.InitFailure(body[:MAX_SYNC_RESPONSE_BYTES], error_type)
        return answers.ACCEPTED

    def container_credentials(self, head: bytes) -> bytes:
        """The function fetches its credentials."""
        if self._making is None:
            return answers.NOT_FOUND
        return self._making.fetched_credentials(head, self._surroundings.clock.now())

    def _can_restore(self) -> bool:
        return self._state in STARTING and bool(self._generation) and self._init_error is None
