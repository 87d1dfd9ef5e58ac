"""How `lambdad metrics` shows facts: one screen for people, lines for pipes, JSON, CSV, and a plot."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rich.text import Text

from lambdad.cli import show
from lambdad.cli.harmless import harmless
from lambdad.cli.metric_facts import Fact
from lambdad.cli.metric_reading import Span
from lambdad.cli.moments import duration
from lambdad.cli.plot import amount, plot, sparkline, stretched, time_line

_LABEL, _NUMBER = 14, 12
_WORDS = {"ConcurrentExecutions": "Concurrency"}
_STYLES = {"Errors": "red", "Throttles": "yellow"}
_NOT_DRAWN = frozenset({"Success rate"})
"""Mostly full height: what is missing of it shows as errors."""
_PLOT_HEIGHTS = (6, 20)
_DAY_S = 86_400


def sparkline_width() -> int:
    """Columns that a sparkline has on this terminal."""
    return max(10, show.out.width - _LABEL - _NUMBER - 2)


def is_plain() -> bool:
    """Whether the terminal can show nothing but ASCII."""
    return not show.out.encoding.lower().startswith("utf")


def screen(title: str, facts: Mapping[str, Fact], span: Span) -> None:
    """Print everything on one screen."""
    start, end = moment(span.start_s, span), moment(span.end_s, span)
    when = f"{start} to {end} UTC, by {duration(span.period_s)}"
    head = Text(harmless(title), style="bold")
    show.out.print(head + Text(" " * max(2, show.out.width - len(head) - len(when)) + when, style="dim"))
    show.out.print()
    in_durations = False
    for fact in facts.values():
        if fact.unit == "ms" and not in_durations:
            in_durations = True
            show.out.print(Text("\nDuration"))
        show.out.print(_line(fact))
    times = stretched([moment(second, span) for second in span.starts()], sparkline_width())
    show.out.print(Text(" " * (_LABEL + _NUMBER + 2) + time_line(times), style="dim"))


def _line(fact: Fact) -> Text:
    name = fact.name.removeprefix("Duration ")
    bad = _STYLES.get(fact.name, "") if fact.total else ""
    line = Text(f"{('  ' if fact.unit == 'ms' else '') + _WORDS.get(name, name):<{_LABEL}}")
    line.append(f"{number(fact):>{_NUMBER}}  ", style=f"bold {bad}".strip())
    drawn = () if fact.name in _NOT_DRAWN else stretched(fact.values, sparkline_width())
    line.append(sparkline(drawn, plain=is_plain()), style=bad or ("blue" if fact.unit else "cyan"))
    line.rstrip()
    return line


def number(fact: Fact) -> str:
    """The number of a fact with its unit."""
    if fact.total is None:
        return "-"
    if fact.unit == "%":
        return "100 %" if fact.total == 100 else f"{fact.total:.2f} %"
    return amount(fact.total) + (f" {fact.unit}" if fact.unit else "")


def lines(facts: Mapping[str, Fact]) -> None:
    """Print name, number and unit, with tabs between them."""
    show.table(
        (),
        [
            [fact.name, "-" if fact.total is None else f"{fact.total:.6g}", fact.unit]
            for fact in facts.values()
        ],
    )


def document(facts: Mapping[str, Fact], span: Span, about: Mapping[str, object]) -> None:
    """Print one JSON document."""
    show.document(
        {
            **about,
            "start": iso(span.start_s),
            "end": iso(span.end_s),
            "period_s": span.period_s,
            "timestamps": [iso(start) for start in span.starts()],
            "metrics": {
                fact.name: {"unit": fact.unit or None, "total": fact.total, "values": list(fact.values)}
                for fact in facts.values()
            },
        }
    )


def table(facts: Mapping[str, Fact], span: Span) -> None:
    """Print CSV: a line for each period, a column for each fact."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(
        ["time", *(f"{fact.name} ({fact.unit})" if fact.unit else fact.name for fact in facts.values())]
    )
    for at, start in enumerate(span.starts()):
        row = (fact.values[at] for fact in facts.values())
        writer.writerow([iso(start), *("" if value is None else f"{value:.10g}" for value in row)])
    show.write(made.getvalue())


def picture(title: str, fact: Fact, span: Span) -> None:
    """Print a plot as wide as the terminal and half as high as it is, with axes."""
    least, most = _PLOT_HEIGHTS
    height = max(least, min(most, show.out.height - 8))
    plain = is_plain()
    unit = f" in {fact.unit}" if fact.unit else ""
    head = Text(f"{harmless(title)}  ", style="bold")
    head.append(f"{fact.name}{unit}, by {duration(span.period_s)}", style="dim")
    show.out.print(head)
    show.out.print()
    times = [moment(start, span) for start in span.starts()]
    drawn: Sequence[str] = plot(fact.values, times, width=show.out.width, height=height, plain=plain)
    for line in drawn:
        show.out.print(Text(line, style="dim" if line is drawn[-1] else "cyan"))


def moment(second: int, span: Span) -> str:
    """A time in few words: of the day when the range is short, else with the day."""
    when = datetime.fromtimestamp(second, UTC)
    if span.end_s - span.start_s <= _DAY_S:
        return when.strftime("%H:%M")
    return when.strftime("%m-%d %H:%M" if span.period_s < _DAY_S else "%Y-%m-%d")


def iso(second: int) -> str:
    """A time for programs."""
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")
