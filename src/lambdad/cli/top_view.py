"""How `lambdad top` looks: what the server says of itself above a table of functions.

Pure: a picture, a size and an order in, lines of text out. Columns that a narrow terminal has no room
for are left out, the least telling first; a wide one shows how the rate went.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.text import Text

from lambdad.cli.harmless import harmless
from lambdad.cli.moments import duration
from lambdad.cli.plot import amount, sparkline
from lambdad.cli.top_reading import HISTORY, Picture, Row

_LEAST_NAME, _MOST_NAME = 15, 48
_GAP = 2
_SPARK_HEADING = "calls/s before"
_CHROME = 6
"""Lines that are not functions."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of numbers: `sorting` None cannot be sorted by; `dropped` the higher the earlier."""

    key: str
    heading: str
    width: int
    shown: Callable[[Row], str]
    style: Callable[[Row], str]
    order: Callable[[Row], float]
    dropped: int


def _plainly(_: Row) -> str:
    return ""


def _rate(value: float | None) -> str:
    return "-" if value is None else "0" if value < 0.005 else amount(value)


def _count(value: float | None) -> str:
    return "-" if value is None else amount(value) if value else "0"


def _share(row: Row) -> float | None:
    if row.calls_s is None or row.errors_s is None:
        return None
    return 100 * min(1.0, row.errors_s / row.calls_s) if row.calls_s > 0 else 0.0


def _in_red(row: Row) -> str:
    return "red" if row.errors_s and row.errors_s >= 0.005 else ""


def _in_yellow(row: Row) -> str:
    return "yellow" if row.throttles_s and row.throttles_s >= 0.005 else ""


COLUMNS = (
    Column("calls", "calls/s", 8, lambda row: _rate(row.calls_s), _plainly, lambda row: row.calls_s or 0, 0),
    Column("errors", "err/s", 6, lambda row: _rate(row.errors_s), _in_red, lambda row: row.errors_s or 0, 1),
    Column("share", "err %", 6, lambda row: _rate(_share(row)), _in_red, lambda row: _share(row) or 0, 9),
    Column("p50", "p50 ms", 7, lambda row: _count(row.p50_ms), _plainly, lambda row: row.p50_ms or 0, 3),
    Column("p99", "p99 ms", 7, lambda row: _count(row.p99_ms), _plainly, lambda row: row.p99_ms or 0, 2),
    Column(
        "concurrency",
        "conc",
        5,
        lambda row: _count(row.concurrency),
        _plainly,
        lambda row: row.concurrency,
        2,
    ),
    Column(
        "environments",
        "envs",
        5,
        lambda row: str(row.environments),
        _plainly,
        lambda row: row.environments,
        6,
    ),
    Column(
        "throttles",
        "thr/s",
        6,
        lambda row: _rate(row.throttles_s),
        _in_yellow,
        lambda row: row.throttles_s or 0,
        4,
    ),
    Column("cold", "cold", 5, lambda row: _count(row.cold), _plainly, lambda row: row.cold or 0, 5),
    Column("memory", "MB", 6, lambda row: _count(row.memory_mib), _plainly, lambda row: row.memory_mib, 5),
    Column("queue", "queue", 6, lambda row: _count(row.queued), _plainly, lambda row: row.queued, 4),
)
SORTS = (*(column.key for column in COLUMNS), "name")


def ordered(rows: Sequence[Row], sort: str) -> list[Row]:
    """Rows by a column, the largest first, or by name; equal ones by name."""
    if sort == "name":
        return sorted(rows, key=lambda row: row.name)
    column = next(column for column in COLUMNS if column.key == sort)
    return sorted(rows, key=lambda row: (-column.order(row), row.name))


@dataclass(frozen=True, slots=True)
class Screen:
    """Where and how a picture is shown; `height` None shows every function."""

    width: int
    height: int | None
    sort: str
    every_s: float
    endpoint: str
    region: str
    plain: bool = False
    keys: bool = True


def frame(picture: Picture | None, screen: Screen, now_s: float, gone: str = "") -> list[Text]:
    """The lines of one frame. `gone` says since when and why no server answers; empty: it does."""
    lines = [_title(screen, now_s)]
    if picture is None:
        return [*lines, Text(), Text(gone or "asking the server ...", style="red" if gone else "dim")]
    lines += _server(picture)
    lines.append(Text(harmless(gone or picture.amiss), style="red" if gone else "yellow"))
    columns, name_width, spark = fitting(screen.width, picture.rows)
    lines.append(_headings(columns, name_width, spark, screen))
    rows = ordered(picture.rows, screen.sort)
    room = len(rows) if screen.height is None else max(1, screen.height - _CHROME)
    for row in rows[:room]:
        lines.append(_line(row, columns, name_width, spark, screen.plain, dim=bool(gone)))
    if not rows:
        lines.append(Text("no functions here yet; 'lambdad deploy DIR' makes one", style="dim"))
    elif len(rows) > room:
        lines.append(Text(f"and {len(rows) - room} more", style="dim"))
    for line in lines:
        line.truncate(screen.width)
    return lines


def fitting(width: int, rows: Sequence[Row]) -> tuple[list[Column], int, int]:
    """The columns there is room for, the width of names, and that of the sparkline (0: none)."""
    longest = max((len(row.name) for row in rows), default=0)
    wanted = max(_LEAST_NAME, min(_MOST_NAME, longest))
    columns = list(COLUMNS)
    while columns and _LEAST_NAME + _taken(columns) > width:
        columns.remove(max(columns, key=lambda column: column.dropped))
    left = width - _taken(columns)
    name = max(1, min(wanted, left))
    spark = left - name - _GAP
    return columns, name, min(HISTORY, spark) if spark >= len(_SPARK_HEADING) else 0


def _taken(columns: Sequence[Column]) -> int:
    return sum(column.width + 1 for column in columns)


def _title(screen: Screen, now_s: float) -> Text:
    clock = datetime.fromtimestamp(now_s, UTC).strftime("%H:%M:%S UTC")
    left = Text("lambdad top", style="bold")
    left.append(f"  {screen.endpoint.split('://', 1)[-1]}  {screen.region}", style="dim")
    right = f"{clock}, every {screen.every_s:g} s" if screen.keys else clock
    help_text = "s sort  q quit   " if screen.keys and screen.width >= 100 else ""
    gap = screen.width - len(left) - len(right) - len(help_text)
    return left.append(" " * max(2, gap) + help_text + right, style="dim")


def _server(picture: Picture) -> list[Text]:
    """Two lines of what the server says of itself; what it does not say is left out."""
    status = picture.status
    capacity, events = status.get("capacity") or {}, status.get("events") or {}
    busy = sum(row.busy for row in picture.rows)
    first = [f"up {duration(status['uptime_s'])}"] if "uptime_s" in status else []
    if "environments" in capacity:
        first.append(
            f"{capacity['environments']} environments, {busy} busy, {capacity.get('starting', 0)} starting"
        )
    if capacity.get("memory_ceiling_bytes"):
        first.append(
            f"memory {_size(capacity.get('memory_bytes'))} of {_size(capacity['memory_ceiling_bytes'])}"
        )
    second = []
    if "queued" in events:
        second.append(f"events {events['queued']:,} queued, {events.get('running', 0):,} running")
    starts = {kind: count for kind, count in (status.get("starts") or {}).items() if count}
    if starts:
        second.append("starts " + ", ".join(f"{kind} {count:,}" for kind, count in starts.items()))
    if status.get("draining"):
        second.append("draining")
    return [Text("   ".join(first)), Text("   ".join(second))]


def _headings(columns: Sequence[Column], name: int, spark: int, screen: Screen) -> Text:
    down = "v" if screen.plain else "▼"
    line = Text()
    line.append(f"{'function' + (down if screen.sort == 'name' else ''):<{name}}")
    for column in columns:
        chosen = column.key == screen.sort
        heading = column.heading + (down if chosen else "")
        line.append(f" {heading[-column.width :]:>{column.width}}", style="bold" if chosen else "")
    if spark:
        line.append(" " * _GAP + _SPARK_HEADING)
    line.append(" " * max(0, screen.width - len(line)))
    line.stylize("reverse")
    return line


def _line(row: Row, columns: Sequence[Column], name: int, spark: int, plain: bool, *, dim: bool) -> Text:
    idle = not (row.calls_s or row.busy or row.queued)
    line = Text(style="dim" if idle or dim else "")
    line.append(f"{_cut(harmless(row.name), name):<{name}}")
    for column in columns:
        line.append(f" {column.shown(row):>{column.width}}", style=column.style(row))
    if spark:
        line.append(" " * _GAP + sparkline(row.history[-spark:], plain=plain), style="cyan")
    return line


def _cut(name: str, width: int) -> str:
    """A name without its middle when it is too long: both ends tell it from others."""
    if len(name) <= width:
        return name
    keep = max(0, (width - 2) // 2)
    return f"{name[:keep]}..{name[len(name) - (width - 2 - keep) :]}"[:width]


def _size(found: float | None) -> str:
    size = found or 0
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
