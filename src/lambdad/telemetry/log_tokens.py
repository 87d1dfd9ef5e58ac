"""Tokens that continue a list: where it stopped, and in which direction.

GetLogEvents has AWS's shape, ``f/<56 digits>/s`` and ``b/<56 digits>/s``; the others are opaque.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from lambdad.domain.errors import InvalidParameter

_DIGITS = 56
_INVALID = "The specified nextToken is invalid."
_MAX_EVENT_ID = 1 << 126
_END = 10**_DIGITS - 1


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place between events, and the direction to read on.

    Attributes:
        event_id: read on behind (or before) this event; None is the very end of the stream for
            backward reading and its beginning for forward reading.
    """

    backward: bool
    event_id: int | None


def events_token(bookmark: Bookmark) -> str:
    """A bookmark as GetLogEvents answers it."""
    edge = _END if bookmark.backward else 0
    number = edge if bookmark.event_id is None else bookmark.event_id
    return f"{'b' if bookmark.backward else 'f'}/{number:0{_DIGITS}d}/s"


def parse_events_token(token: str) -> Bookmark:
    """A bookmark out of a token of GetLogEvents.

    Raises:
        InvalidParameter: no such token.
    """
    direction, _, rest = token.partition("/")
    digits, _, end = rest.partition("/")
    if direction not in ("f", "b") or end != "s" or not (digits.isascii() and digits.isdigit()):
        raise InvalidParameter(_INVALID)
    number = int(digits)
    if number in (0, _END):
        return Bookmark(direction == "b", None)
    if number > _MAX_EVENT_ID:
        raise InvalidParameter(_INVALID)
    return Bookmark(direction == "b", number)


def event_id_text(event_id: int) -> str:
    """The id of an event as answers and subscriptions show it."""
    return f"{event_id:0{_DIGITS}d}"


def opaque(*parts: str) -> str:
    """A token of several texts."""
    return base64.urlsafe_b64encode("\n".join(parts).encode()).decode()


def parse_opaque(token: str, count: int) -> list[str]:
    """The texts of a token made by `opaque` of `count` of them.

    Raises:
        InvalidParameter: no such token.
    """
    try:
        parts = base64.b64decode(token, altchars=b"-_", validate=True).decode().split("\n")
    except (binascii.Error, ValueError) as error:
        raise InvalidParameter(_INVALID) from error
    if len(parts) != count:
        raise InvalidParameter(_INVALID)
    return parts
