"""The operations of CloudWatch that are offered, by name.

Source: the `cloudwatch` service model and its documentation. Reading first flushes what functions and the
server measured, so a value is there as soon as it has been put.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from lambdad.domain.http import Request
from lambdad.ports.clock import Clock
from lambdad.ports.metric_store import MetricStore
from lambdad.telemetry.metrics_api.get_data import DataReading
from lambdad.telemetry.metrics_api.get_statistics import StatisticsReading
from lambdad.telemetry.metrics_api.list_metrics import Listing
from lambdad.telemetry.metrics_api.put_data import Putting

Handler = Callable[[dict[str, Any], Request], Awaitable[Mapping[str, Any]]]


def metrics_handlers(store: MetricStore, clock: Clock) -> dict[str, Handler]:
    """The operations offered, for a modelled service of the `cloudwatch` model."""
    return {
        "GetMetricData": DataReading(store, clock).get_metric_data,
        "GetMetricStatistics": StatisticsReading(store, clock).get_metric_statistics,
        "ListMetrics": Listing(store, clock).list_metrics,
        "PutMetricData": Putting(store, clock).put_metric_data,
    }
