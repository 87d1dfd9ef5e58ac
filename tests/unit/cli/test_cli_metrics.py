"""`lambdad metrics`: what is asked of CloudWatch, and how its answers are put together."""

from __future__ import annotations

import csv
import io

import pytest
from rich.console import Console

from lambdad.cli import show
from lambdad.cli.client import client_for
from lambdad.cli.errors import CommandError
from lambdad.cli.metric_facts import asks_for, facts_of
from lambdad.cli.metric_reading import Span, dimensions_of, read_metrics
from lambdad.cli.metrics import span_of

START = 1_800_000_000
RANGE = ("--since", "2027-01-15T08:00:00Z", "--until", "2027-01-15T08:05:00Z")
PERCENTILES = ("p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99.9")


@pytest.fixture
def busy(fake):
    """A function with three minutes of calls within five."""
    fake.page_size = 500
    fake.functions["f"] = {"FunctionName": "f"}
    put = lambda metric, statistic, *values: fake.series.__setitem__(  # noqa: E731
        (metric, statistic, "f"), {START + 60 * at: value for at, value in enumerate(values)}
    )
    put("Invocations", "Sum", 100, 50, 50)
    put("Errors", "Sum", 0, 2)
    put("Throttles", "Sum", 0, 0, 7)
    put("ConcurrentExecutions", "Maximum", 3, 5, 2)
    put("Duration", "SampleCount", 100, 50, 50)
    put("Duration", "Sum", 1000, 1000, 500)
    put("Duration", "Minimum", 1, 2, 1)
    put("Duration", "Average", 10, 20, 10)
    put("Duration", "Maximum", 90, 80, 70)
    for rank in PERCENTILES:
        put("Duration", rank, 10, 10, 10)
    return fake


@pytest.fixture
def terminal(monkeypatch):
    shown = io.StringIO()

    def make(width=80, **options):
        console = Console(
            file=shown, force_terminal=True, width=width, height=24, color_system=None, **options
        )
        monkeypatch.setattr(show, "out", console)
        return shown

    return make


def test_in_a_pipe_each_fact_is_a_line(busy, lambdad):
    lines = dict(line.split("\t", 1) for line in lambdad("metrics", "f", *RANGE).out.splitlines())
    assert lines["Invocations"] == "200\t"
    assert lines["Errors"] == "2\t"
    assert lines["Success rate"] == "99\t%"
    assert lines["Throttles"] == "7\t"
    assert lines["ConcurrentExecutions"] == "5\t"
    assert lines["Duration min"] == "1\tms"
    assert lines["Duration average"] == "12.5\tms"
    assert lines["Duration p50"] == "10\tms"
    assert lines["Duration max"] == "90\tms"


def test_json_has_each_period_and_the_whole(busy, lambdad):
    found = lambdad("metrics", "f", *RANGE, "--json").document
    assert (found["function"], found["period_s"]) == ("f", 60)
    assert found["timestamps"][1] == "2027-01-15T08:01:00Z"
    assert found["metrics"]["Invocations"] == {"unit": None, "total": 200.0, "values": [100, 50, 50, 0, 0]}
    assert found["metrics"]["Duration max"]["values"] == [90, 80, 70, None, None]
    assert found["metrics"]["Success rate"]["values"] == [100, 96, 100, None, None]


def test_csv_has_a_line_for_each_period(busy, lambdad):
    rows = list(csv.DictReader(io.StringIO(lambdad("metrics", "f", *RANGE, "--csv").out)))
    assert [row["Invocations"] for row in rows] == ["100", "50", "50", "0", "0"]
    assert rows[4]["Duration p99 (ms)"] == ""


def test_a_screen_has_numbers_and_sparklines_and_fits(busy, lambdad, terminal):
    shown = terminal()
    assert lambdad("metrics", "f", *RANGE).status == 0
    lines = shown.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    [calls] = [line for line in lines if line.startswith("Invocations")]
    assert calls.split() == ["Invocations", "200", "████▄▄▄▄▄▄▄▄········"]
    assert f"  p99{chr(32) * 16}10 ms  ████████████" in lines
    assert "08:00 to 08:05 UTC, by 1 min" in lines[0]


def test_a_terminal_without_unicode_gets_ascii(busy, lambdad, terminal, monkeypatch):
    monkeypatch.setattr(Console, "encoding", property(lambda self: "ascii"))
    shown = terminal()
    lambdad("metrics", "f", *RANGE)
    lambdad("metrics", "f", *RANGE, "--plot", "max")
    assert shown.getvalue().isascii()


@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_plot_has_axes_and_fits(busy, lambdad, terminal, width):
    shown = terminal(width)
    assert lambdad("metrics", "f", *RANGE, "--plot", "invocations").status == 0
    lines = shown.getvalue().splitlines()
    assert lines[0] == "f in us-east-1  Invocations, by 1 min"
    assert any(line.startswith("100 ┤█") for line in lines)
    assert lines[-1].split()[0] == "08:00"
    assert max(map(len, lines)) <= width


def test_any_metric_of_lambda_can_be_plotted(busy, lambdad):
    busy.series["AsyncEventAge", "Maximum", "f"] = {START: 5.0}
    found = lambdad("metrics", "f", *RANGE, "--plot", "AsyncEventAge:Maximum", "--json").document
    assert found["metrics"]["AsyncEventAge Maximum"] == {
        "unit": "ms",
        "total": 5.0,
        "values": [5.0, None, None, None, None],
    }


def test_a_version_and_all_functions_have_series_of_their_own(busy, lambdad):
    busy.series["Invocations", "Sum", "f:live"] = {START: 3.0}
    busy.series["Invocations", "Sum", None] = {START: 9.0}
    for name, total in (("f:live", 3.0), (None, 9.0)):
        found = lambdad("metrics", *([name] if name else []), *RANGE, "--json").document
        assert found["metrics"]["Invocations"]["total"] == total
    assert dimensions_of("f", "live") == (("FunctionName", "f"), ("Resource", "f:live"))


def test_cold_starts_are_the_reports_with_an_init(busy, lambdad):
    report = "REPORT RequestId: x\tDuration: 1 ms\tInit Duration: {}.00 ms\t"
    busy.events = [
        {"eventId": str(at), "logStreamName": "s", "timestamp": (START + 61) * 1000 + at, "message": message}
        for at, message in enumerate(
            [report.format(80), report.format(120), report.format(90), "Init Duration"]
        )
    ]
    lines = dict(line.split("\t", 1) for line in lambdad("metrics", "f", *RANGE).out.splitlines())
    assert lines["Cold starts"] == "3\t"
    assert lines["Duration init p50"] == "90\tms"
    assert lines["Duration init max"] == "120\tms"


def test_when_nothing_happened_that_is_said(fake, lambdad):
    fake.functions["f"] = {"FunctionName": "f"}
    ran = lambdad("metrics", "f")
    assert ran.status == 0
    assert "--since" in ran.err


def test_a_function_that_does_not_exist_is_an_error(fake, lambdad):
    ran = lambdad("metrics", "nobody")
    assert ran.status == 1
    assert ran.err.startswith("lambdad: ResourceNotFoundException")


def test_a_server_without_metrics_says_so(fake, lambdad):
    fake._monitoring = lambda _: (404, {"x-amzn-ErrorType": "UnknownOperationException"}, b"{}")
    ran = lambdad("metrics", "f")
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "keeps no metrics" in ran.err


@pytest.mark.parametrize(
    "wrong",
    [
        ["--csv", "--json"],
        ["--period", "30s"],
        ["--period", "often"],
        ["--since", "20d", "--period", "1m"],
        ["--plot", "the weather"],
    ],
)
def test_what_cannot_be_is_wrong_usage_in_one_line(busy, lambdad, wrong):
    ran = lambdad("metrics", "f", *wrong)
    assert (ran.status, ran.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("since", "period_s"), [("10m", 60), ("1h", 120), ("1d", 1_800), ("7d", 21_600), ("20d", 43_200)]
)
def test_the_period_is_what_fits_the_screen(since, period_s):
    span = span_of(since, None, "auto", START + 1, 52)
    assert span.period_s == period_s
    assert len(span.starts()) <= 52


def test_periods_begin_at_multiples_of_themselves():
    span = span_of("1h", None, "5m", START + 17, 52)
    assert (span.start_s % 300, span.end_s % 300, span.period_s) == (0, 0, 300)
    assert span.start_s <= START + 17 - 3_600
    assert span.end_s > START + 17


def test_what_is_old_is_kept_by_longer_periods_only():
    with pytest.raises(CommandError, match="kept by 5 min"):
        span_of("20d", None, "1m", START, 52)


def test_many_queries_are_asked_in_several_calls_and_pages(fake):
    fake.page_size = 70
    asks = [ask for number in range(40) for ask in asks_for(dimensions_of(f"f{number}"))]
    for number in range(40):
        fake.series["Invocations", "Sum", f"f{number}"] = {START: float(number)}
    with client_for(fake.endpoint) as client:
        found = read_metrics(client, asks, Span(START, START + 60, 60))
    each = len(asks) // 40
    assert [found[number * each] for number in range(40)] == [{START: float(number)} for number in range(40)]
    assert all(len(one.document["MetricDataQueries"]) <= 500 for one in fake.seen)


def test_facts_of_nothing_are_zero_or_unknown():
    span = Span(START, START + 120, 60)
    facts = facts_of([{} for _ in asks_for(())], span)
    assert facts["Invocations"].total == 0
    assert facts["Success rate"].total is None
    assert facts["Duration p99"].values == [None, None]
