"""Credentials that environments are given, and whom they stand for.

They are sessions of the function's role, made elsewhere; they hold as long as the environment they were made
for and are never written to disk or to a log.
"""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.function import FunctionVersion
from lambdad.worker.environment.variables import Credentials


class SessionKeys(Protocol):
    """What a session consists of."""

    @property
    def access_key(self) -> str:
        """Its id."""
        ...

    @property
    def secret_key(self) -> str:
        """What is signed with."""
        ...

    @property
    def token(self) -> str:
        """What is sent along."""
        ...


class FunctionSessions(Protocol):
    """Makes sessions for functions."""

    def issue(self, version: FunctionVersion) -> SessionKeys:
        """A new session of the version's role."""
        ...

    def end(self, access_key: str) -> None:
        """The session with this access key holds no longer."""
        ...


class CredentialIssuer:
    """Makes credentials of functions."""

    def __init__(self, sessions: FunctionSessions) -> None:
        self._sessions = sessions

    def issue(self, version: FunctionVersion) -> Credentials:
        """New temporary credentials of a function."""
        keys = self._sessions.issue(version)
        return Credentials(keys.access_key, keys.secret_key, keys.token)

    def revoke(self, credentials: Credentials) -> None:
        """Forget credentials whose environment is gone."""
        self._sessions.end(credentials.access_key)
