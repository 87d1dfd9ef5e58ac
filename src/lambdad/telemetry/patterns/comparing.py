"""What a condition compares a value with: a text with open ends, a number, or an expression."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Final

from lambdad.telemetry.patterns.matching_expression import Expression, expression_of
from lambdad.telemetry.patterns.scanning import BARE, Scanner, invalid, invalid_character

_COMPARE: Final = {  # longer ones first: they are looked for in this order
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_EQUALITY: Final = frozenset({"=", "!="})
_MOST_DIGITS: Final = 400

Value = str | int | float
"""A value node of an event."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text that may go on at either end, where the pattern has an asterisk.

    Source: user guide, archived edition of 2021: an asterisk inside a text is itself.
    """

    text: str
    open_start: bool
    open_end: bool

    def fits(self, value: str) -> bool:
        """Whether a text is one of those meant."""
        if self.open_start:
            return self.text in value if self.open_end else value.endswith(self.text)
        return value.startswith(self.text) if self.open_end else value == self.text


@dataclass(frozen=True, slots=True)
class Number:
    """A number, and how it was written."""

    number: float
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator and what stands behind it."""

    operator: str
    wanted: Text | Number | Expression

    def holds(self, value: Value) -> bool:
        """Whether it is true of a value."""
        match self.wanted:
            case Number():
                return self._compares(self.wanted, value)
            case Text():
                return self.wanted.fits(text_of(value)) == (self.operator == "=")
            case Expression():
                return self.wanted.matches(text_of(value)) == (self.operator == "=")

    @property
    def needles(self) -> tuple[str, ...]:
        """Texts in every value of which it is true."""
        if self.operator != "=" or isinstance(self.wanted, Number):
            return ()
        if isinstance(self.wanted, Expression):
            return self.wanted.needles
        return (self.wanted.text,) if self.wanted.text else ()

    def _compares(self, wanted: Number, value: Value) -> bool:
        number = number_of(value)
        if number is None:
            return self.operator == "!="
        return bool(_COMPARE[self.operator](number, wanted.number))


def parse_comparison(scanner: Scanner) -> Comparison:
    """An operator and its value.

    Raises:
        InvalidParameter: there is none, or the operator does not go with the value.
    """
    sign = next((sign for sign in _COMPARE if scanner.accept(sign)), None)
    if sign is None:
        raise invalid()
    wanted = _wanted(scanner)
    if sign not in _EQUALITY and not isinstance(wanted, Number):
        raise invalid()
    return Comparison(sign, wanted)


def number_of(value: Value) -> float | None:
    """The number that a value is or says; None when it is none."""
    if isinstance(value, bool):
        return None
    if not isinstance(value, str):
        return float(value) if -1e300 < value < 1e300 else math.copysign(math.inf, value)
    text = value.strip()
    if not text or len(text) > _MOST_DIGITS or not (text[-1].isdigit() or text[-1] == "."):
        return None
    if not text.isascii() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def text_of(value: Value) -> str:
    """A value as a text: a number as JSON writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def _wanted(scanner: Scanner) -> Text | Number | Expression:
    following = scanner.character
    if following == "%":
        return expression_of(scanner.expression())
    if following == '"':
        return _open_ended(scanner.quoted())
    bare = scanner.run(BARE)
    if not bare:
        raise invalid() if not following else invalid_character(following)
    number = number_of(bare)
    return _open_ended(bare) if number is None else Number(number, bare)


def _open_ended(text: str) -> Text:
    open_start = text.startswith("*")
    rest = text[1:] if open_start else text
    open_end = rest.endswith("*") or (open_start and not rest)
    return Text(rest.removesuffix("*") if open_end else rest, open_start, open_end)
