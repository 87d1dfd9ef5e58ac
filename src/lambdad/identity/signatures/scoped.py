"""A signing key, made ready for the requests of its day, region and service."""

from __future__ import annotations

import hmac

from lambdad.domain.sigv4 import signing_key, to_sign
from lambdad.identity.signatures.claims import credential_parts


class Scoped:
    """A signing key with the scope it is for.

    Attributes:
        access_key: whose.
        day: eight digits.
        service: signing name.

    Raises:
        CredentialsRefused: the credential is not one of that day.
    """

    __slots__ = ("_mac", "_scope", "access_key", "day", "service")

    def __init__(self, credential: bytes, stamp: bytes, secret: str) -> None:
        self.access_key, day, region, self.service = credential_parts(credential, stamp)
        self.day = day.encode("latin-1")
        self._scope = credential[len(self.access_key) + 1 :]
        # Copied for every signature: half the time of keying it anew.
        self._mac = hmac.new(signing_key(secret, day, region, self.service), digestmod="sha256")

    def sign(self, kind: bytes, stamp: bytes, rest: bytes) -> bytes:
        """A signature in hexadecimal; see `domain.sigv4.to_sign`."""
        mac = self._mac.copy()
        mac.update(to_sign(kind, stamp, self._scope, rest))
        return mac.hexdigest().encode()
