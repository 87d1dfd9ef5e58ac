"""Reads the text of a pattern from left to right; what does not fit is refused in AWS's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lambdad.domain.errors import InvalidParameter

_WORD: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
NAME: Final = _WORD | frozenset("-")
"""What names of fields and properties are made of."""

BARE: Final = _WORD | frozenset(".*/:+-@#~$")
"""What values may be made of without quotes."""


def invalid() -> InvalidParameter:
    """The pattern is none."""
    return InvalidParameter("Invalid filter pattern")


def invalid_character(character: str) -> InvalidParameter:
    """A character has to be quoted, or cannot be there at all."""
    return InvalidParameter(f"Invalid character(s) in term '{character}'")


class Scanner:
    """A place in a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    @property
    def is_at_end(self) -> bool:
        """Whether nothing follows but white space."""
        self._skip()
        return self._position >= len(self._text)

    @property
    def character(self) -> str:
        """The next one that is no white space; empty at the end."""
        self._skip()
        return self._text[self._position : self._position + 1]

    @property
    def raw(self) -> str:
        """The very next one; empty at the end."""
        return self._text[self._position : self._position + 1]

    def mark(self) -> int:
        """The place, to come back to."""
        return self._position

    def back(self, mark: int) -> None:
        """Go back to a place."""
        self._position = mark

    def accept(self, literal: str) -> bool:
        """Go past a literal, if it is next."""
        self._skip()
        if not self._text.startswith(literal, self._position):
            return False
        self._position += len(literal)
        return True

    def expect(self, literal: str) -> None:
        """Go past a literal.

        Raises:
            InvalidParameter: it is not there.
        """
        if not self.accept(literal):
            raise invalid()

    def run(self, allowed: frozenset[str]) -> str:
        """As many of the allowed characters as follow at once."""
        return self.run_of(allowed.__contains__)

    def run_of(self, is_allowed: Callable[[str], bool]) -> str:
        """As many characters as are allowed and follow at once."""
        start = self._position
        while self._position < len(self._text) and is_allowed(self._text[self._position]):
            self._position += 1
        return self._text[start : self._position]

    def name(self) -> str:
        """A name.

        Raises:
            InvalidParameter: there is none.
        """
        self._skip()
        found = self.run(NAME)
        if not found:
            raise invalid()
        return found

    def quoted(self, quote: str = '"') -> str:
        """The text between two quotes, the first being next; a backslash keeps what follows it.

        Raises:
            InvalidParameter: there is no second.
        """
        self.expect(quote)
        found: list[str] = []
        while self._position < len(self._text):
            character = self._text[self._position]
            self._position += 1
            if character == quote:
                return "".join(found)
            if character == "\\" and self._position < len(self._text):
                character = self._text[self._position]
                self._position += 1
            found.append(character)
        raise InvalidParameter("Unclosed quoted string in filter pattern.")

    def expression(self) -> str:
        """The text between two percent signs.

        Raises:
            InvalidParameter: there is no second.
        """
        self.expect("%")
        end = self._text.find("%", self._position)
        if end < 0:
            raise invalid()
        start, self._position = self._position, end + 1
        return self._text[start:end]

    def _skip(self) -> None:
        while self._position < len(self._text) and self._text[self._position].isspace():
            self._position += 1
