"""Statistics by their names in requests, and their values in periods; pure.

Source: CloudWatch documentation, "Statistics definitions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lambdad.domain.errors import NotOffered
from lambdad.ports.metric_store import Period

SIMPLE: Final[Mapping[str, Callable[[Period], float]]] = {
    "SampleCount": lambda period: period.samples,
    "Average": lambda period: period.total / period.samples,
    "Sum": lambda period: period.total,
    "Minimum": lambda period: period.minimum,
    "Maximum": lambda period: period.maximum,
}
_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d{1,10})?)")
_TRIMMED = re.compile(r"(?:tm|wm|tc|ts)\d{1,3}(?:\.\d{1,10})?|IQM|(?:TM|WM|TC|TS|PR)\([0-9.%:]{1,40}\)")


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic of a period.

    Attributes:
        name: as it was asked for.
        percentile: from 0 to 100; None unless it is one.
    """

    name: str
    percentile: float | None = None

    def of(self, period: Period) -> float | None:
        """Its value; None when nobody knows it."""
        if self.percentile is None:
            return SIMPLE[self.name](period)
        return period.percentiles.get(self.percentile)

    @property
    def percentiles(self) -> tuple[float, ...]:
        """What a store has to be asked for it."""
        return () if self.percentile is None else (self.percentile,)


def statistic_of(name: str) -> Statistic | None:
    """The statistic of that name; None when CloudWatch has none.

    Raises:
        NotOffered: CloudWatch has it and lambdad does not.
    """
    if name in SIMPLE:
        return Statistic(name)
    found = _PERCENTILE.fullmatch(name)
    if found is not None and float(found[1]) <= 100:
        return Statistic(name, float(found[1]))
    if _TRIMMED.fullmatch(name):
        offered = f"{', '.join(SIMPLE)} and percentiles such as p99.9"
        raise NotOffered(f"The statistic {name} is not offered by lambdad. Offered are {offered}.")
    return None
