"""Tokens that continue an answer: opaque to clients, checked when they come back."""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

import msgspec

from lambdad.domain.errors import InvalidNextToken

Place = TypeVar("Place", bound=msgspec.Struct)


def token_of(place: msgspec.Struct) -> str:
    """A place as a token."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode()


def read_token(token: str, kind: type[Place]) -> Place:
    """The place of a token.

    Raises:
        InvalidNextToken: it is none of ours.
    """
    try:
        return msgspec.msgpack.decode(base64.urlsafe_b64decode(token.encode("ascii")), type=kind)
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError):
        raise InvalidNextToken("The token is invalid.") from None
