"""Lets requests in by their signature, or refuses them.

A key that is ours must have signed, in every mode. With a key that is nobody's, and without one, a request is
let in as it says in permissive mode; in enforce mode only what needs no caller is.
"""

from __future__ import annotations

from typing import Final

from lambdad.domain.limits import KIB
from lambdad.edge.identity import Identity
from lambdad.edge.raw_request import RawRequest
from lambdad.identity.signatures import refused
from lambdad.identity.signatures.claims import of_headers, of_query
from lambdad.identity.signatures.verifier import Verifier
from lambdad.ports.clock import Clock

MAX_INLINE_HASH_BYTES: Final = 64 * KIB
"""A longer body is hashed in a thread: this one takes a tenth of a millisecond, six megabytes take ten."""

_OPEN_PATHS = frozenset({b"/health", b"/lambdad/v1/health", b"/lambdad/v1/ready"})
_UNSIGNED_PATHS = frozenset({b"/ready", b"/metrics", b"/lambdad/v1/metrics", b"/console"})
"""Open as long as they are not signed, for then they are ours; a token may be asked for there."""
_PAGES = b"/console/"
"""Where people sign in."""
_SIGNED_LINKS = (b"/lambdad/v1/code/", b"/lambdad/v1/custom-resources/", b"/lambdad/v1/s3-events/")
"""What is signed by its path, or is a name that nobody guesses."""


class Admission:
    """Decides by signatures.

    Args:
        skew_s: how far a request's date may be from the clock.
        clock: tells when it is.
        enforces: whether callers must be known.

    Attributes:
        enforces: whether they must be.
    """

    def __init__(self, skew_s: float, clock: Clock, *, enforces: bool) -> None:
        self._verifier = Verifier(skew_s)
        self._clock = clock
        self.enforces = enforces

    def admit(self, raw: RawRequest, identity: Identity) -> None:
        """Let a request in; its body is hashed here and now.

        Raises:
            CredentialsRefused: the signature does not hold, or the caller must be known and is not.
        """
        key = identity.key
        if key is not None:
            self._verifier.verify(
                raw.method,
                raw.url,
                raw.headers,
                raw.body,
                identity.caller.access_key or "",
                key.secret,
                self._clock.now(),
            )
        elif self.enforces and not _is_open(raw, identity):
            _refuse(raw)

    @staticmethod
    def is_slow(raw: RawRequest, identity: Identity) -> bool:
        """Whether `admit` takes long enough to be called in a thread."""
        return identity.key is not None and len(raw.body) > MAX_INLINE_HASH_BYTES


def _is_open(raw: RawRequest, identity: Identity) -> bool:
    """Whether anybody may ask: for health, for what is behind a signed link, before a page's request."""
    path = raw.url.partition(b"?")[0]
    if path in _OPEN_PATHS or path.startswith(_SIGNED_LINKS):
        return True
    if identity.service is None and (path in _UNSIGNED_PATHS or path.startswith(_PAGES)):
        return True
    return raw.origin is not None and raw.method == b"OPTIONS"


def _refuse(raw: RawRequest) -> None:
    """Say what is missing: a signature, a part of it, or somebody whose key it is."""
    headers = dict(raw.headers)
    query = raw.url.partition(b"?")[2]
    if b"authorization" in headers:
        of_headers(headers)
    elif b"X-Amz-Signature=" in query:
        of_query(query)
    else:
        raise refused.unsigned()
    raise refused.unknown_key()
