"""ListMetrics: which series it shows, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from metrics_client import NOW, MetricsClient, MetricsError

from lambdad.domain.limits import METRICS_PAGE
from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.scope import DEFAULT_ACCOUNT, Scope

pytestmark = pytest.mark.asyncio
A1, A2, B = ({"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}, {"Name": "b", "Value": "1"})


async def listed(client: MetricsClient, **given: Any) -> list[tuple[str, list[dict[str, str]]]]:
    answer = await client.call("ListMetrics", **given)
    return [(metric["MetricName"], metric["Dimensions"]) for metric in answer["Metrics"]]


async def test_series_are_shown_with_their_dimensions(cloudwatch: MetricsClient) -> None:
    await cloudwatch.put("m", 1.0, Dimensions=[B, A1])
    await cloudwatch.put("m", 1.0)
    answer = await cloudwatch.call("ListMetrics")
    assert answer["Metrics"] == [
        {"Namespace": "N", "MetricName": "m", "Dimensions": []},
        {"Namespace": "N", "MetricName": "m", "Dimensions": [A1, B]},
    ]
    assert set(answer) == {"Metrics"}


async def test_filters_must_all_fit(cloudwatch: MetricsClient) -> None:
    await cloudwatch.put("m", 1.0, Dimensions=[A1])
    await cloudwatch.put("m", 1.0, Dimensions=[A2, B])
    await cloudwatch.put("n", 1.0, Dimensions=[A1])
    assert await listed(cloudwatch, MetricName="n") == [("n", [A1])]
    assert await listed(cloudwatch, Namespace="Other") == []
    assert await listed(cloudwatch, Dimensions=[A2]) == [("m", [A2, B])]
    assert len(await listed(cloudwatch, Dimensions=[{"Name": "a"}])) == 3
    assert await listed(cloudwatch, Dimensions=[{"Name": "a"}, {"Name": "b"}]) == [("m", [A2, B])]
    assert await listed(cloudwatch, Dimensions=[A1, A2]) == []


async def test_what_was_not_measured_for_two_weeks_is_not_shown(one: MetricsClient) -> None:
    await one.put("old", 1.0, Timestamp=NOW - timedelta(days=13))
    await one.put("recent", 1.0, Timestamp=NOW - timedelta(hours=2))
    await one.put("new", 1.0)
    assert [name for name, _ in await listed(one)] == ["new", "old", "recent"]
    assert [name for name, _ in await listed(one, RecentlyActive="PT3H")] == ["new", "recent"]
    one.clock.now_s += 2 * 86_400
    assert [name for name, _ in await listed(one)] == ["new", "recent"]


async def test_five_hundred_are_shown_at_a_time(cloudwatch: MetricsClient) -> None:
    scope, at_ms = Scope(), int(NOW.timestamp() * 1000)
    names = [f"m{n:04}" for n in range(METRICS_PAGE * 2 + 1)]
    cloudwatch.store.put([Datum(MetricKey(scope, "N", name, (("a", "é"),)), at_ms, (1.0,)) for name in names])
    seen, sizes, more = [], [], {}
    while True:
        page = await cloudwatch.call("ListMetrics", **more)
        seen += [metric["MetricName"] for metric in page["Metrics"]]
        sizes.append(len(page["Metrics"]))
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert (seen, sizes) == (names, [METRICS_PAGE, METRICS_PAGE, 1])


async def test_accounts_and_regions_see_their_own(one: MetricsClient) -> None:
    await one.put("m", 1.0)
    assert await listed(one, scope=Scope("111111111111")) == []
    assert await listed(one, scope=Scope(region="eu-west-1")) == []
    assert await listed(one, OwningAccount="111111111111", IncludeLinkedAccounts=True) == []
    answer = await one.call("ListMetrics", IncludeLinkedAccounts=True)
    assert answer["OwningAccounts"] == [DEFAULT_ACCOUNT]


@pytest.mark.parametrize("token", ["nonsense", "é", "kgEC"])
async def test_a_token_that_continues_nothing_is_refused(cloudwatch: MetricsClient, token: str) -> None:
    with pytest.raises(MetricsError) as caught:
        await cloudwatch.call("ListMetrics", NextToken=token)
    assert (caught.value.code, caught.value.message) == ("InvalidParameterValue", "The token is invalid.")


async def test_what_is_not_allowed_is_refused(one: MetricsClient) -> None:
    with pytest.raises(
        MetricsError, match=r"The parameter RecentlyActive must be a value in the set \[ PT3H \]"
    ):
        await one.call("ListMetrics", RecentlyActive="PT1H")
    with pytest.raises(MetricsError, match="The collection Dimensions must not have a size greater than 10"):
        await one.call("ListMetrics", Dimensions=[{"Name": f"d{n}"} for n in range(11)])
