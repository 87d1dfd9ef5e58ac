"""What requests for operations ask for in their query; pure."""

from __future__ import annotations

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.http import Request

_MOST_DIGITS = 9


def limit_of(request: Request, default: int, most: int) -> int:
    """How many are wanted at most.

    Raises:
        InvalidParameter: not a number from 1 to `most`.
    """
    given = dict(request.query).get("limit")
    if given is None:
        return default
    is_number = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    if not is_number or not 1 <= int(given) <= most:
        raise InvalidParameter(f"limit must be a number from 1 to {most}.")
    return int(given)
