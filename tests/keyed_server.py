"""`lambdad` with keys out of a variable, for as long as a test has no other way to make some.

`python -m tests.keyed_server serve …` with ``LAMBDAD_TEST_KEYS={"AKID": ["secret", "account", "token"]}``; the keys
of environments are known beside them.
"""

from __future__ import annotations

import json
import os
import sys

from lambdad.cli.entry import main
from lambdad.composition import build
from lambdad.domain.identity import Key
from lambdad.worker.credentials import CredentialIssuer
from tests.fakes.identities import FakeIdentities

VARIABLE = "LAMBDAD_TEST_KEYS"


class KeyedIdentities(FakeIdentities):
    """Implements `ports.identities.Identities`."""

    def __init__(self, environments: CredentialIssuer) -> None:
        super().__init__()
        self._environments = environments
        for access_key, (secret, account, token) in json.loads(os.environ[VARIABLE]).items():
            self.add(access_key, secret, account=account, token=token)

    def key(self, access_key: str, session_token: str | None, now_s: float) -> Key | None:
        found = super().key(access_key, session_token, now_s)
        return found or self._environments.key(access_key, session_token, now_s)


if __name__ == "__main__":
    build.identities_of = KeyedIdentities
    sys.exit(main())
