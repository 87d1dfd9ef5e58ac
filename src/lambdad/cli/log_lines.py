"""How log events look: for people on a terminal, in a pipe, as JSON, and raw.

Pure: an event in, text out. On a terminal an event is taken apart (`log_words`): time, function, level,
message, and what else there was, dimmed. A pipe gets the event as it was written, in one form per line.
Nothing that a function wrote reaches a terminal as a control character; only `raw` leaves it as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lambdad.cli.harmless import harmless, harmless_lines
from lambdad.cli.log_reading import LogLine
from lambdad.cli.log_words import Level, Said, said
from lambdad.cli.moments import clock
from lambdad.cli.platform_lines import SHORT_ID, Parts, platform_parts

_NAMED = ("cyan", "green", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta", "bright_blue")
_STYLES = {
    Level.ERROR: "red",
    Level.WARN: "yellow",
    Level.INFO: "",
    Level.DEBUG: "dim",
    Level.PLATFORM: "dim",
    Level.PLAIN: "",
}
_REQUEST_IDS = frozenset({"requestId", "AWSRequestId"})
MOST_LINES = 1_000
"""Of one event on a terminal."""
_LONGEST_NAME = 28
_LEVEL_WIDTH = 5
_TIME_WIDTH = 12
_FIELDS_INDENT = 2


def _plainly(text: str, _: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Look:
    """How events are shown.

    Attributes:
        names: of the functions, in the order of their colours; fewer than two: no names are shown.
        width: of the terminal in columns.
        paint: makes text of a style (in rich's words) what the terminal shows so.
    """

    names: Sequence[str] = ()
    width: int = 80
    paint: Callable[[str, str], str] = _plainly

    def name_of(self, line: LogLine) -> Parts:
        """The column of the function; nothing when there is but one."""
        if len(self.names) < 2:
            return []
        style = _NAMED[self.names.index(line.name) % len(_NAMED)] if line.name in self.names else ""
        return [(f"{_cut(line.name):<{self.name_width}} ", style)]

    @property
    def name_width(self) -> int:
        """Columns for names."""
        return max((len(_cut(name)) for name in self.names), default=0)


def as_json(line: LogLine) -> str:
    """One JSON object on one line."""
    return json.dumps(
        {
            "timestamp": line.time_ms,
            "functionName": line.name,
            "logGroupName": line.group,
            "logStreamName": line.stream,
            "message": line.message,
        }
    )


def as_raw(line: LogLine) -> str:
    """What the function wrote, and nothing else."""
    return line.message.removesuffix("\n")


def as_plain(line: LogLine, look: Look) -> str:
    """For pipes: time, name when there are several, and the message; lines of it stay lines."""
    name = f"{line.name} " if len(look.names) > 1 else ""
    return f"{clock(line.time_ms)} {name}" + "\n".join(harmless_lines(line.message))


def as_shown(line: LogLine, look: Look) -> str:
    """For a terminal."""
    one = said(line.message)
    stamp: Parts = [(f"{clock(line.time_ms)[11:23]:<{_TIME_WIDTH}} ", "dim")]
    head = stamp + look.name_of(line)
    indent = sum(len(text) for text, _ in head)
    first, *rest = _body(one, look.width - indent)
    margin = " " * indent
    painted = ["".join(look.paint(text, style) for text, style in head + first)]
    painted += [margin + "".join(look.paint(text, style) for text, style in parts) for parts in rest]
    return "\n".join(painted)


def day_of(line: LogLine) -> str:
    """The day of an event, in UTC."""
    return clock(line.time_ms)[:10]


def _body(one: Said, width: int) -> list[Parts]:
    """The lines of an event without time and name; at least one."""
    if one.level is Level.PLATFORM:
        return [[(harmless(text), style) for text, style in platform_parts(one)]]
    style = _STYLES[one.level]
    level = [(f"{one.word:<{_LEVEL_WIDTH}} ", f"{style} bold".strip())] if one.word else []
    texts = harmless_lines(one.text.replace("\t", "  "))
    lines: list[Parts] = [[*level, (texts[0], style)]]
    lines += [[(text, style)] for text in texts[1:MOST_LINES]]
    if len(texts) > MOST_LINES:
        lines.append([(f"and {len(texts) - MOST_LINES:,} more lines, which --raw shows", "dim")])
    lines += [[("  " + harmless(text), style)] for text in one.below]
    if not one.fields:
        return lines
    words = [f"{harmless(name)}={harmless(_shortened(name, value))}" for name, value in one.fields]
    if len(lines) == 1 and sum(len(text) for text, _ in lines[0]) + 2 + len("  ".join(words)) <= width:
        return [[*lines[0], ("  " + "  ".join(words), "dim")]]
    return lines + [[(" " * _FIELDS_INDENT + text, "dim")] for text in _filled(words, width - _FIELDS_INDENT)]


def _shortened(name: str, value: str) -> str:
    """A field's value; START has said the whole request id."""
    return value[:SHORT_ID] if name in _REQUEST_IDS else value


def _filled(words: Sequence[str], width: int) -> list[str]:
    """Words in as few lines as hold them; one that is longer than a line has its own."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 2 + len(word) <= width:
            lines[-1] += "  " + word
        else:
            lines.append(word)
    return lines


def _cut(name: str) -> str:
    """A name in the middle of which something is left out when it is long: both ends tell it from others."""
    if len(name) <= _LONGEST_NAME:
        return name
    keep = (_LONGEST_NAME - 1) // 2
    return f"{name[:keep]}…{name[-(_LONGEST_NAME - 1 - keep) :]}"
