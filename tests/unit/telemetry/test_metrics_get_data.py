"""GetMetricData: which values it answers, page by page, and what it refuses in which words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from metrics_client import HOUR, MINUTE, NOW, MetricsClient, MetricsError

from lambdad import __version__

pytestmark = pytest.mark.asyncio
DAY = timedelta(days=1)
SET = {"SampleCount": 10.0, "Sum": 55.0, "Minimum": 1.0, "Maximum": 10.0}


def query(
    stat: str = "Sum", ident: str = "q", name: str = "m", period: int = 60, **rest: Any
) -> dict[str, Any]:
    members = {key: rest.pop(key) for key in list(rest) if key in ("Label", "ReturnData", "AccountId")}
    metric = {"Namespace": "N", "MetricName": name, "Dimensions": rest.pop("Dimensions", [])}
    return {"Id": ident, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat, **rest}, **members}


async def get(
    client: MetricsClient,
    *queries: dict[str, Any],
    start: datetime = HOUR,
    end: datetime = HOUR + 60 * MINUTE,
    **rest: Any,
) -> dict[str, Any]:
    return await client.call(
        "GetMetricData", MetricDataQueries=list(queries), StartTime=start, EndTime=end, **rest
    )


async def values(client: MetricsClient, *queries: dict[str, Any], **rest: Any) -> list[list[float]]:
    return [result["Values"] for result in (await get(client, *queries, **rest))["MetricDataResults"]]


async def test_a_result_is_as_aws_answers_it(cloudwatch: MetricsClient) -> None:
    await cloudwatch.put(value=11.0, Timestamp=HOUR)
    await cloudwatch.put(StatisticValues=SET, Timestamp=HOUR + 0.5 * MINUTE)
    answer = await get(cloudwatch, query("Average"))
    assert answer == {
        "MetricDataResults": [
            {"Id": "q", "Label": "m", "Timestamps": [HOUR], "Values": [6.0], "StatusCode": "Complete"}
        ],
        "Messages": [],
    }


@pytest.mark.parametrize(
    ("stat", "value"),
    [("SampleCount", 11.0), ("Sum", 66.0), ("Average", 6.0), ("Minimum", 1.0), ("Maximum", 11.0)],
)
async def test_the_statistics(one: MetricsClient, stat: str, value: float) -> None:
    await one.put(value=11.0, Timestamp=HOUR)
    await one.put(StatisticValues=SET, Timestamp=HOUR)
    assert await values(one, query(stat)) == [[value]]


async def test_percentiles_of_single_values(one: MetricsClient) -> None:
    await one.put(Values=[float(n) for n in range(1, 101)], Timestamp=HOUR)
    stats = ("p0", "p50", "p99.9", "p100")
    asked = [query(stat, f"q{n}") for n, stat in enumerate(stats)]
    assert await values(one, *asked) == [[1.0], [50.0], [100.0], [100.0]]


async def test_a_set_of_statistics_has_no_value_for_a_percentile(one: MetricsClient) -> None:
    await one.put(StatisticValues=SET, Timestamp=HOUR)
    assert await values(one, query("p50")) == [[]]


async def test_the_newest_come_first_unless_asked_otherwise(one: MetricsClient) -> None:
    for minute in range(3):
        await one.put(value=float(minute), Timestamp=HOUR + minute * MINUTE)
    answer = await get(one, query())
    assert answer["MetricDataResults"][0]["Values"] == [2, 1, 0]
    assert answer["MetricDataResults"][0]["Timestamps"] == [HOUR + n * MINUTE for n in (2, 1, 0)]
    assert await values(one, query(), ScanBy="TimestampAscending") == [[0, 1, 2]]


async def test_another_series_than_the_one_asked_for_has_no_part_in_it(one: MetricsClient) -> None:
    await one.put(value=1.0, Timestamp=HOUR, Dimensions=[{"Name": "a", "Value": "1"}])
    dims = [{"Name": "a", "Value": "2"}]
    assert await values(one, query(), query(ident="other", Dimensions=dims)) == [[], []]


async def test_dimensions_may_come_in_any_order(one: MetricsClient) -> None:
    dims = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]
    await one.put(value=1.0, Timestamp=HOUR, Dimensions=dims)
    assert await values(one, query(Dimensions=dims[::-1])) == [[1.0]]


async def test_periods_begin_at_the_start_rounded_to_a_minute(one: MetricsClient) -> None:
    for minute in range(6):
        await one.put(value=1.0, Timestamp=HOUR + minute * MINUTE)
    answer = await get(one, query(period=180), start=HOUR + 1.5 * MINUTE, ScanBy="TimestampAscending")
    (result,) = answer["MetricDataResults"]
    assert result["Timestamps"] == [HOUR + MINUTE, HOUR + 4 * MINUTE]
    assert result["Values"] == [3, 2]


@pytest.mark.parametrize(("age_days", "begins"), [(14, 34), (16, 30), (64, 0)])
async def test_the_longer_ago_the_coarser_the_rounding(
    one: MetricsClient, age_days: int, begins: int
) -> None:
    start = HOUR + 34 * MINUTE
    await one.put(value=1.0, Timestamp=HOUR + 40 * MINUTE)
    one.clock.now_s = start.timestamp() + age_days * DAY.total_seconds()
    answer = await get(one, query(period=3_600), start=start + MINUTE / 2, end=start + 2 * 60 * MINUTE)
    assert answer["MetricDataResults"][0]["Timestamps"] == [HOUR + begins * MINUTE]


async def test_fine_data_are_had_by_less_than_a_minute(one: MetricsClient) -> None:
    for second in range(0, 60, 5):
        at = HOUR + timedelta(seconds=second)
        await one.put(value=1.0, Timestamp=at, StorageResolution=1)
    end = HOUR + MINUTE
    assert [sum(found) for found in await values(one, query(period=1), end=end)] == [12]
    assert await values(one, query(period=10), end=end) == [[2] * 6]
    start = HOUR + timedelta(seconds=33)
    assert await values(one, query(period=30), start=start, end=end) == [[6]]
    assert await values(one, query(), end=end) == [[12]]


async def test_a_unit_takes_only_what_was_measured_in_it(one: MetricsClient) -> None:
    await one.put(value=1.0, Unit="Seconds", Timestamp=HOUR)
    await one.put(value=5.0, Unit="Count", Timestamp=HOUR)
    assert await values(one, query(Unit="Seconds"), query(ident="none", Unit="Bytes")) == [[1.0], []]


async def test_of_several_units_the_first_is_answered_and_all_are_told(cloudwatch: MetricsClient) -> None:
    for unit, value in (("Seconds", 1.0), ("Milliseconds", 60_000.0), ("Count", 5.0)):
        await cloudwatch.put(value=value, Unit=unit, Timestamp=HOUR)
    (result,) = (await get(cloudwatch, query()))["MetricDataResults"]
    assert result["Values"] == [5.0]
    said = "Multiple units returned: '[Count, Milliseconds, Seconds]'"
    assert result["Messages"] == [{"Code": "MultipleUnits", "Value": said}]


@pytest.mark.parametrize(
    ("pairs", "labels"),
    [
        ([("Sum", 60), ("Minimum", 30)], ["m Sum 60", "m Minimum 30"]),
        ([("Sum", 60), ("Minimum", 60)], ["m Sum", "m Minimum"]),
        ([("Sum", 60), ("Sum", 30)], ["m 60", "m 30"]),
        ([("Sum", 60), ("Sum", 60)], ["m", "m"]),
    ],
)
async def test_labels_tell_queries_apart(
    one: MetricsClient, pairs: list[tuple[str, int]], labels: list[str]
) -> None:
    asked = [query(stat, f"q{n}", period=period) for n, (stat, period) in enumerate(pairs)]
    answer = await get(one, *asked)
    assert [result["Label"] for result in answer["MetricDataResults"]] == labels


async def test_a_label_that_is_given_is_kept(one: MetricsClient) -> None:
    answer = await get(one, query(Label="mine"), query("Minimum", "other"))
    assert [result["Label"] for result in answer["MetricDataResults"]] == ["mine", "m Minimum"]


async def test_what_is_not_to_be_returned_is_left_out(one: MetricsClient) -> None:
    answer = await get(one, query(ReturnData=False), query(ident="shown", ReturnData=True))
    assert [result["Id"] for result in answer["MetricDataResults"]] == ["shown"]


@pytest.mark.parametrize("scan", ["TimestampAscending", "TimestampDescending"])
async def test_pages_make_up_the_whole(cloudwatch: MetricsClient, scan: str) -> None:
    for minute in range(5):
        await cloudwatch.put("a", 1.0 + minute, Timestamp=HOUR + minute * MINUTE)
        await cloudwatch.put("b", 10.0 + minute, Timestamp=HOUR + minute * MINUTE)
    asked = [query(ident="a", name="a"), query(ident="none", name="none"), query(ident="b", name="b")]
    whole = {one["Id"]: one for one in (await get(cloudwatch, *asked, ScanBy=scan))["MetricDataResults"]}
    seen: dict[str, list[float]] = {}
    statuses: dict[str, list[str]] = {}
    more: dict[str, Any] = {}
    for _ in range(20):
        page = await get(cloudwatch, *asked, ScanBy=scan, MaxDatapoints=3, **more)
        assert sum(len(one["Values"]) for one in page["MetricDataResults"]) <= 3
        for result in page["MetricDataResults"]:
            seen.setdefault(result["Id"], []).extend(result["Values"])
            statuses.setdefault(result["Id"], []).append(result["StatusCode"])
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert seen == {ident: result["Values"] for ident, result in whole.items()}
    for said in statuses.values():
        assert said == ["PartialData"] * (len(said) - 1) + ["Complete"]


async def test_a_page_ends_where_reading_on_would_take_too_long(one: MetricsClient) -> None:
    asked = [query(ident=f"q{n}", period=3_600) for n in range(10)]
    long = {"start": NOW - 400 * DAY, "end": NOW}
    idents: list[str] = []
    pages, more = 0, {}
    while pages < 11:
        page = await get(one, *asked, **long, **more)
        pages += 1
        idents += [result["Id"] for result in page["MetricDataResults"]]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert idents == [f"q{n}" for n in range(10)]
    assert 3 <= pages <= 10


@pytest.mark.parametrize("token", ["nonsense", "é", "kgnA", "kwAA", "kmTA"])
async def test_a_token_that_continues_nothing_is_refused(cloudwatch: MetricsClient, token: str) -> None:
    with pytest.raises(MetricsError) as caught:
        await get(cloudwatch, query(), NextToken=token)
    assert (caught.value.code, caught.value.status) == ("InvalidNextToken", 400)


WHERE = "MetricDataQueries.member.1"


@pytest.mark.parametrize(
    ("queries", "rest", "sentences"),
    [
        ([query()], {"end": HOUR}, ["The parameter StartTime must not equal parameter EndTime."]),
        ([query()], {"end": HOUR - MINUTE}, ["The parameter EndTime must be greater than StartTime."]),
        (
            [query("Mean")],
            {},
            [f"The value Mean for parameter {WHERE}.MetricStat.Stat is not a valid statistic."],
        ),
        (
            [query("p101")],
            {},
            [f"The value p101 for parameter {WHERE}.MetricStat.Stat is not a valid statistic."],
        ),
        (
            [query(ident="5xx"), query(ident="A")],
            {},
            [
                f"The value {value} for parameter MetricDataQueries.member.{n}.Id is not matching the expected "
                "pattern ^[a-z][a-zA-Z0-9_]*$."
                for n, value in ((1, "5xx"), (2, "A"))
            ],
        ),
        (
            [query(), query()],
            {},
            ["The values for parameter id in MetricDataQueries are not unique."],
        ),
        (
            [query(period=61)],
            {},
            [
                (
                    f"The parameter {WHERE}.MetricStat.Period must be a value in the set [ 1, 5, 10, 20, 30 ] or a "
                    "multiple of 60."
                )
            ],
        ),
        (
            [query(period=0)],
            {},
            [f"The parameter {WHERE}.MetricStat.Period must be greater than or equal to 1."],
        ),
        (
            [query() | {"Expression": "q*2"}],
            {},
            [
                (
                    f"The parameters {WHERE}.Expression and {WHERE}.MetricStat are mutually exclusive and you have "
                    "specified both."
                )
            ],
        ),
        (
            [{"Id": "q"}],
            {},
            [f"At least one of the parameters {WHERE}.Expression and {WHERE}.MetricStat must be specified."],
        ),
        (
            [query(ident=f"q{n}") for n in range(501)],
            {},
            ["The collection MetricDataQueries must not have a size greater than 500."],
        ),
        ([query()], {"MaxDatapoints": 0}, ["The value 0 for parameter MaxDatapoints is invalid."]),
        (
            [{"Id": "q", "MetricStat": {"Metric": {"Namespace": "N"}, "Period": 60, "Stat": "Sum"}}],
            {},
            [f"The parameter {WHERE}.MetricStat.Metric.MetricName is required."],
        ),
        ([{"MetricStat": query()["MetricStat"]}], {}, [f"The parameter {WHERE}.Id is required."]),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    one: MetricsClient, queries: list[dict[str, Any]], rest: dict[str, Any], sentences: list[str]
) -> None:
    with pytest.raises(MetricsError) as caught:
        await get(one, *queries, **rest)
    assert (caught.value.code, caught.value.status) == ("ValidationError", 400)
    assert caught.value.message == "".join(f"{sentence}\n" for sentence in sentences)


@pytest.mark.parametrize("stat", ["tm90", "wm99.9", "tc10", "ts5", "IQM", "PR(:300)", "TM(2%:98%)"])
async def test_statistics_that_are_not_offered_are_named(one: MetricsClient, stat: str) -> None:
    with pytest.raises(MetricsError) as caught:
        await get(one, query(stat))
    assert caught.value.message == (
        f"The statistic {stat} is not offered by lambdad. Offered are SampleCount, Average, Sum, Minimum, Maximum "
        "and percentiles such as p99.9."
    )


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"Id": "e1", "Expression": "SUM(METRICS())"}, "The Expression of e1 is not offered by lambdad"),
        (query(AccountId="222222222222"), "The AccountId of q is not offered by lambdad"),
        (query(Label="${MAX}"), "The Label of q is not offered by lambdad"),
    ],
)
async def test_what_is_not_offered_is_refused_by_name(
    cloudwatch: MetricsClient, asked: dict[str, Any], what: str
) -> None:
    with pytest.raises(MetricsError) as caught:
        await get(cloudwatch, asked)
    assert (caught.value.code, caught.value.status) == ("InvalidParameterValue", 400)
    assert caught.value.message.startswith(what)


@pytest.mark.parametrize("operation", ["PutMetricAlarm", "DescribeAlarms", "ListDashboards", "TagResource"])
async def test_all_other_operations_are_refused_by_name(cloudwatch: MetricsClient, operation: str) -> None:
    with pytest.raises(MetricsError) as caught:
        await cloudwatch.call(operation)
    assert caught.value.message == f"{operation} is not offered by lambdad {__version__}"
    assert (caught.value.code, caught.value.status) == ("InvalidParameterValue", 400)
