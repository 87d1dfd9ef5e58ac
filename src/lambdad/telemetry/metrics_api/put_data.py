"""PutMetricData: values into the store, on disk before they are acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.errors import NotOffered
from lambdad.domain.http import Request
from lambdad.ports.clock import Clock
from lambdad.ports.metric_store import MetricStore
from lambdad.telemetry.metrics_api.put_rules import datum_of, violations
from lambdad.telemetry.metrics_api.sentences import refuse


class Putting:
    """The handler of PutMetricData."""

    def __init__(self, store: MetricStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def put_metric_data(self, params: dict[str, Any], request: Request) -> Mapping[str, Any]:
        """Store data; durable when it is answered.

        Raises:
            InvalidParameter: a value that is not allowed, or missing.
            NotOffered: data with entities.
            QuotaExceeded: more metrics than an account may have.
        """
        if params.get("EntityMetricData"):
            raise NotOffered("EntityMetricData is not offered by lambdad: put the data as MetricData.")
        now_s = self._clock.now()
        refuse(violations(params, now_s))
        scope, namespace = request.caller.scope, params["Namespace"]
        await self._store.append([datum_of(one, namespace, scope, now_s) for one in params["MetricData"]])
        return {}
