"""Times as people give them on the command line and as commands show them: UTC throughout, as AWS has them.

Pure. Used by `logs`, `metrics` and whatever else takes a range of time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from lambdad.cli.errors import USAGE, CommandError

UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def age_s(text: str) -> int | None:
    """``10m``, ``2h``, ``1d`` in seconds; None when it is no age."""
    found = re.fullmatch(r"(\d{1,9})([smhdw])", text)
    return int(found[1]) * UNITS_S[found[2]] if found else None


def since_ms(text: str, now_s: float, option: str = "--since") -> int:
    """``10m`` before `now_s`, or an ISO time (UTC unless it says otherwise), in ms since 1970.

    Raises:
        CommandError: it is neither.
    """
    age = age_s(text)
    if age is not None:
        return max(0, int((now_s - age) * 1000))
    try:
        moment = datetime.fromisoformat(text)
        return max(0, int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        raise CommandError(f"{option} {text}: give an age like 10m, 2h, 1d or an ISO time", USAGE) from None


def range_ms(since: str, until: str | None, now_s: float) -> tuple[int, int | None]:
    """Begin and end of a range in ms since 1970; the end is None when it is open.

    Raises:
        CommandError: one of them is no time, or the end is not behind the begin.
    """
    start = since_ms(since, now_s)
    end = None if until is None else since_ms(until, now_s, "--until")
    if end is not None and end <= start:
        raise CommandError(f"--until {until} is not later than --since {since}", USAGE)
    return start, end


def clock(time_ms: int) -> str:
    """A moment as people read it in a log, UTC with milliseconds."""
    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{time_ms} ms"
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(seconds: float) -> str:
    """A time as people say it, in at most two units: ``45 s``, ``5 min``, ``2 h 10 min``, ``3 d``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return _two(whole, 60, "min", 1, "s")
    if whole < 86_400:
        return _two(whole, 3_600, "h", 60, "min")
    return _two(whole, 86_400, "d", 3_600, "h")


def _two(whole: int, large_s: int, large: str, small_s: int, small: str) -> str:
    rest = whole % large_s // small_s
    return f"{whole // large_s} {large}" + (f" {rest} {small}" if rest else "")
