"""AWS's three ways to write a moment: unixTimestamp, iso8601 and rfc822."""

from __future__ import annotations

from datetime import UTC, datetime

UNIX = "unixTimestamp"
ISO8601 = "iso8601"
RFC822 = "rfc822"

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read(value: str | float) -> datetime:
    """Read a moment in whichever of the three ways it comes; the result is aware, in UTC.

    Raises:
        ValueError: none of the three.
    """
    if isinstance(value, int | float):
        return _from_epoch(value)
    try:
        return _from_epoch(float(value))
    except ValueError:
        moment = _from_text(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def write(moment: datetime, style: str) -> str | float:
    """Write a moment: seconds as a number for unixTimestamp, text for the others."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if style == RFC822:
        day, month = _DAYS[aware.weekday()], _MONTHS[aware.month - 1]
        return f"{day}, {aware:%d} {month} {aware:%Y %H:%M:%S} GMT"
    if style == ISO8601:
        return aware.isoformat(timespec="milliseconds" if aware.microsecond else "seconds").replace(
            "+00:00", "Z"
        )
    seconds = round(aware.timestamp(), 3)
    return int(seconds) if seconds.is_integer() else seconds


def _from_epoch(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{seconds} is not a time") from error


def _from_text(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        from email.utils import parsedate_to_datetime  # noqa: PLC0415 - 10 ms that hardly any request needs

        try:
            return parsedate_to_datetime(value)
        except (TypeError, IndexError) as error:
            raise ValueError(f"{value} is not a time") from error
