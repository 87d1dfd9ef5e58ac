"""When the next blank is made in the background: decided from what goes on and `now`.

Rule: takes come first. Filling waits until nobody has taken for a moment, then rests after each as long as it
worked; under a stream of takes without a pause it goes on a little now and then. While somebody stands in the
queue for a blank of his own, nothing is filled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

QUIET_S: Final = 0.02
"""So long after the last take it begins: a burst of calls is over, or a sequence of cold starts pauses."""
PATIENCE_S: Final = 0.1
"""So long it waits for a pause; then it does not wait for this one."""
REST_S: Final = 0.05
"""The longest rest after one: half of the time belongs to others, however slow the host is."""
FILLED_AT_ONCE: Final = 1
STARVED_AT_ONCE: Final = 2
"""When there was no pause for so long that patience is over."""
FIRST_PAUSE_S: Final = 0.5
"""After a failure; doubled with each."""
LAST_PAUSE_S: Final = 30.0
"""The longest pause after failures."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What goes on; times are monotonic seconds.

    Attributes:
        last_take: when somebody last took or got one.
        lacking_since: since when some lack and none was filled.
        rests_until: end of the rest after the last one.
        retries_at: when the first of those that lack may be tried; only after failures later than now.
        making: how many are being made for takes.
        queued: how many takes wait for their turn.
    """

    last_take: float
    lacking_since: float
    rests_until: float
    retries_at: float
    making: int
    queued: int


def begins_at(moment: Moment) -> float:
    """When filling may begin; never (infinity) while takes are queued: the end of the queue asks again."""
    if moment.queued:
        return math.inf
    overdue = moment.lacking_since + PATIENCE_S
    calm = math.inf if moment.making else moment.last_take + QUIET_S
    return max(min(calm, overdue), moment.rests_until, moment.retries_at)


def at_once(moment: Moment, now: float) -> int:
    """How many may be filled at the same time."""
    calm = not moment.making and now >= moment.last_take + QUIET_S
    return FILLED_AT_ONCE if calm else STARVED_AT_ONCE


def pause_s(failures: int) -> float:
    """How long to wait after so many failures in a row."""
    return float(min(LAST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures - 1, 16)))
