"""Single values that travel as text: labels, queries, headers and form fields."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any

from lambdad.awsapi import timestamps
from lambdad.awsapi.model import Member
from lambdad.domain.errors import InvalidRequestContent

_NUMBER = re.compile(r"[+-]?[0-9.]{1,40}([eE][+-]?[0-9]{1,3})?|NaN|-?Infinity")

NUMBERS: Mapping[str, Callable[[Any], int | float]] = {
    "integer": int,
    "long": int,
    "short": int,
    "byte": int,
    "bigInteger": int,
    "float": float,
    "double": float,
    "bigDecimal": float,
}
"""How a number of each kind is made from text or from a JSON number."""


class NotSerializable(InvalidRequestContent):
    """The request cannot be read as the operation's input: AWS's SerializationException."""


def read(member: Member, text: str | None) -> Any:
    """Read one value that travels as text; None stays None.

    Raises:
        NotSerializable: the text is no value of the member's kind.
    """
    if text is None:
        return None
    kind = member.shape.kind
    if kind in ("string", "character"):
        return text
    if kind == "blob":
        return decoded(text)
    if kind == "boolean":
        if text not in ("true", "false"):
            raise NotSerializable(f"{text} is not a Boolean")
        return text == "true"
    try:
        return timestamps.read(text) if kind == "timestamp" else NUMBERS[kind](_plain(text))
    except ValueError:
        raise NotSerializable(f"STRING_VALUE cannot be converted to {java_name(kind)}") from None


def _plain(text: str) -> str:
    """The text of a number, without the liberties Python takes (`1_000`, blanks, other scripts)."""
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return text


def decoded(text: str) -> bytes:
    """The bytes of a base64 text.

    Raises:
        NotSerializable: it is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotSerializable("A blob is not base64") from None


def java_name(kind: str) -> str:
    """The kind as AWS names it in messages."""
    return kind.capitalize()
