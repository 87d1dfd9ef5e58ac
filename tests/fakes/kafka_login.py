"""How a client of Kafka says who it is, as the broker sees it: SASL PLAIN and SCRAM, for one user."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os

USER, PASSWORD = "reader", "kafka-secret"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_ROUNDS = 4_096


class Refused(Exception):
    """That is not the user, or not its password."""


class Login:
    """One connection's.

    Attributes:
        is_done: whether the client has shown that it is the user.
    """

    def __init__(self, mechanism: str) -> None:
        self.is_done = False
        self._hash = "sha" + mechanism.rpartition("-")[2]
        self._is_plain = mechanism == "PLAIN"
        self._said: list[bytes] = []
        self._salted = b""

    def step(self, data: bytes) -> bytes:
        """The answer to what the client says.

        Raises:
            Refused: it is not the user.
        """
        if self._is_plain:
            if data.split(b"\0")[1:] != [USER.encode(), PASSWORD.encode()]:
                raise Refused
            self.is_done = True
            return b""
        return self._proven(data) if self._said else self._asked(data)

    def _asked(self, data: bytes) -> bytes:
        bare = data.partition(b",,")[2]
        given = dict(part.split(b"=", 1) for part in bare.split(b","))
        if given[b"n"] != USER.encode():
            raise Refused
        salt = os.urandom(16)
        self._salted = hashlib.pbkdf2_hmac(self._hash, PASSWORD.encode(), salt, _ROUNDS)
        nonce = given[b"r"] + base64.b64encode(os.urandom(9))
        answer = b"r=%s,s=%s,i=%d" % (nonce, base64.b64encode(salt), _ROUNDS)
        self._said = [bare, answer]
        return answer

    def _proven(self, data: bytes) -> bytes:
        without, _, proof = data.partition(b",p=")
        said = b",".join([*self._said, without])
        key = self._mac(self._salted, b"Client Key")
        signature = self._mac(hashlib.new(self._hash, key).digest(), said)
        shown = bytes(one ^ other for one, other in zip(base64.b64decode(proof), signature, strict=True))
        if not hmac.compare_digest(shown, key):
            raise Refused
        self.is_done = True
        return b"v=" + base64.b64encode(self._mac(self._mac(self._salted, b"Server Key"), said))

    def _mac(self, key: bytes, data: bytes) -> bytes:
        return hmac.new(key, data, self._hash).digest()
