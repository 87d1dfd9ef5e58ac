"""Regular expressions as filter patterns have them: alternatives of characters with counts, and no groups.

Parsed into values here and run by `automaton`; Python's own engine would go back and forth on a hostile one.

Source: CloudWatch Logs user guide, "Supported regular expressions (regex) syntax".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lambdad.domain.limits import MAX_LOG_EXPRESSION_STEPS
from lambdad.telemetry.patterns.scanning import invalid, invalid_character

OTHER: Final = 128
"""The bit of a set of characters that stands for everything beyond ASCII."""

_SYMBOLS: Final = frozenset(":_#=@/;,- ")
_OPERATORS: Final = frozenset("^$?[]{}|\\*+.")
_ALL: Final = (1 << (OTHER + 1)) - 1


def set_of(characters: str) -> int:
    """A set of ASCII characters, a bit each."""
    found = 0
    for character in characters:
        found |= 1 << ord(character)
    return found


_DIGITS: Final = set_of("0123456789")
_WORD: Final = _DIGITS | set_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_SPACE: Final = set_of(" \t\n\r\f\v")
_CLASSES: Final = {
    "d": _DIGITS,
    "D": _ALL & ~_DIGITS,
    "s": _SPACE,
    "S": _ALL & ~_SPACE,
    "w": _WORD,
    "W": _ALL & ~_WORD,
}


@dataclass(frozen=True, slots=True)
class Item:
    """A character of a set, so many times.

    Attributes:
        accepts: the set.
        least: of repetitions.
        most: of them; None for any number.
    """

    accepts: int
    least: int = 1
    most: int | None = 1

    @property
    def literal(self) -> str:
        """The one character that it is; empty when it is not just one."""
        if (self.least, self.most) != (1, 1) or self.accepts.bit_count() != 1 or self.accepts >> OTHER:
            return ""
        return chr(self.accepts.bit_length() - 1)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Items in a row.

    Attributes:
        at_start: it must begin where the text begins.
        at_end: it must end where the text ends.
    """

    items: tuple[Item, ...]
    at_start: bool
    at_end: bool

    @property
    def needles(self) -> tuple[str, ...]:
        """Texts in everything that it matches."""
        runs = "".join(item.literal or "\0" for item in self.items).split("\0")
        return tuple(run for run in runs if run)


Alternatives = tuple[Alternative, ...]


def parse_expression(text: str) -> Alternatives:
    """The alternatives of an expression, without the percent signs around it.

    Raises:
        InvalidParameter: it is none, has a character that cannot be there, or is too large.
    """
    for character in text:
        if not (character.isascii() and (character.isalnum() or character in _SYMBOLS | _OPERATORS)):
            raise invalid_character(character)
    found: list[Alternative] = []
    position = 0
    while True:
        alternative, position = _alternative(text, position)
        found.append(alternative)
        if position >= len(text):
            break
        position += 1  # the bar
    if not text or _steps(found) > MAX_LOG_EXPRESSION_STEPS:
        raise invalid()
    return tuple(found)


def _steps(alternatives: list[Alternative]) -> int:
    return sum(max(item.least, item.most or 0) + 1 for each in alternatives for item in each.items)


def _alternative(text: str, position: int) -> tuple[Alternative, int]:
    at_start = text[position : position + 1] == "^"
    position += at_start
    items: list[Item] = []
    while position < len(text) and text[position] != "|":
        if text[position] == "$" and text[position + 1 : position + 2] in ("", "|"):
            return Alternative(tuple(items), at_start, True), position + 1
        accepts, position = _set(text, position)
        item, position = _counted(accepts, text, position)
        items.append(item)
    return Alternative(tuple(items), at_start, False), position


def _set(text: str, position: int) -> tuple[int, int]:
    character = text[position]
    if character == ".":
        return _ALL & ~set_of("\n"), position + 1
    if character == "\\":
        return _escaped(text, position + 1)
    if character == "[":
        return _class(text, position + 1)
    if character in _OPERATORS:
        raise invalid()
    return set_of(character), position + 1


def _escaped(text: str, position: int) -> tuple[int, int]:
    character = text[position : position + 1]
    if character in _CLASSES:
        return _CLASSES[character], position + 1
    if character == "x":
        digits = text[position + 1 : position + 3]
        try:
            code = int(digits, 16) if len(digits) == 2 else OTHER
        except ValueError:
            code = OTHER
        if code >= OTHER:
            raise invalid()
        return 1 << code, position + 3
    if not character or character.isalnum():
        raise invalid()
    return set_of(character), position + 1


def _class(text: str, position: int) -> tuple[int, int]:
    negated = text[position : position + 1] == "^"
    position += negated
    accepts = 0
    while position < len(text) and text[position] != "]":
        first, position = _member(text, position)
        if text[position : position + 1] == "-" and text[position + 1 : position + 2] not in ("", "]"):
            last, position = _member(text, position + 1)
            first = _range(first, last)
        accepts |= first
    if position >= len(text) or not accepts:
        raise invalid()
    return (_ALL & ~accepts if negated else accepts), position + 1


def _member(text: str, position: int) -> tuple[int, int]:
    if text[position] == "\\":
        return _escaped(text, position + 1)
    return set_of(text[position]), position + 1


def _range(first: int, last: int) -> int:
    if first.bit_count() != 1 or last.bit_count() != 1 or last < first:
        raise invalid()
    return (last << 1) - first


def _counted(accepts: int, text: str, position: int) -> tuple[Item, int]:
    character = text[position : position + 1]
    if character == "?":
        return Item(accepts, 0, 1), position + 1
    if character == "*":
        return Item(accepts, 0, None), position + 1
    if character == "+":
        return Item(accepts, 1, None), position + 1
    if character == "{":
        return _braces(accepts, text, position + 1)
    return Item(accepts), position


def _braces(accepts: int, text: str, position: int) -> tuple[Item, int]:
    end = text.find("}", position)
    least, comma, most = text[position:end].partition(",")
    least, most = least.strip(), most.strip()
    if end < 0 or not (least or most) or not all(part.isdigit() for part in (least, most) if part):
        raise invalid()
    if max(len(least), len(most)) > len(str(MAX_LOG_EXPRESSION_STEPS)):
        raise invalid()
    low = int(least or 0)
    high = low if not comma else (int(most) if most else None)
    if high is not None and (high < low or high == 0):
        raise invalid()
    return Item(accepts, low, high), end + 1
