"""The series that something of a function counts in, and the data of one look gathered by series.

Account and region as a whole, the function, the function under the name it was called by, and for an alias
the version that ran as well. Source: Lambda developer guide, "Viewing metrics" (FunctionName, Resource,
ExecutedVersion, which is only there for aliases); aws-cdk's `LambdaMetrics` for the four combinations.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from lambdad.domain.arn import is_version
from lambdad.domain.event import Lane
from lambdad.domain.metric import Datum, Dimensions, MetricKey, dimensions
from lambdad.domain.scope import Scope

NAMESPACE = "AWS/Lambda"
COUNT = "Count"
MILLISECONDS = "Milliseconds"
_PER_MS = 100
"""Values of a time are told apart to a hundredth of a millisecond, as REPORT shows them."""


def of_function(function: str) -> Dimensions:
    """The dimensions of a function over everything it was called by."""
    return (("FunctionName", function),)


def of_lane(lane: Lane, version: str | None = None) -> tuple[Dimensions, ...]:
    """Every set of dimensions that a call counts in; `version` is None when nobody knows what ran."""
    name, qualifier = lane.function, lane.qualifier
    resource = name if qualifier is None else f"{name}:{qualifier}"
    found: tuple[Dimensions, ...] = (
        (),
        of_function(name),
        dimensions(FunctionName=name, Resource=resource),
    )
    if qualifier is None or version is None or is_version(qualifier):
        return found
    return (*found, dimensions(FunctionName=name, Resource=resource, ExecutedVersion=version))


class Gathered:
    """Values by series and time; how often each was measured."""

    def __init__(self) -> None:
        self._found: dict[tuple[Scope, str, Dimensions, int, str], Counter[float]] = {}

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
        for place in places:
            key = (scope, name, place, at_ms, unit)
            found = self._found.get(key)
            if found is None:
                self._found[key] = Counter(values)
            else:
                found.update(values)

    def data(self) -> list[Datum]:
        """One datum for each series and time."""
        return [
            Datum(
                MetricKey(scope, NAMESPACE, name, place),
                at_ms,
                tuple(values),
                tuple(float(count) for count in values.values()),
                unit=unit,
            )
            for (scope, name, place, at_ms, unit), values in self._found.items()
        ]


def rounded(times_ms: Iterable[float]) -> dict[float, int]:
    """Times as values with counts; few values where many are alike."""
    found = Counter([int(time * _PER_MS + 0.5) for time in times_ms])
    return {value / _PER_MS: count for value, count in found.items()}
