"""Spans of time and periods in them, as CloudWatch rounds them; pure.

Source: documentation of GetMetricData and GetMetricStatistics, members StartTime, EndTime and Period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from lambdad.domain.limits import METRIC_RETENTION_S

MINUTE_S: Final = 60
FIVE_MINUTES_S: Final = 300
HOUR_S: Final = 3_600
FINE_PERIODS_S: Final = (1, 5, 10, 20, 30)
"""Periods of less than a minute."""


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Whole seconds since the epoch, the first inclusive and the last exclusive."""

    start_s: int
    end_s: int


def is_period(period_s: int) -> bool:
    """Whether data can be had by this period."""
    return period_s in FINE_PERIODS_S or (period_s > 0 and period_s % MINUTE_S == 0)


def rounded(start_s: float, end_s: float, period_s: int, now_s: float) -> TimeSpan:
    """A span whose start is where CloudWatch begins; the first period begins there too."""
    age_s = now_s - start_s
    if period_s in FINE_PERIODS_S:
        grain_s = period_s
    elif age_s < METRIC_RETENTION_S[MINUTE_S]:
        grain_s = MINUTE_S
    else:
        grain_s = FIVE_MINUTES_S if age_s < METRIC_RETENTION_S[FIVE_MINUTES_S] else HOUR_S
    return TimeSpan(int(start_s // grain_s * grain_s), math.ceil(end_s))


def points_read(span: TimeSpan, period_s: int, now_s: float) -> int:
    """How many stored points a span is made of at most.

    What would be longer ago than anything is kept counts nothing.
    """
    if period_s in FINE_PERIODS_S:
        return max(0, min(span.end_s - span.start_s, METRIC_RETENTION_S[1]))
    points = 0
    newer_s = now_s + HOUR_S * 24  # what is a little in the future too
    for resolution_s in (MINUTE_S, FIVE_MINUTES_S, HOUR_S):
        older_s = now_s - METRIC_RETENTION_S[resolution_s]
        seconds = min(span.end_s, newer_s) - max(span.start_s, older_s)
        if period_s % resolution_s == 0:
            points += max(0, int(seconds // resolution_s))
        newer_s = older_s
    return points
