"""Credentials that a function fetches instead of finding them among its variables.

A process that is kept as a snapshot must not hold keys that outlive it in others: it is given an address and
a token, and AWS's SDKs ask there. Those of the process before the snapshot expire soon, so that a session it
has made asks again after a restore, by then with the token of the restored environment.

Source: spec of the Runtime API §6, SnapStart; AWS's emulator (path, members, the refusal).
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from lambdad.worker.environment.variables import Credentials
from lambdad.worker.runtime_api import answers
from lambdad.worker.runtime_api.server import CREDENTIALS
from lambdad.worker.runtime_api.wire import header


@dataclass(frozen=True, slots=True)
class ContainerCredentials:
    """Credentials behind a token.

    Attributes:
        valid_s: seconds until an SDK is to ask again.
    """

    credentials: Credentials
    valid_s: float
    token: str = field(default_factory=lambda: secrets.token_urlsafe(64))

    def variables(self, address: str) -> Mapping[str, str]:
        """What the process is told; `address` is ``host:port`` of the Runtime API as seen inside."""
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{address}{CREDENTIALS.decode()}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.token,
        }

    def answer(self, head: bytes, now: float) -> bytes:
        """What a request with this head is answered at `now`, seconds since the epoch."""
        given = header(head, b"authorization") or b""
        if not hmac.compare_digest(given, self.token.encode()):
            return answers.UNKNOWN_TOKEN
        expiration = datetime.fromtimestamp(now + self.valid_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {
            "AccessKeyId": self.credentials.access_key,
            "SecretAccessKey": self.credentials.secret_key,
            "Token": self.credentials.session_token,
            "Expiration": expiration,
        }
        return answers.answer_of("200 OK", json.dumps(body).encode())
