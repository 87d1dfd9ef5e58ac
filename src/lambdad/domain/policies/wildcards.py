"""Matching with `*` and `?` in time that a hostile pattern cannot blow up.

A regular expression with many stars backtracks; here each part between two stars is found once, from left
to right, which is enough because the earliest place leaves most room for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum


class Wild(Enum):
    """A character of a pattern that stands for others."""

    ONE = "?"
    MANY = "*"


Piece = str | Wild
"""Literal text, or a wildcard."""

_RUNS = re.compile(r"[*?]|[^*?]+")
_WILDCARDS: dict[str, Piece] = {wild.value: wild for wild in Wild}


def pieces_of(text: str) -> list[Piece]:
    """Read `*` and `?` in a text as wildcards."""
    if "*" not in text and "?" not in text:
        return [text]
    return [_WILDCARDS.get(run, run) for run in _RUNS.findall(text)]


class Glob:
    """A pattern, ready to match.

    Args:
        pieces: what it consists of.
        fold: whether upper and lower case are the same.
    """

    __slots__ = ("_fold", "_literal", "_parts")

    def __init__(self, pieces: Sequence[Piece], *, fold: bool = False) -> None:
        self._fold = fold
        self._literal: str | None = None
        if len(pieces) == 1 and isinstance(pieces[0], str):
            self._literal = pieces[0].lower() if fold else pieces[0]
            return
        self._parts = tuple(_Part(between, fold=fold) for between in _between_stars(pieces))

    def __str__(self) -> str:
        """The pattern; in lower case when case is all the same to it."""
        return self._literal if self._literal is not None else "*".join(part.text for part in self._parts)

    def matches(self, text: str) -> bool:
        """Whether all of `text` is what the pattern says."""
        if self._fold:
            text = text.lower()
        if self._literal is not None:
            return text == self._literal
        first, *middle = self._parts
        if not middle:
            return len(text) == first.length and first.is_at(text, 0)
        *middle, last = middle
        end = len(text) - last.length
        if end < first.length or not (first.is_at(text, 0) and last.is_at(text, end)):
            return False
        at = first.length
        for part in middle:
            found = part.find(text, at, end)
            if found < 0:
                return False
            at = found + part.length
        return True


class _Part:
    """What stands between two stars; of one length, so its expression never backtracks."""

    __slots__ = ("_expression", "length", "text")

    def __init__(self, pieces: Sequence[Piece], *, fold: bool) -> None:
        texts = [piece if isinstance(piece, Wild) or not fold else piece.lower() for piece in pieces]
        self.text = "".join(piece.value if isinstance(piece, Wild) else piece for piece in texts)
        self.length = len(self.text)
        self._expression: re.Pattern[str] | None = None
        if Wild.ONE in texts:
            escaped = ("." if isinstance(piece, Wild) else re.escape(piece) for piece in texts)
            self._expression = re.compile("".join(escaped), re.DOTALL)

    def is_at(self, text: str, at: int) -> bool:
        if self._expression is None:
            return text.startswith(self.text, at)
        return self._expression.match(text, at) is not None

    def find(self, text: str, start: int, end: int) -> int:
        if self._expression is None:
            return text.find(self.text, start, end)
        found = self._expression.search(text, start, end)
        return -1 if found is None else found.start()


def _between_stars(pieces: Sequence[Piece]) -> list[list[Piece]]:
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece is Wild.MANY:
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts
