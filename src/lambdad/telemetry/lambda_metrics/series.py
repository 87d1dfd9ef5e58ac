"""The series that something of a function counts in, and the data of one look gathered by series.

Account and region as a whole, the function, the function under the name it was called by, and for an alias
the version that ran as well. Source: Lambda developer guide, "Viewing metrics" (FunctionName, Resource,
ExecutedVersion, which is only there for aliases); aws-cdk's `LambdaMetrics` for the four combinations.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from lambdad.domain.arn import is_version
from lambdad.domain.event import Lane
from lambdad.domain.metric import Datum, Dimensions, MetricKey, dimensions
from lambdad.domain.scope import Scope

NAMESPACE: Final = "AWS/Lambda"
COUNT: Final = "Count"
MILLISECONDS: Final = "Milliseconds"

_PER_MS: Final = 100
"""Times are told apart to a hundredth of a millisecond, as REPORT shows them …"""
_FEW: Final = 100
"""… as long as there are so few; of more only three digits are kept, half a percent."""
_DIGITS: Final = 1_000


def of_function(function: str) -> Dimensions:
    """The dimensions of a function over everything it was called by."""
    return (("FunctionName", function),)


def of_lane(lane: Lane, version: str | None = None) -> tuple[Dimensions, ...]:
    """Every set of dimensions that a call counts in; `version` is None when nobody knows what ran."""
    return _places(lane.function, lane.qualifier, version)


@lru_cache(4_096)
def _places(name: str, qualifier: str | None, version: str | None) -> tuple[Dimensions, ...]:
    resource = name if qualifier is None else f"{name}:{qualifier}"
    found: tuple[Dimensions, ...] = (
        (),
        of_function(name),
        dimensions(FunctionName=name, Resource=resource),
    )
    if qualifier is None or version is None or is_version(qualifier):
        return found
    return (*found, dimensions(FunctionName=name, Resource=resource, ExecutedVersion=version))


_Values = dict[float, int]
_Minute = dict[tuple[str, Dimensions], tuple[_Values, str]]


class Gathered:
    """Values by series and minute; how often each was measured."""

    def __init__(self) -> None:
        self._minutes: defaultdict[tuple[Scope, int], _Minute] = defaultdict(dict)

    def add(
        self,
        scope: Scope,
        name: str,
        places: Iterable[Dimensions],
        at_ms: int,
        values: Mapping[float, int],
        unit: str = COUNT,
    ) -> None:
        """Count values in every one of some series."""
        minute = self._minutes[scope, at_ms]
        for place in places:
            found = minute.get((name, place))
            if found is None:
                minute[name, place] = dict(values), unit
                continue
            counts = found[0]
            for value, count in values.items():
                counts[value] = counts.get(value, 0) + count

    def data(self) -> list[Datum]:
        """One datum for each series and minute."""
        return [
            Datum(
                MetricKey(scope, NAMESPACE, name, place),
                at_ms,
                tuple(values),
                tuple(map(float, values.values())),
                unit=unit,
            )
            for (scope, at_ms), minute in self._minutes.items()
            for (name, place), (values, unit) in minute.items()
        ]


def rounded(times_ms: Iterable[float]) -> dict[float, int]:
    """Times as values with counts; few values however many times."""
    found = Counter([int(time * _PER_MS + 0.5) for time in times_ms])
    if len(found) <= _FEW:
        return {value / _PER_MS: count for value, count in found.items()}
    kept: dict[float, int] = {}
    for value, count in found.items():
        step = 1
        while value // step >= _DIGITS:
            step *= 10
        coarse = (value + step // 2) // step * step / _PER_MS
        kept[coarse] = kept.get(coarse, 0) + count
    return kept
