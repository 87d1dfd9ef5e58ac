"""`lambdad` with keys out of a variable, for as long as a test has no other way to make some.

`python -m tests.keyed_server serve …` with ``LAMBDAD_TEST_KEYS={"AKID": ["secret", "account", "token"]}``; those of
IAM and of environments are known beside them.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import Any, cast

from lambdad.cli.entry import main
from lambdad.composition import parts
from lambdad.composition.identity import IdentityParts, identity_of
from lambdad.domain.identity import Key
from lambdad.identity.directory import Directory
from tests.fakes.identities import FakeIdentities

VARIABLE = "LAMBDAD_TEST_KEYS"


class KeyedDirectory:
    """A directory that knows these keys, too, each of its account's root."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._keyed = FakeIdentities()
        for access_key, (secret, account, token) in json.loads(os.environ[VARIABLE]).items():
            self._keyed.add(access_key, secret, account=account, token=token)

    def key(self, access_key: str, session_token: str | None, now_s: float) -> Key | None:
        found = self._keyed.key(access_key, session_token, now_s)
        return found or self._directory.key(access_key, session_token, now_s)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._directory, name)


async def _keyed(*arguments: Any) -> IdentityParts:
    made = await identity_of(*arguments)
    return replace(made, directory=cast("Directory", KeyedDirectory(made.directory)))


if __name__ == "__main__":
    parts.identity_of = _keyed
    sys.exit(main())
