"""PutMetricData: what it stores, and what it refuses in which words."""

from __future__ import annotations

import dataclasses
import gzip
from datetime import timedelta
from typing import Any

import pytest
from metrics_client import NOW, MetricsClient, MetricsError

from lambdad.domain.limits import MAX_METRIC_REQUEST_BYTES, MAX_UNPACKED_REQUEST_BYTES
from lambdad.domain.metric import Datum, MetricKey, dimensions
from lambdad.domain.scope import Scope

pytestmark = pytest.mark.asyncio
INVALID, COMBINATION, MISSING = "InvalidParameterValue", "InvalidParameterCombination", "MissingParameter"
SET = {"SampleCount": 10.0, "Sum": 55.0, "Minimum": 1.0, "Maximum": 10.0}


async def refused(client: MetricsClient, **members: Any) -> MetricsError:
    with pytest.raises(MetricsError) as caught:
        await client.put(**members)
    assert client.store.data == []
    assert caught.value.status == 400
    return caught.value


async def test_a_value_is_stored_with_everything_said_about_it(cloudwatch: MetricsClient) -> None:
    at = NOW - timedelta(hours=1, milliseconds=-250)
    dims = [{"Name": "B", "Value": "2"}, {"Name": "A", "Value": "1"}]
    await cloudwatch.put("m", 1.5, Dimensions=dims, Unit="Seconds", StorageResolution=1, Timestamp=at)
    (stored,) = cloudwatch.store.data
    assert stored.key == MetricKey(Scope(), "N", "m", dimensions(A="1", B="2"))
    assert (tuple(stored.values), stored.unit, stored.is_fine) == ((1.5,), "Seconds", True)
    # Only two of the protocols have milliseconds.
    assert abs(stored.at_ms - at.timestamp() * 1000) <= (250 if cloudwatch.protocol == "query" else 0)


async def test_what_is_not_said_is_now_without_unit_by_minute(one: MetricsClient) -> None:
    await one.put("m", 0.0)
    assert one.store.data == [Datum(MetricKey(Scope(), "N", "m"), int(NOW.timestamp() * 1000), (0.0,))]


async def test_values_with_counts_and_sets_are_stored(cloudwatch: MetricsClient) -> None:
    await cloudwatch.put("values", Values=[1.0, 10.0], Counts=[2.0, 4.0])
    await cloudwatch.put("set", StatisticValues=SET)
    values, whole = cloudwatch.store.data
    assert (list(values.values), list(values.counts)) == ([1, 10], [2, 4])
    assert (list(whole.values), whole.total, whole.samples) == ([1, 10], 55, 10)


async def test_values_beside_a_set_are_what_is_stored(one: MetricsClient) -> None:
    await one.put("both", Values=[1.0, 10.0], StatisticValues=SET)  # AWS takes this too
    (stored,) = one.store.data
    assert (list(stored.values), stored.total) == ([1, 10], None)


async def test_each_account_and_region_has_metrics_of_its_own(one: MetricsClient) -> None:
    there = Scope("111111111111", "eu-west-1")
    await one.call("PutMetricData", scope=there, Namespace="N", MetricData=[{"MetricName": "m", "Value": 1}])
    assert [stored.key.scope for stored in one.store.data] == [there]


@pytest.mark.parametrize(
    ("members", "code", "message"),
    [
        (
            {"Value": 1.5, "Values": [1.0, 10.0]},
            COMBINATION,
            (
                "The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and "
                "you have specified both."
            ),
        ),
        (
            {"Value": 1.5, "StatisticValues": SET},
            COMBINATION,
            (
                "The parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues are mutually "
                "exclusive and you have specified both."
            ),
        ),
        (
            {},
            COMBINATION,
            (
                "At least one of the parameters MetricData.member.1.Value and MetricData.member.1.StatisticValues "
                "must be specified."
            ),
        ),
        (
            {"Values": [1.0, 10.0], "Counts": [2, 4, 5]},
            INVALID,
            "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        ),
        (
            {"Values": [1.0] * 151},
            INVALID,
            "The collection MetricData.member.1.Values must not have a size greater than 150.",
        ),
        (
            {"Value": float("nan")},
            INVALID,
            "The value NaN for parameter MetricData.member.1.Value is invalid.",
        ),
        (
            {"Values": [1.0, float("-inf")]},
            INVALID,
            "The value -Infinity for parameter MetricData.member.1.Values is invalid.",
        ),
        ({"Value": 1e109}, INVALID, "The value 1e+109 for parameter MetricData.member.1.Value is invalid."),
        (
            {"Values": [1.0], "Counts": [-1.0]},
            INVALID,
            "The value -1.0 for parameter MetricData.member.1.Counts is invalid.",
        ),
        (
            {"StatisticValues": SET | {"Sum": float("inf")}},
            INVALID,
            "The value Infinity for parameter MetricData.member.1.StatisticValues.Sum is invalid.",
        ),
        (
            {"StatisticValues": SET | {"Minimum": 11.0}},
            INVALID,
            (
                "The parameter MetricData.member.1.StatisticValues.Maximum must be greater than "
                "MetricData.member.1.StatisticValues.Minimum."
            ),
        ),
        (
            {"StatisticValues": SET | {"SampleCount": 0.0}},
            INVALID,
            "The parameter MetricData.member.1.StatisticValues.SampleCount must not equal 0.",
        ),
        (
            {"StatisticValues": SET | {"SampleCount": -1.0}},
            INVALID,
            "The parameter MetricData.member.1.StatisticValues.SampleCount must be greater than 0.",
        ),
        (
            {"StatisticValues": {"SampleCount": 1.0}},
            MISSING,
            (
                "The parameter MetricData.member.1.StatisticValues.Sum is required.\n"
                "The parameter MetricData.member.1.StatisticValues.Minimum is required.\n"
                "The parameter MetricData.member.1.StatisticValues.Maximum is required."
            ),
        ),
        (
            {"Value": 1.0, "StorageResolution": 300},
            INVALID,
            "The parameter MetricData.member.1.StorageResolution must be a value in the set [ 1, 60 ].",
        ),
        (
            {"Value": 1.0, "Timestamp": NOW - timedelta(days=14, seconds=1)},
            INVALID,
            "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks.",
        ),
        (
            {"Value": 1.0, "Timestamp": NOW + timedelta(hours=2, seconds=1)},
            INVALID,
            (
                "The parameter MetricData.member.1.Timestamp must specify a time no more than two hours in the "
                "future."
            ),
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": f"d{n}", "Value": "v"} for n in range(31)]},
            INVALID,
            "The collection MetricData.member.1.Dimensions must not have a size greater than 30.",
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "d", "Value": "é"}]},
            INVALID,
            (
                "The value é for parameter MetricData.member.1.Dimensions.member.1.Value contains non-ASCII "
                "characters."
            ),
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "d", "Value": "1"}, {"Name": "d", "Value": "2"}]},
            INVALID,
            "The value d for parameter MetricData.member.1.Dimensions.member.2.Name is invalid.",
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": ":d", "Value": "1"}]},
            INVALID,
            "The value :d for parameter MetricData.member.1.Dimensions.member.1.Name is invalid.",
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "d", "Value": "\x01"}]},
            INVALID,
            "The value \x01 for parameter MetricData.member.1.Dimensions.member.1.Value is invalid.",
        ),
        (
            {"Value": 1.0, "Dimensions": [{"Name": "d"}]},
            MISSING,
            "The parameter MetricData.member.1.Dimensions.member.1.Value is required.",
        ),
        (
            {"name": "n" * 256, "Value": 1.0},
            INVALID,
            "The parameter MetricData.member.1.MetricName must be shorter than 256 characters.",
        ),
        ({"name": "", "Value": 1.0}, MISSING, "The parameter MetricData.member.1.MetricName is required."),
    ],
)
async def test_what_is_not_allowed_is_refused(
    one: MetricsClient, members: dict[str, Any], code: str, message: str
) -> None:
    error = await refused(one, **members)
    assert (error.code, error.message) == (code, message)


async def test_what_is_just_allowed_is_taken(one: MetricsClient) -> None:
    await one.put(value=2.0**360, Timestamp=NOW - timedelta(days=14))
    await one.put(value=-(2.0**360), Timestamp=NOW + timedelta(hours=2), StorageResolution=60)
    await one.put(Values=[1.0] * 150, Dimensions=[{"Name": f"d{n}", "Value": ":"} for n in range(30)])
    await one.put(StatisticValues=SET | {"Minimum": 10.0}, Unit="Terabits/Second")
    assert len(one.store.data) == 4


async def test_an_unknown_unit_is_refused_with_all_there_are(one: MetricsClient) -> None:
    error = await refused(one, value=1.0, Unit="Apples")
    assert error.code == INVALID
    assert error.message.startswith(
        "The parameter MetricData.member.1.Unit must be a value in the set [ Seconds, Microseconds, "
    )


async def test_everything_wrong_of_one_kind_is_said_a_line_each(cloudwatch: MetricsClient) -> None:
    old = NOW - timedelta(days=15)
    data = [{"MetricName": "m", "Value": 1.0, "Timestamp": old} for _ in range(2)]
    with pytest.raises(MetricsError) as caught:
        await cloudwatch.call("PutMetricData", Namespace="N", MetricData=[*data, {"MetricName": "none"}])
    assert (caught.value.code, caught.value.status) == (INVALID, 400)
    assert caught.value.message.split("\n") == [
        f"The parameter MetricData.member.{n}.Timestamp must specify a time within the past two weeks."
        for n in (1, 2)
    ]


@pytest.mark.parametrize(
    ("params", "code", "message"),
    [
        ({"Namespace": "N"}, MISSING, "The parameter MetricData is required."),
        ({"MetricData": []}, MISSING, "The parameter Namespace is required."),
        (
            {"Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.0}] * 1_001},
            INVALID,
            "The collection MetricData must not have a size greater than 1000.",
        ),
        (
            {"Namespace": ":N", "MetricData": [{"MetricName": "m", "Value": 1.0}]},
            INVALID,
            "The value :N for parameter Namespace is invalid.",
        ),
        (
            {"Namespace": "N", "EntityMetricData": [{"MetricData": [{"MetricName": "m", "Value": 1.0}]}]},
            INVALID,
            "EntityMetricData is not offered by lambdad: put the data as MetricData.",
        ),
    ],
)
async def test_a_request_that_cannot_be_is_refused(
    one: MetricsClient, params: dict[str, Any], code: str, message: str
) -> None:
    with pytest.raises(MetricsError) as caught:
        await one.call("PutMetricData", **params)
    assert (caught.value.code, caught.value.message) == (code, message)


async def test_a_compressed_body_is_read(cloudwatch: MetricsClient) -> None:
    answer = await cloudwatch.send(compressed(cloudwatch, gzip.compress))
    assert answer.status == 200
    assert [stored.key.name for stored in cloudwatch.store.data] == ["m"]


async def test_a_body_that_only_says_it_is_compressed_is_refused(one: MetricsClient) -> None:
    for change in (bytes, lambda body: gzip.compress(body)[:-4], lambda body: gzip.compress(body) + b"more"):
        answer = await one.send(compressed(one, change))
        with pytest.raises(MetricsError, match="gzip"):
            one.parsed("PutMetricData", answer)
    assert one.store.data == []


async def test_a_small_body_that_unpacks_to_a_large_one_is_refused(one: MetricsClient) -> None:
    answer = await one.send(
        compressed(one, lambda body: gzip.compress(body + b" " * MAX_UNPACKED_REQUEST_BYTES))
    )
    assert answer.status == 413


async def test_a_request_over_a_megabyte_is_refused(one: MetricsClient) -> None:
    request = one.request("PutMetricData", Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0}])
    padded = dataclasses.replace(request, body=request.body + b" " * MAX_METRIC_REQUEST_BYTES)
    assert (await one.send(padded)).status == 413
    assert one.store.data == []


async def test_an_account_that_is_full_is_told_so(one: MetricsClient) -> None:
    one.store.max_series = 1
    await one.put("first", 1.0)
    with pytest.raises(MetricsError) as caught:
        await one.put("second", 1.0)
    assert caught.value.code == "LimitExceeded"


def compressed(client: MetricsClient, change: Any) -> Any:
    request = client.request("PutMetricData", Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.0}])
    return dataclasses.replace(
        request, body=change(request.body), headers={**request.headers, "content-encoding": "gzip"}
    )
