"""What PutLogEvents takes, rejects and refuses: a decision over one batch and `now`.

Source: CloudWatch Logs API, PutLogEvents (the constraints of a batch).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.limits import (
    DAY_MS,
    LOG_EVENT_OVERHEAD_BYTES,
    MAX_LOG_AGE_MS,
    MAX_LOG_AHEAD_MS,
    MAX_LOG_EVENT_BYTES,
    MAX_LOG_SPAN_MS,
    MAX_PUT_LOG_BYTES,
)
from lambdad.ports.log_store import LogLine


@dataclass(frozen=True, slots=True)
class Accepted:
    """The part of a batch to be stored, and what was left out.

    Attributes:
        too_old_end: index behind the last event that is too old; None when none is.
        too_new_start: index of the first event too far in the future; None when none is.
        expired_end: index behind the last event older than its group keeps any; None when none is.
    """

    lines: Sequence[LogLine]
    too_old_end: int | None = None
    too_new_start: int | None = None
    expired_end: int | None = None


def judge(lines: Sequence[LogLine], now_ms: int, retention_days: int | None = None) -> Accepted:
    """Decide over a batch at `now_ms`, for a group that keeps events so many days (None: for ever).

    Raises:
        InvalidParameter: not in order, over a size, or its valid events span over 24 hours.
    """
    _check_sizes(lines)
    times = [line.timestamp_ms for line in lines]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise InvalidParameter("Log events in a single PutLogEvents request must be in chronological order.")
    too_old = bisect_left(times, now_ms - MAX_LOG_AGE_MS)
    expired = 0 if retention_days is None else bisect_left(times, now_ms - retention_days * DAY_MS)
    begin = max(too_old, expired)
    end = bisect_right(times, now_ms + MAX_LOG_AHEAD_MS)
    if begin < end and times[end - 1] - times[begin] > MAX_LOG_SPAN_MS:
        raise InvalidParameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
    too_new = end if end < len(lines) else None
    return Accepted(lines[begin:end], too_old or None, too_new, expired or None)


def _check_sizes(lines: Sequence[LogLine]) -> None:
    total = 0
    for line in lines:
        size = len(line.message.encode("utf-8", "replace"))
        if size > MAX_LOG_EVENT_BYTES:
            raise InvalidParameter(
                f"Log event too large: {size} bytes exceeds limit of {MAX_LOG_EVENT_BYTES}"
            )
        total += size + LOG_EVENT_OVERHEAD_BYTES
    if total > MAX_PUT_LOG_BYTES:
        raise InvalidParameter(f"Upload too large: {total} bytes exceeds limit of {MAX_PUT_LOG_BYTES}")
