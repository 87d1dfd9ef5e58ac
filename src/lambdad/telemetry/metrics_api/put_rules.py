"""What PutMetricData refuses, and what it makes of the rest; pure.

Source: documentation of PutMetricData, MetricDatum and Dimension. Sentences: answers of AWS recorded by
localstack (test_put_metric_data_validation) and reported by users: goamz issue 355 and pull request 301,
sidekiq-cloudwatchmetrics issue 16, aws-sdk-java-v2 issue 3080, botocore issue 1671, cloud-custodian issue
2559.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from lambdad.domain.errors import InvalidCombination, InvalidParameter, MissingParameter
from lambdad.domain.limits import (
    MAX_METRIC_AGE_S,
    MAX_METRIC_AHEAD_S,
    MAX_METRIC_VALUES,
    MAX_PUT_METRICS,
    METRIC_VALUE_LIMIT,
)
from lambdad.domain.metric import Datum, MetricKey
from lambdad.domain.scope import Scope
from lambdad.telemetry.metrics_api.sentences import Violation

_RESOLUTIONS = (1, 60)
_STATISTICS = ("SampleCount", "Sum", "Minimum", "Maximum")
Member = Mapping[str, Any]


def violations(params: Member, now_s: float) -> Iterator[Violation]:
    """Everything that is wrong with a request whose members are allowed by the model."""
    data = params.get("MetricData") or ()
    if not data:
        yield Violation(MissingParameter, "The parameter MetricData is required.")
    elif len(data) > MAX_PUT_METRICS:
        text = f"The collection MetricData must not have a size greater than {MAX_PUT_METRICS}."
        yield Violation(InvalidParameter, text)
    else:
        yield from _name(params["Namespace"], "Namespace")
        for number, member in enumerate(data, start=1):
            yield from _datum(member, f"MetricData.member.{number}", now_s)


def datum_of(member: Member, namespace: str, scope: Scope, now_s: float) -> Datum:
    """What one member of `MetricData` measures; of `Values` beside a set of statistics only the values."""
    named = {one["Name"]: one["Value"] for one in member.get("Dimensions") or ()}
    key = MetricKey(scope, namespace, member["MetricName"], tuple(sorted(named.items())))
    at_ms = int(_seconds(member.get("Timestamp"), now_s) * 1000)
    unit, is_fine = member.get("Unit") or "None", member.get("StorageResolution") == 1
    if member.get("Value") is not None:
        return Datum(key, at_ms, (member["Value"],), unit=unit, is_fine=is_fine)
    if member.get("Values"):
        return Datum(key, at_ms, member["Values"], member.get("Counts") or (), unit=unit, is_fine=is_fine)
    statistics = member["StatisticValues"]
    ends = (statistics["Minimum"], statistics["Maximum"])
    return Datum(
        key,
        at_ms,
        ends,
        total=statistics["Sum"],
        samples=statistics["SampleCount"],
        unit=unit,
        is_fine=is_fine,
    )


def _datum(member: Member, where: str, now_s: float) -> Iterator[Violation]:
    yield from _name(member["MetricName"], f"{where}.MetricName")
    yield from _dimensions(member.get("Dimensions") or (), f"{where}.Dimensions")
    yield from _time(member.get("Timestamp"), f"{where}.Timestamp", now_s)
    yield from _which(member, where)
    if member.get("StorageResolution", _RESOLUTIONS[0]) not in _RESOLUTIONS:
        text = f"The parameter {where}.StorageResolution must be a value in the set [ 1, 60 ]."
        yield Violation(InvalidParameter, text)


def _which(member: Member, where: str) -> Iterator[Violation]:
    """Whether it has one kind of values, and these are possible."""
    value, values, statistics = (member.get(name) for name in ("Value", "Values", "StatisticValues"))
    for name, other in (("Values", values), ("StatisticValues", statistics)):
        if value is not None and other:
            both = f"The parameters {where}.Value and {where}.{name} are mutually exclusive"
            yield Violation(InvalidCombination, f"{both} and you have specified both.")
    if value is not None:
        yield from _number(value, f"{where}.Value")
    elif values:
        yield from _values(values, member.get("Counts"), where)
    elif statistics:
        yield from _set(statistics, f"{where}.StatisticValues")
    else:
        either = (
            f"At least one of the parameters {where}.Value and {where}.StatisticValues must be specified."
        )
        yield Violation(InvalidCombination, either)


def _values(values: Sequence[float], counts: Sequence[float] | None, where: str) -> Iterator[Violation]:
    if len(values) > MAX_METRIC_VALUES:
        text = f"The collection {where}.Values must not have a size greater than {MAX_METRIC_VALUES}."
        yield Violation(InvalidParameter, text)
        return
    if not _are_possible(values, -METRIC_VALUE_LIMIT):
        for value in values:
            yield from _number(value, f"{where}.Values")
    if not counts:
        return
    if len(counts) != len(values):
        text = f"The parameters {where}.Values and {where}.Counts must be of the same size."
        yield Violation(InvalidParameter, text)
    if not _are_possible(counts, 0):
        for count in counts:
            if not 0 <= count <= METRIC_VALUE_LIMIT:
                yield _invalid(shown(count), f"{where}.Counts")


def _are_possible(values: Sequence[float], least: float) -> bool:
    """Whether all values are; a request may have 150,000, so they are not looked at one by one in Python."""
    return not any(map(math.isnan, values)) and min(values) >= least and max(values) <= METRIC_VALUE_LIMIT


def _set(statistics: Member, where: str) -> Iterator[Violation]:
    wrong = [one for name in _STATISTICS for one in _number(statistics[name], f"{where}.{name}")]
    yield from wrong
    if wrong:
        return
    if statistics["Maximum"] < statistics["Minimum"]:
        text = f"The parameter {where}.Maximum must be greater than {where}.Minimum."
        yield Violation(InvalidParameter, text)
    if statistics["SampleCount"] < 0:
        yield Violation(InvalidParameter, f"The parameter {where}.SampleCount must be greater than 0.")
    if statistics["SampleCount"] == 0:
        yield Violation(InvalidParameter, f"The parameter {where}.SampleCount must not equal 0.")


def _number(value: float, where: str) -> Iterator[Violation]:
    if not abs(value) <= METRIC_VALUE_LIMIT:  # also what is no number
        yield _invalid(shown(value), where)


def _dimensions(dimensions: Sequence[Member], where: str) -> Iterator[Violation]:
    seen: set[str] = set()
    for number, one in enumerate(dimensions, start=1):
        yield from _name(one["Name"], f"{where}.member.{number}.Name")
        yield from _name(one["Value"], f"{where}.member.{number}.Value", may_begin_with_colon=True)
        if one["Name"] in seen:
            yield _invalid(one["Name"], f"{where}.member.{number}.Name")
        seen.add(one["Name"])


def _name(text: str, where: str, *, may_begin_with_colon: bool = False) -> Iterator[Violation]:
    if not text.isascii():
        yield Violation(
            InvalidParameter, f"The value {text} for parameter {where} contains non-ASCII characters."
        )
    elif not text.isprintable() or not text.strip() or (text[0] == ":" and not may_begin_with_colon):
        yield _invalid(text, where)


def _time(moment: datetime | None, where: str, now_s: float) -> Iterator[Violation]:
    seconds = _seconds(moment, now_s)
    if seconds < now_s - MAX_METRIC_AGE_S:
        text = f"The parameter {where} must specify a time within the past two weeks."
        yield Violation(InvalidParameter, text)
    elif seconds > now_s + MAX_METRIC_AHEAD_S:
        text = f"The parameter {where} must specify a time no more than two hours in the future."
        yield Violation(InvalidParameter, text)


def _seconds(moment: datetime | None, now_s: float) -> float:
    return now_s if moment is None else moment.timestamp()


def _invalid(value: str, where: str) -> Violation:
    return Violation(InvalidParameter, f"The value {value} for parameter {where} is invalid.")


def shown(value: float) -> str:
    """A number as AWS's (Java) services print the unusual ones."""
    if math.isnan(value):
        return "NaN"
    return str(value) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
