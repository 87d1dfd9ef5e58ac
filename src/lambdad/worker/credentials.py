"""Credentials that environments are given, and whom they stand for.

Until roles mean something, a function acts as its account's root. The keys live as long as the
environment they were made for and are never written to disk or to a log.
"""

from __future__ import annotations

import base64
import os

from lambdad.domain.scope import Scope
from lambdad.worker.environment.variables import Credentials


class CredentialIssuer:
    """Makes credentials and remembers the account behind each."""

    def __init__(self) -> None:
        self._accounts: dict[str, Scope] = {}

    def issue(self, scope: Scope) -> Credentials:
        """New temporary credentials of `scope`'s account."""
        access_key = "ASIA" + base64.b32encode(os.urandom(10)).decode()
        credentials = Credentials(
            access_key=access_key,
            secret_key=base64.b64encode(os.urandom(30)).decode(),
            session_token=base64.b64encode(os.urandom(96)).decode(),
        )
        self._accounts[access_key] = scope
        return credentials

    def scope_of(self, access_key: str) -> Scope | None:
        """The account (and home region) an access key was issued for; None when it is not ours."""
        return self._accounts.get(access_key)

    def revoke(self, credentials: Credentials) -> None:
        """Forget credentials whose environment is gone."""
        self._accounts.pop(credentials.access_key, None)
