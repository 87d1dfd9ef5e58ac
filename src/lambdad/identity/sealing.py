"""Secrets at rest: encrypted and authenticated with a key that is kept elsewhere.

A keystream of SHAKE-256 over key and nonce, and HMAC-SHA-256 over context, nonce and ciphertext. Secrets are
short and few, and the standard library has no cipher: a dependency would cost every start more than this.

What is sealed is bound to its context, for example the access key it belongs to, so that nothing that is
kept can be moved to another place.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Final

from lambdad.domain.errors import LambdadError

KEY_BYTES: Final = 32
_FORM: Final = "s1."
_NONCE_BYTES: Final = 24
_TAG_BYTES: Final = 32


class NotSealed(LambdadError):
    """Not sealed with this key, or not for this place."""


class Sealer:
    """Seals and opens with one key.

    Args:
        key: at least `KEY_BYTES` of it that nobody can guess.

    Raises:
        ValueError: the key is too short.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes or more")
        self._cipher_key = hmac.digest(key, b"lambdad seal 1 cipher", "sha256")
        self._tag_key = hmac.digest(key, b"lambdad seal 1 tag", "sha256")

    def seal(self, secret: bytes, context: str) -> str:
        """`secret` as text that only the same key and `context` open."""
        nonce = os.urandom(_NONCE_BYTES)
        hidden = self._xor(secret, nonce)
        tag = self._tag(nonce + hidden, context)
        return _FORM + base64.b64encode(nonce + hidden + tag).decode()

    def open(self, sealed: str, context: str) -> bytes:
        """What was sealed.

        Raises:
            NotSealed: with another key, for another context, or not at all.
        """
        try:
            if not sealed.startswith(_FORM):
                raise NotSealed("It is not sealed.")
            text = sealed.removeprefix(_FORM)
            content = base64.b64decode(text, validate=True)
            if base64.b64encode(content).decode() != text:  # the last character has bits that say nothing
                raise NotSealed("It is not sealed.")
        except ValueError as error:
            raise NotSealed("It is not sealed.") from error
        body, tag = content[:-_TAG_BYTES], content[-_TAG_BYTES:]
        if len(body) < _NONCE_BYTES or not hmac.compare_digest(tag, self._tag(body, context)):
            raise NotSealed("It is sealed with another key.")
        return self._xor(body[_NONCE_BYTES:], body[:_NONCE_BYTES])

    def _xor(self, text: bytes, nonce: bytes) -> bytes:
        stream = hashlib.shake_256(self._cipher_key + nonce).digest(len(text))
        return bytes(one ^ other for one, other in zip(text, stream, strict=True))

    def _tag(self, body: bytes, context: str) -> bytes:
        about = context.encode()
        return hmac.digest(self._tag_key, len(about).to_bytes(4, "big") + about + body, "sha256")
