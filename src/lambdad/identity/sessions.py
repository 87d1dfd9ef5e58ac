"""Temporary credentials whose token says, signed, whom they stand for.

Nothing is kept of them: access key, claims and secret are verified with the server's key alone, which
outlives a restart. Sessions of environments are the exception: they end with their environment, and so with
the server.

::

    ASIA + 10 random characters + 6 of an HMAC of these     access key: ours without a look-up
    <claims, base64url>.<HMAC-SHA-256 of them, base64url>   token
    HMAC-SHA-256 of the token                               secret
"""

from __future__ import annotations

import base64
import hmac
import os
from dataclasses import dataclass
from typing import Final

import msgspec

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.identity import Key, Who

_PREFIX: Final = "ASIA"
_RANDOM_CHARACTERS: Final = 10
_KEY_CHARACTERS: Final = 20
_ID_RANDOM_BYTES: Final = 7
_SECRET_CHARACTERS: Final = 40
_MAX_KNOWN: Final = 1_024
_MAX_KNOWN_CHARACTERS: Final = 4_096
MAX_TOKEN_CHARACTERS: Final = 65_536
"""A longer token is none of ours: session policies and tags are bounded."""


@dataclass(frozen=True, slots=True)
class SessionCredentials:
    """What a session is given; the secret parts are for its holder alone.

    Attributes:
        expires_s: seconds since the epoch.
    """

    access_key: str
    secret_key: str
    token: str
    expires_s: float

    def __repr__(self) -> str:
        return f"SessionCredentials({self.access_key})"


@dataclass(frozen=True, slots=True)
class _Claims:
    """What a token says; `bound` sessions end with what they were made for."""

    access_key: str
    who: Who
    bound: bool


@dataclass(frozen=True, slots=True)
class _Opened:
    """A token that was verified; only time and its end can take that back."""

    claims: _Claims
    key: Key


class Sessions:
    """Makes and verifies session credentials.

    Args:
        secret: the server's key.
    """

    def __init__(self, secret: bytes) -> None:
        self._id_key = hmac.digest(secret, b"lambdad session 1 id", "sha256")
        self._token_key = hmac.digest(secret, b"lambdad session 1 token", "sha256")
        self._secret_key = hmac.digest(secret, b"lambdad session 1 secret", "sha256")
        self._decoder = msgspec.json.Decoder(_Claims)
        self._alive: set[str] = set()
        self._known: dict[str, _Opened] = {}

    def issue(self, who: Who, *, bound: bool = False) -> SessionCredentials:
        """New credentials.

        Args:
            who: whom they stand for; it says when they expire.
            bound: they hold only until `end` is called for them, or the server ends.

        Raises:
            ValueError: `who` does not say when they expire.
        """
        if who.expires_s is None:
            raise ValueError("a session expires")
        access_key = self._id(base64.b32encode(os.urandom(_ID_RANDOM_BYTES)).decode()[:_RANDOM_CHARACTERS])
        claims = _url64(msgspec.json.encode(_Claims(access_key, who, bound)))
        token = f"{claims}.{self._signature(claims)}"
        if bound:
            self._alive.add(access_key)
        return SessionCredentials(access_key, self._secret_of(token), token, who.expires_s)

    def end(self, access_key: str) -> None:
        """Bound credentials hold no longer."""
        self._alive.discard(access_key)

    def owns(self, access_key: str) -> bool:
        """Whether an access key was made here, for whatever session."""
        if len(access_key) != _KEY_CHARACTERS or not access_key.startswith(_PREFIX):
            return False
        chosen = access_key[len(_PREFIX) : len(_PREFIX) + _RANDOM_CHARACTERS]
        return hmac.compare_digest(self._id(chosen).encode(), access_key.encode())

    def key(self, access_key: str, token: str | None, now_s: float) -> Key | None:
        """The key of a session; None when the access key is not of ours.

        Raises:
            CredentialsRefused: no token, one that is not ours or of another access key, or one that is over.
        """
        opened = None if token is None else self._known.get(token)
        if opened is None or opened.claims.access_key != access_key:
            if not self.owns(access_key):
                return None
            if token is None:
                raise invalid_token()
            opened = self._open(token)
        claims = opened.claims
        if claims.access_key != access_key or (claims.bound and access_key not in self._alive):
            raise invalid_token()
        if claims.who.expires_s is None or now_s >= claims.who.expires_s:
            raise CredentialsRefused(
                "ExpiredTokenException", "The security token included in the request is expired"
            )
        return opened.key

    def _open(self, token: str) -> _Opened:
        claims, _, signature = token.rpartition(".")
        if len(token) > MAX_TOKEN_CHARACTERS or not token.isascii():
            raise invalid_token()
        if not hmac.compare_digest(signature.encode(), self._signature(claims).encode()):
            raise invalid_token()
        # Signed here, so it reads; the signature is over the text, so there is no second way to write it.
        said = self._decoder.decode(base64.urlsafe_b64decode(claims))
        opened = _Opened(said, Key(self._secret_of(token), said.who))
        if len(token) <= _MAX_KNOWN_CHARACTERS:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[token] = opened
        return opened

    def _id(self, chosen: str) -> str:
        check = hmac.digest(self._id_key, chosen.encode(), "sha256")
        return f"{_PREFIX}{chosen}{base64.b32encode(check).decode()}"[:_KEY_CHARACTERS]

    def _signature(self, claims: str) -> str:
        return _url64(hmac.digest(self._token_key, claims.encode(), "sha256"))

    def _secret_of(self, token: str) -> str:
        digest = hmac.digest(self._secret_key, token.encode(), "sha256")
        return base64.b64encode(digest).decode()[:_SECRET_CHARACTERS]


def invalid_token() -> CredentialsRefused:
    """The refusal of credentials that are ours and do not hold."""
    return CredentialsRefused(
        "UnrecognizedClientException", "The security token included in the request is invalid."
    )


def _url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()
