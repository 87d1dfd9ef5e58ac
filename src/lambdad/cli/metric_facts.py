"""What `lambdad metrics` knows of a function over a range of time, from CloudWatch's answers.

Before: `metric_reading`. After: `metric_view` shows it, or JSON and CSV for programs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from lambdad.cli.metric_reading import Ask, Found, Span
from lambdad.cli.percentiles import Spread, percentile

RANKS = (10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9)
"""Percentiles that are read of each period, to put those of the range together."""
COUNTS = ("Invocations", "Errors", "Throttles")
DURATIONS = ("min", "average", "p50", "p95", "p99", "max")

_STATISTICS = {"min": "Minimum", "average": "Average", "max": "Maximum"}


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the view: a number for the range, and what it was made of.

    Attributes:
        name: CloudWatch's name of the metric, and the statistic when it has several.
        total: over the whole range; None when nothing was measured.
        values: by period, as many as the span has; None where nothing was measured.
        unit: ``ms``, ``%``, or empty for plain counts.
    """

    name: str
    total: float | None
    values: Sequence[float | None]
    unit: str = ""


def asks_for(dimensions: tuple[tuple[str, str], ...]) -> list[Ask]:
    """Everything that `facts_of` needs, in its order."""
    asks = [Ask(name, "Sum", dimensions) for name in COUNTS]
    asks.append(Ask("ConcurrentExecutions", "Maximum", dimensions))
    asks += [
        Ask("Duration", name, dimensions) for name in ("SampleCount", "Sum", "Minimum", "Average", "Maximum")
    ]
    return asks + [Ask("Duration", f"p{rank:g}", dimensions) for rank in RANKS]


def facts_of(found: Sequence[Found], span: Span) -> dict[str, Fact]:
    """The facts by name, in the order in which they are shown; `found` answers `asks_for`."""
    counts = dict(zip(COUNTS, found[:3], strict=True))
    concurrency, samples, sums, least, average, most = found[3:9]
    ranked = dict(zip(RANKS, found[9:], strict=True))
    facts = [_counted(name, counts[name], span) for name in COUNTS]
    facts.insert(2, _success(counts["Invocations"], counts["Errors"], span))
    facts.append(
        Fact("ConcurrentExecutions", max(concurrency.values(), default=None), _over(span, concurrency))
    )
    total = sum(samples.values())
    spreads = _spreads(samples, least, most, ranked)
    by_name = {
        "min": least,
        "average": average,
        "max": most,
        "p50": ranked[50.0],
        "p95": ranked[95.0],
        "p99": ranked[99.0],
    }
    totals = {
        "min": min(least.values(), default=None),
        "average": sum(sums.values()) / total if total else None,
        "max": max(most.values(), default=None),
        **{f"p{rank}": percentile(spreads, rank) for rank in (50, 95, 99)},
    }
    facts += [Fact(f"Duration {name}", totals[name], _over(span, by_name[name]), "ms") for name in DURATIONS]
    return {fact.name: fact for fact in facts}


def one_fact(metric: str, statistic: str, found: Found, span: Span, unit: str) -> Fact:
    """A series as it is, for a plot of any metric."""
    values = _over(span, found)
    if statistic in {"Sum", "SampleCount"}:
        return Fact(f"{metric} {statistic}", sum(found.values()), [value or 0.0 for value in values], unit)
    return Fact(f"{metric} {statistic}", max(found.values(), default=None), values, unit)


def with_cold_starts(
    facts: Mapping[str, Fact], starts: Sequence[tuple[int, float]], span: Span
) -> dict[str, Fact]:
    """The facts with cold starts before the durations, and how long Init took behind them.

    `starts` are second and duration of Init in ms of each.
    """
    by_period: dict[int, list[float]] = {}
    for second, taken in starts:
        begin = span.start_s + (second - span.start_s) // span.period_s * span.period_s
        by_period.setdefault(begin, []).append(taken)
    counts = {name: fact for name, fact in facts.items() if fact.unit != "ms"}
    counts["Cold starts"] = _counted(
        "Cold starts", {at: float(len(each)) for at, each in by_period.items()}, span
    )
    everything = [taken for _, taken in starts]
    inits = {
        "init p50": (
            median(everything) if everything else None,
            {at: median(each) for at, each in by_period.items()},
        ),
        "init max": (max(everything, default=None), {at: max(each) for at, each in by_period.items()}),
    }
    durations = {name: fact for name, fact in facts.items() if fact.unit == "ms"}
    for name, (total, found) in inits.items():
        durations[f"Duration {name}"] = Fact(f"Duration {name}", total, _over(span, found), "ms")
    return counts | durations


def _counted(name: str, found: Mapping[int, float], span: Span) -> Fact:
    return Fact(name, sum(found.values()), [found.get(start, 0.0) for start in span.starts()])


def _success(invocations: Found, errors: Found, span: Span) -> Fact:
    def rate(calls: float, failed: float) -> float | None:
        return 100 * (1 - min(failed, calls) / calls) if calls else None

    values = [rate(invocations.get(start, 0.0), errors.get(start, 0.0)) for start in span.starts()]
    total = rate(sum(invocations.values()), sum(errors.values()))
    return Fact("Success rate", total, values, "%")


def _over(span: Span, found: Found) -> list[float | None]:
    return [found.get(start) for start in span.starts()]


def _spreads(samples: Found, least: Found, most: Found, ranked: Mapping[float, Found]) -> list[Spread]:
    spreads = []
    for start, count in samples.items():
        points = [(0.0, least.get(start)), *((rank, found.get(start)) for rank, found in ranked.items())]
        points.append((100.0, most.get(start)))
        known = [(rank, value) for rank, value in points if value is not None]
        if known:
            # Sketches are right within 1 %: their percentiles may lie beyond the exact ends.
            values = [sorted((known[0][1], value, known[-1][1]))[1] for _, value in known]
            spreads.append(Spread(count, [rank for rank, _ in known], sorted(values)))
    return spreads
