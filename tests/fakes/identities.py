"""Keys and grants out of a dictionary."""

from __future__ import annotations

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.identity import Grants, Key, Who


class FakeIdentities:
    """Implements `ports.identities.Identities`."""

    def __init__(self) -> None:
        self._keys: dict[str, tuple[Key, str | None]] = {}
        self._grants: dict[str, Grants] = {}
        self.epoch = 0
        self.asked = 0

    def add(
        self,
        access_key: str,
        secret: str,
        *,
        account: str = "000000000000",
        arn: str | None = None,
        token: str | None = None,
        expires_s: float | None = None,
    ) -> Who:
        """A key with its owner: the account's root unless `arn` says who."""
        who = Who(account, arn or f"arn:aws:iam::{account}:root", account, expires_s=expires_s)
        self._keys[access_key] = (Key(secret, who), token)
        self.epoch += 1
        return who

    def remove(self, access_key: str) -> None:
        del self._keys[access_key]
        self.epoch += 1

    def key(self, access_key: str, session_token: str | None, now_s: float) -> Key | None:
        self.asked += 1
        key, token = self._keys.get(access_key, (None, None))
        if key is None:
            return None
        if token != session_token:
            raise CredentialsRefused(
                "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        if key.who.expires_s is not None and key.who.expires_s <= now_s:
            raise CredentialsRefused(
                "ExpiredTokenException", "The security token included in the request is expired"
            )
        return key

    def grants(self, who: Who) -> Grants | None:
        return self._grants.get(who.arn)
