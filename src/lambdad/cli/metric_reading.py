"""Reads series of CloudWatch through GetMetricData, for `metrics` and `top`.

An `Ask` says what; the answer is a value by the second at which its period begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lambdad.cli.client import ApiError, Client
from lambdad.cli.errors import CommandError

NAMESPACE = "AWS/Lambda"
MOST_QUERIES = 500
"""Of one GetMetricData (CloudWatch quotas)."""
KEPT_S = ((15 * 86_400, 60), (63 * 86_400, 300), (455 * 86_400, 3_600))
"""Up to which age data is kept by periods of how many seconds (CloudWatch, "Metrics retention")."""

Found = dict[int, float]
"""Values by the second, since 1970, at which their period begins."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One series and one statistic of it (``Sum``, ``p99`` …); `dimensions` of none is the account."""

    metric: str
    statistic: str
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A range of time in seconds since 1970, divided into periods."""

    start_s: int
    end_s: int
    period_s: int

    def starts(self) -> range:
        """When its periods begin."""
        return range(self.start_s, self.end_s, self.period_s)


def dimensions_of(function: str | None, qualifier: str | None = None) -> tuple[tuple[str, str], ...]:
    """The dimensions of a function's series, or of one of its versions or aliases; of the account."""
    if function is None:
        return ()
    name = ("FunctionName", function)
    return (name,) if qualifier is None else (name, ("Resource", f"{function}:{qualifier}"))


def read_metrics(client: Client, asks: Sequence[Ask], span: Span) -> list[Found]:
    """What was measured, in the order of `asks`; a period without data has no entry.

    Raises:
        CommandError: the server has no metrics.
    """
    found: list[Found] = []
    for at in range(0, len(asks), MOST_QUERIES):
        found += _read(client, asks[at : at + MOST_QUERIES], span)
    return found


def _read(client: Client, asks: Sequence[Ask], span: Span) -> list[Found]:
    found: list[Found] = [{} for _ in asks]
    for result in _results(client, asks, span):
        number = str(result.get("Id", ""))[1:]
        if not number.isdigit() or int(number) >= len(found):
            continue
        times, values = result.get("Timestamps"), result.get("Values")
        if isinstance(times, list) and isinstance(values, list):
            found[int(number)].update(
                (int(time), float(value)) for time, value in zip(times, values, strict=False)
            )
    return found


def _results(client: Client, asks: Sequence[Ask], span: Span) -> Iterator[dict[str, object]]:
    members: dict[str, object] = {
        "MetricDataQueries": [_query(number, ask, span.period_s) for number, ask in enumerate(asks)],
        "StartTime": span.start_s,
        "EndTime": span.end_s,
        "ScanBy": "TimestampAscending",
    }
    while True:
        try:
            page = client.monitoring("GetMetricData", members)
        except ApiError as error:
            if error.code in {"UnknownOperationException", "UnknownOperation", "ServiceUnavailable"}:
                raise CommandError(
                    f"the server at {client.endpoint} keeps no metrics ({error.code})"
                ) from None
            raise
        results = page.get("MetricDataResults")
        yield from results if isinstance(results, list) else ()
        if not page.get("NextToken"):
            return
        members["NextToken"] = page["NextToken"]


def _query(number: int, ask: Ask, period_s: int) -> dict[str, object]:
    metric = {
        "Namespace": NAMESPACE,
        "MetricName": ask.metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in ask.dimensions],
    }
    return {"Id": f"m{number}", "MetricStat": {"Metric": metric, "Period": period_s, "Stat": ask.statistic}}


def least_period_s(age_s: float) -> int:
    """The finest period in which data of this age is still kept."""
    return next((period for kept, period in KEPT_S if age_s <= kept), KEPT_S[-1][1])
