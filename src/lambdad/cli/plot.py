"""Numbers as pictures made of characters: a sparkline in one line, a plot with axes in several.

Pure. Every picture begins at zero, so that twice as high is twice as much. `plain` draws with ASCII.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

Values = Sequence[float | None]
"""Oldest first; None where nothing was measured."""

_Value = TypeVar("_Value")
_BLOCKS = "▁▂▃▄▅▆▇█"
_PLAIN = "_-~=+*%#"
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TICK_EVERY = 4
"""Lines between two numbers of the vertical axis."""
_TIME_GAP = 2
_NOTHING = 1e-12
"""What is smaller is no measurement: numbers so small lose their digits."""
_MOST_TIMES = 7
_LARGE = ((1e12, 1e12, "T"), (1e9, 1e9, "G"), (1e7, 1e6, "M"))
"""From which size on a number is given in which unit."""


def sparkline(values: Values, *, plain: bool = False) -> str:
    """One character for each value: a gap where there is none, a dot for zero, else its height."""
    levels = _PLAIN if plain else _BLOCKS
    most = max((value for value in values if value is not None and math.isfinite(value)), default=0.0)
    return "".join(_mark(value, most, levels, "." if plain else "·") for value in values)


def _mark(value: float | None, most: float, levels: str, zero: str) -> str:
    if value is None or not math.isfinite(value):
        return " "
    if value <= 0 or most <= 0:
        return zero
    return levels[min(len(levels) - 1, math.ceil(value / most * len(levels)) - 1)]


def stretched(values: Sequence[_Value], width: int, most: int = 4) -> list[_Value]:
    """Values repeated so that they fill `width`, each at most `most` times; of too many the last ones."""
    count = len(values)
    if count >= width:
        return list(values[count - width :])
    total = min(width, count * most)
    return [values[at * count // total] for at in range(total)]


@dataclass(frozen=True, slots=True)
class Axis:
    """The vertical axis of a plot: from 0 to `top`, a number at each `step`."""

    top: float
    step: float


def axis_for(most: float, ticks: int) -> Axis:
    """An axis with round numbers, of which about `ticks` lie above zero."""
    if not math.isfinite(most) or most < _NOTHING:
        return Axis(1.0, 1.0)
    rough = most / max(1, ticks)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in _STEPS if size * power >= rough * 0.999_999)
    return Axis(step * math.ceil(most / step - 1e-9), step)


def plot(values: Values, times: Sequence[str], *, width: int, height: int, plain: bool = False) -> list[str]:
    """Columns over a horizontal axis; `times` says when each value was, in words of one length.

    The answer has `height` + 2 lines of at most `width` characters.
    """
    most = max((value for value in values if value is not None and math.isfinite(value)), default=0.0)
    axis = axis_for(most, max(1, height // _TICK_EVERY))
    labels = _labels(axis, height)
    margin = max(len(label) for label in labels.values())
    columns = max(1, width - margin - 2)
    shown, when = stretched(values, columns, columns), stretched(times, columns, columns)
    lines = []
    for row in range(height, 0, -1):
        text = "".join(_cell(value, row, height, axis.top, plain) for value in shown)
        edge = ("+" if plain else "┤") if row in labels else ("|" if plain else "│")
        lines.append(f"{labels.get(row, ''):>{margin}} {edge}{text}".rstrip())
    foot = ("+" if plain else "└") + ("-" if plain else "─") * len(shown)
    lines.append(f"{'0':>{margin}} {foot}")
    lines.append(" " * (margin + 2) + time_line(when))
    return lines


def _labels(axis: Axis, height: int) -> dict[int, str]:
    """The numbers of the axis by the line that they stand in, counted from the bottom."""
    count = round(axis.top / axis.step)
    return {
        max(1, round(height * number / count)): amount(axis.step * number) for number in range(1, count + 1)
    }


def _cell(value: float | None, row: int, height: int, top: float, plain: bool) -> str:
    """What stands in one line of a value's column."""
    if value is None or not math.isfinite(value) or value <= 0:
        return " "
    eighths = max(1, round(value / top * height * 8)) - (row - 1) * 8
    if eighths <= 0:
        return " "
    if plain:
        return "#" if eighths >= 4 or row == 1 else " "
    return _BLOCKS[min(8, eighths) - 1]


def time_line(times: Sequence[str]) -> str:
    """Times below the columns they belong to, as many as fit, the first and the last among them."""
    if not times:
        return ""
    word, total = max(len(time) for time in times), len(times)
    if total < 2 * word + _TIME_GAP:
        return times[0]
    slots = max(2, min(_MOST_TIMES, (total + _TIME_GAP * 4) // (word + _TIME_GAP * 4)))
    line = [" "] * total
    for slot in range(slots):
        at = (total - word) * slot // (slots - 1)
        time = times[-1] if slot == slots - 1 else times[at]
        line[at : at + len(time)] = time
    return "".join(line).rstrip()


def amount(value: float | None) -> str:
    """A number with about three digits that matter: ``0.87``, ``12.3``, ``1,234``, ``12.5M``."""
    if value is None or not math.isfinite(value):
        return "-"
    size = abs(value)
    for least, unit, letter in _LARGE:
        if size >= least:
            return f"{value / unit:,.1f}{letter}"
    if size >= 99.95 or value == int(value):
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 else f"{value:.2g}"
