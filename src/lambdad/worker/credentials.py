"""Credentials that environments are given, and whom they stand for.

Until roles mean something, a function acts as its account's root. The keys live as long as the
environment they were made for and are never written to disk or to a log.
"""

from __future__ import annotations

import base64
import hmac
import os

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.identity import Grants, Key, Who
from lambdad.domain.scope import Scope
from lambdad.worker.environment.variables import Credentials


class CredentialIssuer:
    """Makes credentials and knows whom they stand for; implements `ports.identities.Identities`."""

    def __init__(self) -> None:
        self._issued: dict[str, tuple[Key, str]] = {}
        self._epoch = 0

    def issue(self, scope: Scope) -> Credentials:
        """New temporary credentials of `scope`'s account."""
        access_key = "ASIA" + base64.b32encode(os.urandom(10)).decode()
        credentials = Credentials(
            access_key=access_key,
            secret_key=base64.b64encode(os.urandom(30)).decode(),
            session_token=base64.b64encode(os.urandom(96)).decode(),
        )
        who = Who(scope.account, f"arn:aws:iam::{scope.account}:root", scope.account)
        self._issued[access_key] = (Key(credentials.secret_key, who), credentials.session_token)
        return credentials

    def revoke(self, credentials: Credentials) -> None:
        """Forget credentials whose environment is gone."""
        if self._issued.pop(credentials.access_key, None) is not None:
            self._epoch += 1

    def key(self, access_key: str, session_token: str | None, now_s: float) -> Key | None:
        """The key of an environment that lives; None for any other.

        Raises:
            CredentialsRefused: the token is not the one that belongs to it.
        """
        issued = self._issued.get(access_key)
        if issued is None:
            return None
        key, token = issued
        if session_token is None or not hmac.compare_digest(token.encode(), session_token.encode()):
            raise CredentialsRefused(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        return key

    def grants(self, who: Who) -> Grants | None:
        """None: a function acts as its account's root."""
        return None

    @property
    def epoch(self) -> int:
        """Moves when a key is revoked; a new one was nobody's before."""
        return self._epoch
