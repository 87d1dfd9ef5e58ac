"""`lambdad metrics NAME`: what a function did lately, from CloudWatch and the REPORT lines of its log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import islice
from typing import Annotated

import typer

from lambdad.cli import metric_view, options, show
from lambdad.cli.client import ApiError, Client, client_for, function_path
from lambdad.cli.errors import USAGE, CommandError
from lambdad.cli.log_reading import Wanted, read
from lambdad.cli.log_sources import source_of
from lambdad.cli.log_words import init_ms_of
from lambdad.cli.metric_facts import Fact, asks_for, facts_of, one_fact, with_cold_starts
from lambdad.cli.metric_reading import Ask, Span, dimensions_of, least_period_s, read_metrics
from lambdad.cli.moments import age_s, duration, range_ms

EXAMPLES = options.examples(
    "lambdad metrics orders",
    "lambdad metrics orders --since 1d --plot p99",
    "lambdad metrics orders:live --since 7d --period 1h --csv",
)
MOST_COLD_STARTS = 2_000
"""So many are counted from the log; then the number is a lower bound."""
_PERIODS_S = (60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400)
_SHORT = {
    "invocations": "Invocations",
    "calls": "Invocations",
    "errors": "Errors",
    "success": "Success rate",
    "throttles": "Throttles",
    "concurrency": "ConcurrentExecutions",
    "duration": "Duration average",
    **{name: f"Duration {name}" for name in ("min", "average", "p50", "p95", "p99", "max")},
}


def metrics(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="function name or name:qualifier; none: all together")
    ] = None,
    since: Annotated[
        str, typer.Option("--since", metavar="AGE|TIME", help="10m, 2h, 1d or an ISO time")
    ] = "1h",
    until: Annotated[
        str | None, typer.Option("--until", metavar="AGE|TIME", help="nothing later (default: now)")
    ] = None,
    period: Annotated[
        str, typer.Option("--period", metavar="auto|AGE", help="1m, 5m or 1h; auto is what fits the screen")
    ] = "auto",
    plotted: Annotated[
        str | None,
        typer.Option(
            "--plot",
            metavar="METRIC",
            help="one large: invocations, errors, success, throttles, concurrency, p50, p95, p99, max, "
            "or a metric of AWS/Lambda as Name or Name:statistic",
        ),
    ] = None,
    endpoint: options.Endpoint = None,
    region: options.Region = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="a line for each period")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show what a function did lately: calls, errors, throttles, durations, cold starts. Times are in UTC."""
    if as_csv and as_json:
        raise CommandError("--csv and --json exclude each other", USAGE)
    span = span_of(since, until, period, time.time(), metric_view.sparkline_width())
    with client_for(endpoint, region) as client:
        function, qualifier = _split(name)
        if plotted is not None and not _is_ours(plotted):
            facts = {"": _of_aws(client, plotted, function, qualifier, span)}
        else:
            found = read_metrics(client, asks_for(dimensions_of(function, qualifier)), span)
            facts = facts_of(found, span)
        if not any(fact.total for fact in facts.values()):
            _nothing(client, name, since, is_for_people=not (as_csv or as_json))
        title = f"{name or 'all functions'} in {client.region}"
        if as_json:
            about = {"function": function, "qualifier": qualifier, "region": client.region}
            metric_view.document(_chosen(facts, plotted), span, about)
        elif as_csv:
            metric_view.table(_chosen(facts, plotted), span)
        elif plotted is not None:
            metric_view.picture(title, next(iter(_chosen(facts, plotted).values())), span)
        else:
            _show(client, name, title, facts, span)


def span_of(since: str, until: str | None, period: str, now_s: float, width: int) -> Span:
    """The range, with a period in which it fits into `width` marks unless one is given.

    Raises:
        CommandError: a time or the period cannot be used.
    """
    start_ms, end_ms = range_ms(since, until, now_s)
    start, end = start_ms // 1000, (int(now_s) if end_ms is None else end_ms // 1000)
    least = least_period_s(now_s - start)
    if period == "auto":
        chosen = next(
            (each for each in _PERIODS_S if each >= least and (end - start) / each <= width - 1), 86_400
        )
    else:
        chosen = age_s(period) or 0
        if chosen <= 0 or chosen % 60:
            raise CommandError(f"--period {period}: give whole minutes, like 1m, 5m or 1h", USAGE)
        if chosen % least:
            raise CommandError(
                f"--period {period}: what is {duration(now_s - start)} old is kept by {duration(least)}; "
                "give a multiple of that",
                USAGE,
            )
    begin = start // chosen * chosen
    return Span(begin, max(begin + chosen, -(-end // chosen) * chosen), chosen)


def _split(name: str | None) -> tuple[str | None, str | None]:
    """Function and qualifier of a name; the parts of an ARN, too."""
    if name is None:
        return None, None
    plain = name.split(":", 6)[-1] if name.startswith("arn:") else name
    function, _, qualifier = plain.partition(":")
    return function, qualifier or None


def _is_ours(plotted: str) -> bool:
    return plotted.lower() in _SHORT


def _chosen(facts: Mapping[str, Fact], plotted: str | None) -> Mapping[str, Fact]:
    """All facts, or the one that is to be plotted."""
    if plotted is None or "" in facts:
        return facts
    name = _SHORT[plotted.lower()]
    return {name: facts[name]}


def _of_aws(client: Client, plotted: str, function: str | None, qualifier: str | None, span: Span) -> Fact:
    metric, _, statistic = plotted.partition(":")
    if not metric.isalnum():
        known = ", ".join(_SHORT)
        raise CommandError(f"--plot {plotted}: give one of {known}, or a metric's name of AWS/Lambda", USAGE)
    is_time = metric.endswith(("Duration", "Latency", "Age"))
    statistic = statistic or ("Average" if is_time else "Sum")
    [found] = read_metrics(client, [Ask(metric, statistic, dimensions_of(function, qualifier))], span)
    return one_fact(metric, statistic, found, span, "ms" if is_time else "")


def _nothing(client: Client, name: str | None, since: str, *, is_for_people: bool) -> None:
    """Say why there is nothing to see.

    Raises:
        ApiError: there is no such function.
    """
    if name is not None:
        client.call("GET", function_path(name, "/configuration"))
    if is_for_people:
        show.note(
            f"nothing happened since {since}; look further back with --since 1d, or invoke: lambdad invoke"
        )


def _show(client: Client, name: str | None, title: str, facts: dict[str, Fact], span: Span) -> None:
    starts = None if name is None else cold_starts(client, name, span)
    if starts is not None:
        facts = with_cold_starts(facts, starts, span)
    if show.out.is_terminal:
        metric_view.screen(title, facts, span)
        if starts is not None and len(starts) == MOST_COLD_STARTS:
            show.note(f"only the first {MOST_COLD_STARTS:,} cold starts are counted")
    else:
        metric_view.lines(facts)


def cold_starts(client: Client, name: str, span: Span) -> list[tuple[int, float]] | None:
    """When environments had their first event, and how long their Init took; None: its log cannot be read."""
    try:
        source = source_of(client, name)
        pattern = "initDurationMs" if source.is_json else '"Init Duration"'
        wanted = Wanted(span.start_s * 1000, span.end_s * 1000 - 1, pattern)
        lines = read(client, {source.group: [source]}, wanted)
        found = ((line.time_ms // 1000, init_ms_of(line.message)) for line in lines)
        return list(islice(((at, ms) for at, ms in found if ms is not None), MOST_COLD_STARTS))
    except ApiError:
        return None
