"""A regular expression as a whole pattern, or as the value of a condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lambdad.telemetry.patterns.automaton import automaton_of
from lambdad.telemetry.patterns.expression import Alternatives, parse_expression


@dataclass(frozen=True, slots=True)
class Expression:
    """Texts in which an expression is found.

    Attributes:
        needles: texts in everything that it matches.
        literal: the text that it is, if it is just one; None otherwise.
    """

    alternatives: Alternatives
    needles: tuple[str, ...]
    literal: str | None

    has_fields = False
    expressions = 1

    @property
    def has_end(self) -> bool:
        """Whether the end of the text matters."""
        return any(alternative.at_end for alternative in self.alternatives)

    def matches(self, message: str) -> bool:
        """Whether it is found."""
        if self.literal is not None:
            return self.literal in message
        if any(needle not in message for needle in self.needles):
            return False
        automaton = automaton_of(self.alternatives)
        if automaton.is_in(message):
            return True
        # What is printed ends with its line: the end is before that, too.
        return self.has_end and message.endswith("\n") and automaton.is_in(message[:-1])

    def extracted(self, message: str) -> Mapping[str, str]:
        """An expression extracts nothing."""
        return {}

    def value(self, message: str, reference: str) -> str | None:
        """An expression has no fields."""
        return None


def expression_of(text: str) -> Expression:
    """An expression out of its text, without the percent signs around it.

    Raises:
        InvalidParameter: see `parse_expression`.
    """
    alternatives = parse_expression(text)
    if len(alternatives) > 1:
        return Expression(alternatives, (), None)
    only = alternatives[0]
    literal = "".join(item.literal for item in only.items)
    is_literal = len(literal) == len(only.items) and not (only.at_start or only.at_end)
    return Expression(alternatives, only.needles, literal if is_literal else None)
