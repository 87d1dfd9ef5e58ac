"""When a request says it was signed."""

from __future__ import annotations

import calendar
import re
from email.utils import parsedate_to_datetime
from functools import lru_cache

_STAMP = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
_MAX_DATE_BYTES = 64
"""An HTTP date has 29 characters; a longer one is not even looked at."""


@lru_cache(maxsize=1_024)
def seconds_of(stamp: bytes) -> int | None:
    """Seconds since the epoch of ``20261127T001500Z``; None when it is not such a moment."""
    found = _STAMP.fullmatch(stamp.decode("latin-1")) if len(stamp) <= _MAX_DATE_BYTES else None
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups())
    if year < 1970 or not 1 <= month <= 12 or hour > 23 or minute > 59 or second > 59:
        return None
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return calendar.timegm((year, month, day, hour, minute, second))


def stamp_of_date(value: bytes) -> bytes | None:
    """The moment of a `Date` header in the form that is signed; None when it cannot be read."""
    if len(value) > _MAX_DATE_BYTES:
        return None
    if seconds_of(value) is not None:
        return value
    try:
        moment = parsedate_to_datetime(value.decode("ascii"))
        offset = moment.utcoffset()
    except (ValueError, OverflowError):
        return None
    if offset:
        return None  # HTTP knows GMT alone
    return f"{moment:%Y%m%dT%H%M%SZ}".encode() if moment.year >= 1000 else None
