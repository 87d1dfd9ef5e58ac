"""What GetMetricData is asked, checked and understood; pure.

Source: documentation of GetMetricData and MetricDataQuery. Sentences: answers of AWS that users reported in
telegraf issue 5420, yet-another-cloudwatch-exporter issues 385 and 729, quota-monitor-for-aws issue 171;
labels: recorded by localstack (test_label_generation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lambdad.domain.errors import InvalidQuery, NotOffered
from lambdad.domain.limits import MAX_METRIC_DATAPOINTS, MAX_METRIC_QUERIES
from lambdad.domain.metric import MetricKey
from lambdad.domain.scope import Scope
from lambdad.telemetry.metrics_api.keys import key_of
from lambdad.telemetry.metrics_api.spans import is_period
from lambdad.telemetry.metrics_api.statistics_names import Statistic, statistic_of

_ID = re.compile(r"[a-z][a-zA-Z0-9_]*", re.ASCII)
_ID_WORDS = "is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
Member = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """One statistic of one series.

    Attributes:
        unit: None takes whichever there is.
    """

    id: str
    key: MetricKey
    period_s: int
    statistic: Statistic
    label: str
    unit: str | None


def queries_of(params: Member, scope: Scope) -> list[Query]:
    """The queries whose data are to be returned, in order.

    Raises:
        InvalidQuery: what CloudWatch refuses.
        NotOffered: what it has and lambdad does not: metric math, other accounts, dynamic labels.
    """
    members: Sequence[Member] = params["MetricDataQueries"]
    found = [*_span(params), *_bounds(params, members)]
    if len(members) <= MAX_METRIC_QUERIES:
        found += [one for number, member in enumerate(members, 1) for one in _member(member, number)]
    if found:
        raise InvalidQuery(found)
    for member in members:
        _refuse_what_is_not_offered(member, scope)
    labels = _labels(members)
    return [
        _query(member, label, scope)
        for member, label in zip(members, labels, strict=True)
        if member.get("ReturnData", True)
    ]


def _span(params: Member) -> Iterator[str]:
    if params["StartTime"] > params["EndTime"]:
        yield "The parameter EndTime must be greater than StartTime."
    if params["StartTime"] == params["EndTime"]:
        yield "The parameter StartTime must not equal parameter EndTime."


def _bounds(params: Member, members: Sequence[Member]) -> Iterator[str]:
    if not members:
        yield "The parameter MetricDataQueries is required."
    if len(members) > MAX_METRIC_QUERIES:
        yield f"The collection MetricDataQueries must not have a size greater than {MAX_METRIC_QUERIES}."
    if len({member["Id"] for member in members}) < len(members):
        yield "The values for parameter id in MetricDataQueries are not unique."
    most = params.get("MaxDatapoints")
    if most is not None and not 1 <= most <= MAX_METRIC_DATAPOINTS:
        yield f"The value {most} for parameter MaxDatapoints is invalid."


def _member(member: Member, number: int) -> Iterator[str]:
    where = f"MetricDataQueries.member.{number}"
    if _ID.fullmatch(member["Id"]) is None:
        yield f"The value {member['Id']} for parameter {where}.Id {_ID_WORDS}"
    stat, expression = member.get("MetricStat"), member.get("Expression")
    if stat and expression:
        both = f"The parameters {where}.Expression and {where}.MetricStat are mutually exclusive"
        yield f"{both} and you have specified both."
    elif stat:
        yield from _stat(stat, f"{where}.MetricStat")
    elif not expression:
        yield f"At least one of the parameters {where}.Expression and {where}.MetricStat must be specified."


def _stat(stat: Member, where: str) -> Iterator[str]:
    for name in ("Namespace", "MetricName"):
        if not stat["Metric"].get(name):
            yield f"The parameter {where}.Metric.{name} is required."
    if not is_period(stat["Period"]):
        allowed = "must be a value in the set [ 1, 5, 10, 20, 30 ] or a multiple of 60."
        yield f"The parameter {where}.Period {allowed}"
    if statistic_of(stat["Stat"]) is None:
        yield f"The value {stat['Stat']} for parameter {where}.Stat is not a valid statistic."


def _refuse_what_is_not_offered(member: Member, scope: Scope) -> None:
    ident = member["Id"]
    if member.get("Expression"):
        raise NotOffered(
            f"The Expression of {ident} is not offered by lambdad: neither metric math nor Metrics Insights. "
            "Ask for each metric by MetricStat."
        )
    if (member.get("AccountId") or scope.account) != scope.account:
        raise NotOffered(f"The AccountId of {ident} is not offered by lambdad: no account sees another's.")
    if "${" in (member.get("Label") or ""):
        raise NotOffered(f"The Label of {ident} is not offered by lambdad: it has a dynamic expression.")


def _labels(members: Sequence[Member]) -> list[str]:
    """Given, or the metric's name and whatever sets the queries apart of statistic and period."""
    stats = [member["MetricStat"] for member in members]
    apart = [name for name in ("Stat", "Period") if len({stat[name] for stat in stats}) > 1]
    made = []
    for member, stat in zip(members, stats, strict=True):
        parts = (stat["Metric"]["MetricName"], *(str(stat[name]) for name in apart))
        made.append(member.get("Label") or " ".join(parts))
    return made


def _query(member: Member, label: str, scope: Scope) -> Query:
    stat = member["MetricStat"]
    statistic = statistic_of(stat["Stat"])
    if statistic is None:
        raise InvalidQuery([f"The value {stat['Stat']} is not a valid statistic."])
    key = key_of(stat["Metric"], scope)
    return Query(member["Id"], key, stat["Period"], statistic, label, stat.get("Unit") or None)
