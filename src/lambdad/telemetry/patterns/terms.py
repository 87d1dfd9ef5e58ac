"""Patterns of terms: texts that an event contains, or does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lambdad.telemetry.patterns.scanning import Scanner, invalid_character


@dataclass(frozen=True, slots=True)
class Terms:
    """Events by the texts they contain; a pattern without terms is every event.

    Attributes:
        needles: all of them must be there.
        excluded: none of them may be there.
        optional: one of them must be there; of no account beside others, as on AWS.
    """

    needles: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    has_fields = False
    expressions = 0

    def matches(self, message: str) -> bool:
        """Whether the texts are in it."""
        if self.needles or self.excluded:
            return all(term in message for term in self.needles) and not any(
                term in message for term in self.excluded
            )
        return not self.optional or any(term in message for term in self.optional)

    def extracted(self, message: str) -> Mapping[str, str]:
        """Terms extract nothing."""
        return {}

    def value(self, message: str, reference: str) -> str | None:
        """Terms have no fields."""
        return None


def parse_terms(text: str) -> Terms:
    """The terms of a pattern.

    Raises:
        InvalidParameter: a quote is open, or a character must be quoted.
    """
    scanner = Scanner(text)
    found: dict[str, list[str]] = {"": [], "-": [], "?": []}
    while not scanner.is_at_end:
        sign = next((sign for sign in "-?" if scanner.accept(sign)), "")
        term = _term(scanner)
        if term.strip():  # a blank phrase is every event
            found[sign].append(term)
    return Terms(tuple(found[""]), tuple(found["-"]), tuple(found["?"]))


def _term(scanner: Scanner) -> str:
    if scanner.raw == '"':
        return scanner.quoted()
    term = scanner.run_of(_is_word)
    following = scanner.raw
    if not term or (following and not following.isspace() and following != '"'):
        raise invalid_character(following)
    return term


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
