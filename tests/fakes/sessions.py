"""Sessions of functions that mean nothing: implements `worker.credentials.FunctionSessions`."""

from __future__ import annotations

import itertools

from lambdad.domain.function import FunctionVersion
from lambdad.identity.sessions import SessionCredentials


class FakeSessions:
    """Numbers them.

    Attributes:
        ended: access keys of those that hold no longer.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.ended: list[str] = []

    def issue(self, version: FunctionVersion) -> SessionCredentials:
        number = next(self._numbers)
        return SessionCredentials(f"ASIA{number:016}", f"secret-{number}", f"token-{number}", 0.0)

    def end(self, access_key: str) -> None:
        self.ended.append(access_key)
