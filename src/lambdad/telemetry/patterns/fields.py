"""Patterns of conditions on fields between spaces: ``[ip, user, ..., status = 4*, bytes > 1000]``.

Square brackets or quotes in the event hold a field together. Without an ellipsis the last field is the rest
of the event.

Source: user guide, "Using filter patterns to match terms in space-delimited log events"; that the last field
takes the rest from its example ``[w1=ERROR, w2]``, which matches an event of seven words.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lambdad.telemetry.patterns.comparing import Comparison, parse_comparison
from lambdad.telemetry.patterns.logic import Joint, decide, parse_joined
from lambdad.telemetry.patterns.matching_expression import Expression
from lambdad.telemetry.patterns.scanning import NAME, Scanner, invalid

_ELLIPSIS: Final = "..."
_WORD: Final = re.compile(r"\S+")
_CLOSING: Final = {"[": "]", '"': '"'}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a pattern.

    Attributes:
        name: empty for none.
        row: its conditions; empty for none.
    """

    name: str
    row: tuple[Comparison | Joint, ...]

    def fits(self, text: str) -> bool:
        """Whether its conditions hold of a text."""
        return not self.row or decide(self.row, lambda comparison: comparison.holds(text))

    @property
    def needles(self) -> tuple[str, ...]:
        """Texts in everything that fits."""
        if Joint.OR in self.row:
            return ()
        return tuple(text for each in self.row if isinstance(each, Comparison) for text in each.needles)


@dataclass(frozen=True, slots=True)
class Fields:
    """Events by their fields.

    Attributes:
        head: fields from the front.
        tail: fields from the back, behind an ellipsis; None without one.
        needles: texts in every event that matches.
    """

    head: tuple[Field, ...]
    tail: tuple[Field, ...] | None
    needles: tuple[str, ...]

    has_fields = True

    @property
    def expressions(self) -> int:
        """How many regular expressions it has."""
        rows = (each for field in self._fields() for each in field.row)
        return sum(isinstance(each, Comparison) and isinstance(each.wanted, Expression) for each in rows)

    def matches(self, message: str) -> bool:
        """Whether there are such fields."""
        if self.tail is None:
            if not self.head:
                return True
            return _fit(self.head, _parts(message, len(self.head)))
        pieces = _pieces(message)
        front = [text for _, text in _take(pieces, len(self.head))]
        if not _fit(self.head, front):
            return False
        back = deque((text for _, text in pieces), len(self.tail))
        return _fit(self.tail, list(back))

    def extracted(self, message: str) -> Mapping[str, str]:
        """Every field by its name or its number, as ``$name`` and ``$3``."""
        if self.tail is None:
            texts = _parts(message, len(self.head))
            fields = list(self.head)
        else:
            texts = [text for _, text in _pieces(message)]
            between = len(texts) - len(self.head) - len(self.tail)
            fields = [*self.head, *[Field("", ())] * between, *self.tail]
        if len(fields) != len(texts):
            return {}
        named = zip(fields, texts, strict=True)
        return {f"${field.name or number}": text for number, (field, text) in enumerate(named, start=1)}

    def value(self, message: str, reference: str) -> str | None:
        """The text of a field named as `extracted` names it."""
        return self.extracted(message).get(reference)

    def may_extract(self, reference: str) -> bool:
        """Whether there may be a field that `extracted` names so."""
        name = reference.removeprefix("$")
        return name.isdigit() or any(name and field.name == name for field in self._fields())

    def _fields(self) -> tuple[Field, ...]:
        return self.head + (self.tail or ())


def parse_fields(text: str) -> Fields:
    """The fields between the brackets.

    Raises:
        InvalidParameter: they are none.
    """
    scanner = Scanner(text)
    head: list[Field] = []
    tail: list[Field] | None = None
    while not (scanner.is_at_end and not head and tail is None):
        if scanner.accept(_ELLIPSIS):
            if tail is not None:
                raise invalid()
            tail = []
        else:
            (head if tail is None else tail).append(_field(scanner))
        if not scanner.accept(","):
            break
    if not scanner.is_at_end:
        raise invalid()
    needles = tuple(dict.fromkeys(text for field in head + (tail or []) for text in field.needles))
    return Fields(tuple(head), None if tail is None else tuple(tail), needles)


def _field(scanner: Scanner) -> Field:
    if scanner.character in ("", ","):
        return Field("", ())
    name = ""

    def comparison(scanner: Scanner) -> Comparison:
        nonlocal name
        found = scanner.name()
        if name and found != name:
            raise invalid()
        name = found
        return parse_comparison(scanner)

    if scanner.character in NAME:
        mark = scanner.mark()
        name = scanner.name()
        if scanner.character in ("", ","):
            return Field(name, ())
        scanner.back(mark)
    row = parse_joined(scanner, comparison)
    return Field(name, row)


def _fit(fields: Sequence[Field], texts: Sequence[str]) -> bool:
    return len(fields) == len(texts) and all(map(Field.fits, fields, texts))


def _parts(message: str, count: int) -> list[str]:
    """The first fields of an event, the last of which is all the rest; fewer when there are fewer."""
    pieces = _pieces(message)
    texts: list[str] = []
    for start, text in pieces:
        if len(texts) == count - 1:
            only = next(pieces, None) is None
            texts.append(text if only else message[start:].rstrip())
            break
        texts.append(text)
    return texts


def _take(pieces: Iterator[tuple[int, str]], count: int) -> Iterator[tuple[int, str]]:
    for _ in range(count):
        piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _pieces(message: str) -> Iterator[tuple[int, str]]:
    """Where each field of an event begins, and its text; no character is looked at more than twice."""
    last = {opening: message.rfind(closing) for opening, closing in _CLOSING.items()}
    position = 0
    while (word := _WORD.search(message, position)) is not None:
        start, opening = word.start(), message[word.start()]
        if last.get(opening, -1) > start:
            position = message.index(_CLOSING[opening], start + 1)
            yield start, message[start + 1 : position]
            position += 1
        else:
            position = word.end()
            yield start, word[0]
