"""Stands for the caller of a request towards whoever works on it elsewhere and asks the server in turn.

A ticket is what the server knows of the caller, signed: nothing is remembered, nothing can be made up.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

import msgspec

from lambdad.domain.errors import CredentialsRefused
from lambdad.domain.http import Caller
from lambdad.domain.identity import Who
from lambdad.domain.limits import COMPANION_TICKET_S
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock


class _Held(msgspec.Struct, frozen=True):
    """What a ticket says."""

    scope: Scope
    who: Who | None
    until_s: float


class Tickets:
    """Makes tickets and reads them.

    Args:
        secret: they are signed with.
        clock: tells when one is over.
    """

    def __init__(self, secret: bytes, clock: Clock) -> None:
        self._secret = secret
        self._clock = clock

    def of(self, caller: Caller) -> str:
        """A ticket for a caller; good for `COMPANION_TICKET_S`, or as long as the caller's credentials."""
        until = self._clock.now() + COMPANION_TICKET_S
        if caller.who is not None and caller.who.expires_s is not None:
            until = min(until, caller.who.expires_s)
        held = base64.urlsafe_b64encode(msgspec.json.encode(_Held(caller.scope, caller.who, until)))
        return f"{held.decode()}.{self._signature(held)}"

    def read(self, ticket: str) -> Caller:
        """The caller that a ticket stands for.

        Raises:
            CredentialsRefused: it is not ours, or over.
        """
        held, _, signature = ticket.encode("latin-1", "replace").partition(b".")
        if not hmac.compare_digest(self._signature(held).encode(), signature):
            raise CredentialsRefused("UnrecognizedClientException", "The ticket is not one of this server's.")
        try:
            found = msgspec.json.decode(base64.urlsafe_b64decode(held), type=_Held)
        except (binascii.Error, msgspec.DecodeError) as error:
            raise CredentialsRefused("UnrecognizedClientException", "The ticket cannot be read.") from error
        if found.until_s <= self._clock.now():
            raise CredentialsRefused("ExpiredTokenException", "The request this is done for is too long ago.")
        return Caller(found.scope, None, None, found.who)

    def _signature(self, held: bytes) -> str:
        return hmac.new(self._secret, held, hashlib.sha256).hexdigest()
