"""GetMetricStatistics: several statistics of one series."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lambdad.domain.errors import InvalidCombination, InvalidParameter
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_STATISTICS_DATAPOINTS
from lambdad.ports.clock import Clock
from lambdad.ports.metric_store import MetricStore, Period
from lambdad.telemetry.metrics_api.keys import key_of
from lambdad.telemetry.metrics_api.sentences import Violation, refuse
from lambdad.telemetry.metrics_api.spans import is_period, rounded
from lambdad.telemetry.metrics_api.statistics_names import SIMPLE, Statistic, statistic_of


class StatisticsReading:
    """The handler of GetMetricStatistics."""

    def __init__(self, store: MetricStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def get_metric_statistics(self, params: dict[str, Any], request: Request) -> Mapping[str, Any]:
        """The periods of a span that have data, oldest first, those of each unit by themselves.

        Raises:
            InvalidParameter, InvalidCombination: what cannot be asked.
            NotOffered: a statistic that lambdad does not have.
        """
        refuse(violations(params))
        statistics = [_extended(name) for name in params.get("ExtendedStatistics") or ()]
        start_s, end_s = params["StartTime"].timestamp(), params["EndTime"].timestamp()
        span = rounded(start_s, end_s, params["Period"], self._clock.now())
        key = key_of(params, request.caller.scope)
        await self._store.flush()
        found = await self._store.read(
            [key],
            start_s=span.start_s,
            end_s=span.end_s,
            period_s=params["Period"],
            percentiles=[one.percentile for one in statistics if one.percentile is not None],
            anchor_s=span.start_s,
        )
        unit = params.get("Unit") or None
        wanted = [period for period in found.get(key, ()) if unit in (None, period.unit)]
        simple = params.get("Statistics") or ()
        return {
            "Label": params["MetricName"],
            "Datapoints": list(_datapoints(wanted, simple, statistics)),
        }


def violations(params: Mapping[str, Any]) -> Iterator[Violation]:
    """What cannot be asked, beyond what the model says.

    Source: telegraf issue 2022 and cloud-custodian issue 7683 for the sentences about the span;
    documentation of the member ExtendedStatistics ("but not both").
    """
    start_s, end_s, period_s = (
        params["StartTime"].timestamp(),
        params["EndTime"].timestamp(),
        params["Period"],
    )
    if start_s > end_s:
        text = "The parameter StartTime must be less than the parameter EndTime."
        yield Violation(InvalidParameter, text)
    if start_s == end_s:
        text = "The parameter StartTime must not equal parameter EndTime."
        yield Violation(InvalidParameter, text)
    if not is_period(period_s):
        text = "The parameter Period must be a value in the set [ 1, 5, 10, 20, 30 ] or a multiple of 60."
        yield Violation(InvalidParameter, text)
    elif (end_s - start_s) / period_s > MAX_STATISTICS_DATAPOINTS:
        asked = int((end_s - start_s) // period_s)
        text = (
            f"You have requested up to {asked} datapoints, which exceeds the limit of "
            f"{MAX_STATISTICS_DATAPOINTS}. You may reduce the datapoints requested by increasing Period, or "
            "decreasing the time range."
        )
        yield Violation(InvalidCombination, text)
    yield from _which(params.get("Statistics"), params.get("ExtendedStatistics"))


def _which(simple: Sequence[str] | None, extended: Sequence[str] | None) -> Iterator[Violation]:
    if simple and extended:
        text = "The parameters Statistics and ExtendedStatistics are mutually exclusive"
        yield Violation(InvalidCombination, f"{text} and you have specified both.")
    if not simple and not extended:
        text = "At least one of the parameters Statistics and ExtendedStatistics must be specified."
        yield Violation(InvalidCombination, text)


def _extended(name: str) -> Statistic:
    found = None if name in SIMPLE else statistic_of(name)
    if found is None:
        raise InvalidParameter(f"The value {name} for parameter ExtendedStatistics is invalid.")
    return found


def _datapoints(
    periods: Sequence[Period], simple: Sequence[str], extended: Sequence[Statistic]
) -> Iterator[Mapping[str, Any]]:
    for period in periods:
        point: dict[str, Any] = {"Timestamp": period.start_s}
        point |= {name: SIMPLE[name](period) for name in simple}
        known = {one.name: one.of(period) for one in extended}
        percentiles = {name: value for name, value in known.items() if value is not None}
        if percentiles:
            point["ExtendedStatistics"] = percentiles
        if simple or percentiles:
            yield point | {"Unit": period.unit}
