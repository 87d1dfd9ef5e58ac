"""GetMetricData: one statistic of each of many series, page by page.

A page ends when it has as many datapoints as it may, or has taken as much reading as one answer should; the
token says with which query, and from which time, to go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from lambdad.domain.errors import InvalidNextToken
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_METRIC_DATAPOINTS, MAX_METRIC_POINTS_READ
from lambdad.ports.clock import Clock
from lambdad.ports.metric_store import MetricStore, Period
from lambdad.telemetry.metrics_api.data_queries import Query, queries_of
from lambdad.telemetry.metrics_api.page_tokens import read_token, token_of
from lambdad.telemetry.metrics_api.spans import TimeSpan, points_read, rounded

UNITS_IN_ORDER = (
    *("Megabits", "Terabits", "Gigabits", "Count", "Bytes", "Gigabytes", "Gigabytes/Second", "Kilobytes"),
    *("Kilobits/Second", "Terabytes", "Terabits/Second", "Bytes/Second", "Percent", "Megabytes"),
    *("Megabits/Second", "Milliseconds", "Microseconds", "Kilobytes/Second", "Gigabits/Second"),
    *("Megabytes/Second", "Bits", "Bits/Second", "Count/Second", "Seconds", "Kilobits", "Terabytes/Second"),
    "None",
)
"""Of data in several units those of the first are returned.

Source: found out by localstack (test_get_metric_data_different_units_no_unit_in_query).
"""


class _Place(msgspec.Struct, array_like=True):
    """Where a page begins: a query, and the first period of it that has not been shown; None: all are."""

    query: int
    period_start_s: int | None


class DataReading:
    """The handler of GetMetricData."""

    def __init__(self, store: MetricStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def get_metric_data(self, params: dict[str, Any], request: Request) -> Mapping[str, Any]:
        """A page of results in the order of the queries.

        Raises:
            InvalidQuery: what cannot be asked.
            InvalidNextToken: the token continues nothing.
            NotOffered: metric math, or a statistic that lambdad does not have.
        """
        queries = queries_of(params, request.caller.scope)
        place = _place(params.get("NextToken"), len(queries))
        descending = params.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        start_s, end_s, now_s = (
            params["StartTime"].timestamp(),
            params["EndTime"].timestamp(),
            self._clock.now(),
        )
        room, work = params.get("MaxDatapoints", MAX_METRIC_DATAPOINTS), 0
        await self._store.flush()
        results: list[Mapping[str, Any]] = []
        following: _Place | None = None
        for number, query in enumerate(queries[place.query :], place.query):
            span = rounded(start_s, end_s, query.period_s, now_s)
            work += points_read(span, query.period_s, now_s)
            if room <= 0 or (results and work > MAX_METRIC_POINTS_READ):
                following = _Place(number, None)
                break
            points, messages = await self._points(query, span)
            if descending:
                points.reverse()
            if number == place.query and place.period_start_s is not None:
                points = _from(points, place.period_start_s, descending=descending)
            shown = points[:room]
            room -= len(shown)
            is_cut = len(shown) < len(points)
            results.append(_result(query, shown, messages, is_cut=is_cut))
            if is_cut:
                following = _Place(number, points[len(shown)][0])
                break
        answer: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
        if following is not None:
            answer["NextToken"] = token_of(following)
        return answer

    async def _points(self, query: Query, span: TimeSpan) -> tuple[list[tuple[int, float]], list[Any]]:
        """Start and value of each period that has one, oldest first, and what is to be said about them."""
        found = await self._store.read(
            [query.key],
            start_s=span.start_s,
            end_s=span.end_s,
            period_s=query.period_s,
            percentiles=query.statistic.percentiles,
            anchor_s=span.start_s,
        )
        periods, messages = _of_one_unit(found.get(query.key, ()), query.unit)
        values = ((period.start_s, query.statistic.of(period)) for period in periods)
        return [(start_s, value) for start_s, value in values if value is not None], messages


def _of_one_unit(periods: Sequence[Period], unit: str | None) -> tuple[list[Period], list[Mapping[str, str]]]:
    if unit is not None:
        return [period for period in periods if period.unit == unit], []
    units = sorted({period.unit for period in periods}, key=_rank)
    if len(units) < 2:
        return list(periods), []
    message = {"Code": "MultipleUnits", "Value": f"Multiple units returned: '[{', '.join(units)}]'"}
    return [period for period in periods if period.unit == units[0]], [message]


def _rank(unit: str) -> int:
    return UNITS_IN_ORDER.index(unit) if unit in UNITS_IN_ORDER else len(UNITS_IN_ORDER)


def _from(points: list[tuple[int, float]], start_s: int, *, descending: bool) -> list[tuple[int, float]]:
    return [point for point in points if (point[0] <= start_s if descending else point[0] >= start_s)]


def _result(
    query: Query, points: Sequence[tuple[int, float]], messages: Sequence[Any], *, is_cut: bool
) -> Mapping[str, Any]:
    result: dict[str, Any] = {
        "Id": query.id,
        "Label": query.label,
        "Timestamps": [start_s for start_s, _ in points],
        "Values": [value for _, value in points],
        "StatusCode": "PartialData" if is_cut else "Complete",
    }
    return result | {"Messages": messages} if messages else result


def _place(token: str | None, queries: int) -> _Place:
    if not token:
        return _Place(0, None)
    place = read_token(token, _Place)
    if not 0 <= place.query < queries:
        raise InvalidNextToken("The token is invalid.")
    return place
