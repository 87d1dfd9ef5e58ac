"""GetMetricStatistics: several statistics of one series, and what it refuses in which words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from metrics_client import HOUR, MINUTE, MetricsClient, MetricsError

pytestmark = pytest.mark.asyncio
INVALID, COMBINATION = "InvalidParameterValue", "InvalidParameterCombination"


async def get(client: MetricsClient, **given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "Namespace": "N",
        "MetricName": "m",
        "StartTime": HOUR,
        "EndTime": HOUR + 60 * MINUTE,
        "Period": 60,
    }
    if "ExtendedStatistics" not in given:
        usual["Statistics"] = ["Sum"]
    members = {name: value for name, value in (usual | given).items() if value is not None}
    return await client.call("GetMetricStatistics", **members)


async def test_an_answer_is_as_aws_gives_it(cloudwatch: MetricsClient) -> None:
    await cloudwatch.put(Values=[1.0, 10.0], Counts=[2, 4], Unit="Count", Timestamp=HOUR)
    answer = await get(cloudwatch, Statistics=["SampleCount", "Sum", "Maximum"])
    point = {"Timestamp": HOUR, "SampleCount": 6.0, "Sum": 42.0, "Maximum": 10.0, "Unit": "Count"}
    assert answer == {"Label": "m", "Datapoints": [point]}


async def test_percentiles_have_a_map_of_their_own(cloudwatch: MetricsClient) -> None:
    await cloudwatch.put(Values=[float(n) for n in range(1, 101)], Timestamp=HOUR)
    answer = await get(cloudwatch, ExtendedStatistics=["p50", "p99.0"])
    percentiles = {"p50": 50.0, "p99.0": 99.0}
    assert answer["Datapoints"] == [{"Timestamp": HOUR, "ExtendedStatistics": percentiles, "Unit": "None"}]


async def test_negative_values_have_no_percentiles(one: MetricsClient) -> None:
    await one.put(Values=[-1.0, 1.0], Timestamp=HOUR)
    assert (await get(one, ExtendedStatistics=["p50"]))["Datapoints"] == []


async def test_each_unit_has_datapoints_of_its_own_unless_one_is_asked_for(one: MetricsClient) -> None:
    for unit, value in (("None", 10.0), ("Count", 5.0), ("Seconds", 1.0)):
        await one.put(value=value, Unit=unit, Timestamp=HOUR)
    found = {
        point["Unit"]: point["Average"] for point in (await get(one, Statistics=["Average"]))["Datapoints"]
    }
    assert found == {"None": 10.0, "Count": 5.0, "Seconds": 1.0}
    (point,) = (await get(one, Unit="Count"))["Datapoints"]
    assert (point["Unit"], point["Sum"]) == ("Count", 5.0)


async def test_a_series_that_nobody_measured_has_no_datapoints(cloudwatch: MetricsClient) -> None:
    assert await get(cloudwatch) == {"Label": "m", "Datapoints": []}


async def test_the_most_datapoints_there_can_be(one: MetricsClient) -> None:
    await one.put(value=1.0, Timestamp=HOUR)
    start = HOUR - timedelta(hours=23)
    answer = await get(one, StartTime=start, EndTime=start + timedelta(days=1))
    assert [point["Timestamp"] for point in answer["Datapoints"]] == [HOUR]


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        (
            {"EndTime": HOUR + timedelta(days=60), "Period": 60},
            COMBINATION,
            (
                "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the "
                "datapoints requested by increasing Period, or decreasing the time range."
            ),
        ),
        ({"EndTime": HOUR}, INVALID, "The parameter StartTime must not equal parameter EndTime."),
        (
            {"EndTime": HOUR - MINUTE},
            INVALID,
            "The parameter StartTime must be less than the parameter EndTime.",
        ),
        (
            {"Period": 90},
            INVALID,
            "The parameter Period must be a value in the set [ 1, 5, 10, 20, 30 ] or a multiple of 60.",
        ),
        (
            {"Statistics": None},
            COMBINATION,
            "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
        ),
        (
            {"Statistics": ["Sum"], "ExtendedStatistics": ["p50"]},
            COMBINATION,
            (
                "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified "
                "both."
            ),
        ),
        (
            {"Statistics": ["p90"]},
            INVALID,
            (
                "The parameter Statistics.member.1 must be a value in the set [ SampleCount, Average, Sum, "
                "Minimum, Maximum ]."
            ),
        ),
        (
            {"ExtendedStatistics": ["Sum"]},
            INVALID,
            "The value Sum for parameter ExtendedStatistics is invalid.",
        ),
        (
            {"ExtendedStatistics": ["p100.1"]},
            INVALID,
            "The value p100.1 for parameter ExtendedStatistics is invalid.",
        ),
        (
            {"ExtendedStatistics": [f"p{n}" for n in range(11)]},
            INVALID,
            "The collection ExtendedStatistics must not have a size greater than 10.",
        ),
        ({"MetricName": None}, "MissingParameter", "The parameter MetricName is required."),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    one: MetricsClient, given: dict[str, Any], code: str, message: str
) -> None:
    with pytest.raises(MetricsError) as caught:
        await get(one, **given)
    assert (caught.value.code, caught.value.status, caught.value.message) == (code, 400, message)


async def test_trimmed_statistics_are_refused_by_name(cloudwatch: MetricsClient) -> None:
    with pytest.raises(MetricsError, match="The statistic tm99 is not offered by lambdad"):
        await get(cloudwatch, ExtendedStatistics=["tm99"])
