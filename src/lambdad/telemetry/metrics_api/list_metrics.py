"""ListMetrics: which series there are, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lambdad.domain.errors import InvalidNextToken, InvalidParameter
from lambdad.domain.http import Request
from lambdad.domain.limits import METRIC_LISTED_S, METRIC_RECENT_S, METRICS_PAGE
from lambdad.domain.metric import Dimensions, MetricKey
from lambdad.domain.scope import Scope
from lambdad.ports.clock import Clock
from lambdad.ports.metric_store import MetricStore
from lambdad.telemetry.metrics_api.page_tokens import read_token, token_of


class _Place(msgspec.Struct, array_like=True):
    """The series behind which a page begins."""

    namespace: str
    name: str
    dimensions: Dimensions


class Listing:
    """The handler of ListMetrics."""

    def __init__(self, store: MetricStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def list_metrics(self, params: dict[str, Any], request: Request) -> Mapping[str, Any]:
        """A page of the series measured in the past two weeks, or in the past three hours.

        No account is linked to another here, so one account's metrics are all there is to show.

        Raises:
            InvalidParameter: the token continues nothing.
        """
        scope = request.caller.scope
        after = _place(params.get("NextToken"), scope)
        filters = params.get("Dimensions") or ()
        wanted = {one["Name"]: one.get("Value") for one in filters}
        owner = params.get("OwningAccount") or scope.account
        if len(wanted) < len(filters) or owner != scope.account:
            return {"Metrics": []}  # no dimension has two values
        recent_s = METRIC_RECENT_S if params.get("RecentlyActive") else METRIC_LISTED_S
        await self._store.flush()
        found = await self._store.series(
            scope,
            namespace=params.get("Namespace") or None,
            name=params.get("MetricName") or None,
            dimensions=wanted,
            since_ms=int((self._clock.now() - recent_s) * 1000),
            after=after,
            limit=METRICS_PAGE + 1,
        )
        page = [one.key for one in found[:METRICS_PAGE]]
        answer: dict[str, Any] = {"Metrics": [metric_of(key) for key in page]}
        if params.get("IncludeLinkedAccounts"):
            answer["OwningAccounts"] = [scope.account] * len(page)
        if len(found) > len(page):
            last = page[-1]
            answer["NextToken"] = token_of(_Place(last.namespace, last.name, last.dimensions))
        return answer


def metric_of(key: MetricKey) -> dict[str, Any]:
    """A series as CloudWatch shows it."""
    dimensions = [{"Name": name, "Value": value} for name, value in key.dimensions]
    return {"Namespace": key.namespace, "MetricName": key.name, "Dimensions": dimensions}


def _place(token: str | None, scope: Scope) -> MetricKey | None:
    if not token:
        return None
    try:
        place = read_token(token, _Place)
    except InvalidNextToken as error:
        raise InvalidParameter(str(error)) from None  # the operation has no other error
    return MetricKey(scope, place.namespace, place.name, place.dimensions)
