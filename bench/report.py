"""The report: one JSON file with every value, one Markdown page with medians, ratios and verdicts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.reach import Check, Verdict
from bench.results import Key, Measure, Results


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the report says besides the figures.

    `subjects` is the order of the tables, `notes` what a reader must know of each subject.
    """

    date: str
    command: str
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    subjects: Sequence[str]
    notes: Mapping[str, str]
    effort: Mapping[str, object]


def write(folder: Path, page: Page, results: Results, checks: Sequence[Check]) -> tuple[Path, Path]:
    """Write `<date>.json` and `latest.md`; give both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "date": page.date,
        "command": page.command,
        "machine": dict(page.machine),
        "versions": dict(page.versions),
        "effort": dict(page.effort),
        "reach": [
            {
                "what": check.what,
                "seen": check.seen,
                "limit": check.limit,
                "unit": check.unit,
                "at_most": check.at_most,
                "verdict": check.verdict.value,
                "against": check.context,
            }
            for check in checks
        ],
        **results.as_json(),
    }
    json_file = folder / f"{page.date.replace(':', '')}.json"
    json_file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    markdown = folder / "latest.md"
    markdown.write_text(as_markdown(page, results, checks), encoding="utf-8")
    return json_file, markdown


def as_markdown(page: Page, results: Results, checks: Sequence[Check]) -> str:
    """Give the whole report as Markdown."""
    parts = [
        f"# Bench of {page.date}",
        f"`{page.command}`; medians over the rounds; every value is in the JSON file beside this page.",
        "## Figures to reach",
        _table(("figure", "seen", "to reach", "verdict", "against"), [reach_row(check) for check in checks]),
        *_warm(page, results),
        *_plain(page, results, Measure.COLD, "Cold start, request → answer, fresh function each time"),
        *_plain(page, results, Measure.PATHS, "Cold starts by path, and the bare interpreter"),
        *_plain(page, results, Measure.SUSTAINED, "Cold starts as fast as possible"),
        *_plain(page, results, Measure.SNAPSTART, "SnapStart, numpy and pandas imported"),
        *_plain(page, results, Measure.MEMORY, "Memory of one idle environment"),
        *_plain(page, results, Measure.START, "Server start and idle memory"),
        *_plain(page, results, Measure.PAYLOAD, "6 MB in and 6 MB out"),
        *_plain(page, results, Measure.FREEZE, "Warm invokes with pauses, with and without freezing"),
        *_plain(page, results, Measure.SIGNATURES, "Warm invokes whose signature is verified, and others"),
        *_plain(page, results, Measure.STREAM, "Streamed responses"),
        *_plain(page, results, Measure.BURST, "A burst of cold invokes beside warm ones"),
        *_plain(page, results, Measure.DENSITY, "Many idle environments at once"),
        *_plain(page, results, Measure.CLI, "Command line"),
        *_plain(page, results, Measure.CONTROL, "Control plane"),
        *_plain(page, results, Measure.METRICS, "CloudWatch metrics"),
        *_plain(page, results, Measure.EVENTS, "Asynchronous invocation"),
        *_plain(page, results, Measure.MEASURING, "Metrics and usage, for each invoke"),
        *_plain(page, results, Measure.LOGS, "Logs"),
        *_plain(page, results, Measure.QUEUES, "Messages of a queue"),
        *_plain(page, results, Measure.STREAMS, "Records of a stream"),
        *_plain(page, results, Measure.KAFKA, "Records of a topic of Kafka"),
        *_plain(page, results, Measure.BUCKETS, "Objects of a bucket"),
        *_failures(results),
        "## Conditions",
        _table(("what", "value"), [*page.machine.items(), *page.versions.items()]),
        _table(("subject", "note"), [(name, note) for name, note in page.notes.items() if note]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def reach_row(check: Check) -> tuple[str, ...]:
    """Give a check as the cells of a row."""
    relation = "≤" if check.at_most else "≥"
    seen = "—" if check.seen is None else f"{number(check.seen)} {check.unit}"
    word = {Verdict.PASS: "pass", Verdict.FAIL: "**FAIL**", Verdict.UNKNOWN: "not measured"}[check.verdict]
    return check.what, seen, f"{relation} {number(check.limit)} {check.unit}", word, check.context


def number(value: float) -> str:
    """Write a number with about three digits that mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def warm_rows(page: Page, results: Results) -> Iterator[tuple[str, ...]]:
    """Give the warm figures: one row per language, connections, subject and size."""
    metrics = ("p50_us", "p99_us", "rate_per_s", "server_cpu_us", "descendants_cpu_us")
    rates = [key for key in results.keys(Measure.WARM) if key.metric == "rate_per_s"]
    ordered = sorted(
        rates, key=lambda key: (_index(key.function, rates), key.connections or 0, _place(page, key))
    )
    for key in ordered:
        figures = [
            results.median(Key(key.measure, key.subject, name, key.function, key.memory_mib, key.connections))
            for name in metrics
        ]
        cells = [number(figure) if figure is not None else "—" for figure in figures]
        yield key.function or "", str(key.connections), _subject(key), *cells


WARM_HEAD = (
    "function",
    "connections",
    "subject",
    "p50 µs",
    "p99 µs",
    "per second",
    "server CPU µs",
    "others CPU µs",
)


def _warm(page: Page, results: Results) -> list[str]:
    rows = list(warm_rows(page, results))
    return ["## Warm invokes", _table(WARM_HEAD, rows)] if rows else []


def _plain(page: Page, results: Results, measure: Measure, title: str) -> list[str]:
    keys = list(results.keys(measure))
    if not keys:
        return []
    metrics = list(dict.fromkeys(key.metric for key in keys))
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for key in sorted(keys, key=lambda key: (_index(key.function, keys), _place(page, key))):
        values = results.values[key]
        text = number(results.median(key) or 0.0)
        if len(values) > 2:
            text += f" ({number(min(values))} … {number(max(values))})"
        rows.setdefault((key.function or "", _subject(key)), {})[key.metric] = text
    cells = [(*who, *(row.get(metric, "—") for metric in metrics)) for who, row in rows.items()]
    heads = [metric.replace("_", " ") for metric in metrics]
    return [f"## {title}", _table(("function", "subject", *heads), cells)]


def _failures(results: Results) -> list[str]:
    rows = [(f.measure, f.subject, f.what, f.reason) for f in results.failures]
    return (
        ["## Not measured, and why", _table(("measure", "subject", "what", "reason"), rows)] if rows else []
    )


def _subject(key: Key) -> str:
    return f"{key.subject} {key.memory_mib} MB" if key.memory_mib else key.subject


def _place(page: Page, key: Key) -> tuple[int, int]:
    place = page.subjects.index(key.subject) if key.subject in page.subjects else len(page.subjects)
    return place, -(key.memory_mib or 0)


def _index(function: str | None, keys: Sequence[Key]) -> int:
    return list(dict.fromkeys(key.function for key in keys)).index(function)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [_line(head), _line(["---"] * len(head)), *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
