"""Metric filters: put, described, deleted and tried out.

Source: CloudWatch Logs API and model; answers recorded by LocalStack's suite against AWS (February 2026,
`test_logs_metric_filters`); refusals as users report them: terraform-provider-aws issue 28881 (dimensions),
guidance-for-claude-code-with-amazon-bedrock pull request 632 (dimensions with a default).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lambdad.domain.errors import InvalidParameter, NotFound, QuotaExceeded
from lambdad.domain.http import Request
from lambdad.domain.limits import MAX_METRIC_FILTER_DIMENSIONS, MAX_METRIC_FILTERS
from lambdad.domain.log_filter import GroupFilters, MetricFilter
from lambdad.ports.clock import Clock
from lambdad.ports.log_store import LogStore
from lambdad.telemetry.filter_book import FilterBook
from lambdad.telemetry.filter_paging import page
from lambdad.telemetry.filter_rules import change_filters, check_expressions, refuse_unoffered
from lambdad.telemetry.patterns.compiling import Pattern, compile_pattern
from lambdad.telemetry.patterns.fields import Fields
from lambdad.telemetry.patterns.selectors import Selectors, parse_selector

Params = dict[str, Any]
NO_FILTER = "The specified metric filter does not exist."


class MetricFilters:
    """Handlers of PutMetricFilter, DescribeMetricFilters, DeleteMetricFilter and TestMetricFilter."""

    def __init__(self, store: LogStore, book: FilterBook, clock: Clock) -> None:
        self._store = store
        self._book = book
        self._clock = clock

    async def put(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Make a filter, or change one; it counts what is written from now on."""
        refuse_unoffered(params, "emitSystemFieldDimensions")
        made = filter_of(params, int(self._clock.now() * 1000))
        scope, group = request.caller.scope, params["logGroupName"]

        def decide(known: GroupFilters) -> GroupFilters:
            return with_metric_filter(known, made)

        await change_filters(self._store, self._book, scope, group, decide)
        return {}

    async def describe(self, params: Params, request: Request) -> Mapping[str, Any]:
        """A page of filters, of one group or of all."""
        scope, group = request.caller.scope, params.get("logGroupName")
        if (params.get("metricName") is None) != (params.get("metricNamespace") is None):
            raise InvalidParameter("metricName and metricNamespace must be specified together.")
        if group is not None:
            await self._store.group(scope, group)
            found = [(group, self._book.of(scope, group))]
        else:
            found = list(self._book.all_of(scope))
        items = [
            (each.name, name, _shown(each, name))
            for name, filters in found
            for each in filters.metrics
            if _is_meant(each, params)
        ]
        return page(items, "metricFilters", params)

    async def delete(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Remove a filter; what it has measured stays."""
        scope, group, name = request.caller.scope, params["logGroupName"], params["filterName"]
        await self._store.group(scope, group)

        def decide(known: GroupFilters) -> GroupFilters:
            kept = tuple(each for each in known.metrics if each.name != name)
            if len(kept) == len(known.metrics):
                raise NotFound(NO_FILTER)
            return replace(known, metrics=kept)

        await self._book.change(scope, group, decide)
        return {}

    async def test(self, params: Params, request: Request) -> Mapping[str, Any]:
        """Which messages a pattern matches, and what it takes out of them."""
        pattern = compile_pattern(params["filterPattern"])
        return {"matches": await asyncio.to_thread(_tried, pattern, params["logEventMessages"])}


def filter_of(params: Mapping[str, Any], now_ms: int) -> MetricFilter:
    """The filter that a request describes.

    Raises:
        InvalidParameter: pattern or transformation are none, or do not go together.
    """
    transformation = params["metricTransformations"][0]
    made = MetricFilter(
        params["filterName"],
        params["filterPattern"],
        now_ms,
        transformation["metricNamespace"],
        transformation["metricName"],
        transformation["metricValue"],
        transformation.get("defaultValue"),
        transformation.get("dimensions") or {},
        transformation.get("unit"),
    )
    pattern = compile_pattern(made.pattern)
    _check_value(made.value, pattern)
    if made.dimensions:
        _check_dimensions(made, pattern)
    return made


def with_metric_filter(known: GroupFilters, made: MetricFilter) -> GroupFilters:
    """The filters of a group with one more, or with one changed.

    Raises:
        QuotaExceeded: there are as many as there may be.
    """
    others = tuple(each for each in known.metrics if each.name != made.name)
    same = next((each for each in known.metrics if each.name == made.name), None)
    if same is not None:
        made = replace(made, created_ms=same.created_ms)
    elif len(others) >= MAX_METRIC_FILTERS:
        raise QuotaExceeded("Resource limit exceeded.")
    metrics = tuple(sorted((*others, made), key=lambda each: each.name))
    return check_expressions(replace(known, metrics=metrics))


def _tried(pattern: Pattern, messages: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"eventNumber": number, "eventMessage": message, "extractedValues": pattern.extracted(message)}
        for number, message in enumerate(messages, start=1)
        if pattern.matches(message)
    ]


def _check_value(value: str, pattern: Pattern) -> None:
    if not value.startswith("$"):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise InvalidParameter(
                "Invalid metric transformation: value must be a number or a field reference"
            )
        return
    _check_reference(value, pattern)


def _check_dimensions(made: MetricFilter, pattern: Pattern) -> None:
    if made.default is not None:
        raise InvalidParameter(
            "Invalid metric transformation: dimensions and default value are mutually exclusive properties"
        )
    if not pattern.has_fields:
        raise InvalidParameter("The specified filter pattern does not support dimensions")
    if len(made.dimensions) > MAX_METRIC_FILTER_DIMENSIONS:
        raise InvalidParameter(
            f"Invalid metric transformation: at most {MAX_METRIC_FILTER_DIMENSIONS} dimensions are allowed"
        )
    for reference in made.dimensions.values():
        _check_reference(reference, pattern)


def _check_reference(reference: str, pattern: Pattern) -> None:
    """Refuse a reference to what the pattern cannot take out of an event."""
    match pattern:
        case Selectors():
            parse_selector(reference)
        case Fields() if pattern.may_extract(reference):
            pass
        case _:
            raise InvalidParameter(
                f"Invalid metric transformation: {reference} is no field of the filter pattern"
            )


def _is_meant(each: MetricFilter, params: Mapping[str, Any]) -> bool:
    return each.name.startswith(params.get("filterNamePrefix") or "") and (
        params.get("metricName") is None
        or (each.metric, each.namespace) == (params["metricName"], params["metricNamespace"])
    )


def _shown(each: MetricFilter, group: str) -> dict[str, Any]:
    return {
        "filterName": each.name,
        "filterPattern": each.pattern,
        "metricTransformations": [
            {
                "metricName": each.metric,
                "metricNamespace": each.namespace,
                "metricValue": each.value,
                "defaultValue": each.default,
                "dimensions": dict(each.dimensions) or None,
                "unit": each.unit,
            }
        ],
        "creationTime": each.created_ms,
        "logGroupName": group,
        "applyOnTransformedLogs": False,
    }
