"""Patterns of conditions on JSON: ``{ $.user.id = 1 && $.flag IS TRUE }``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from lambdad.domain.errors import InvalidParameter
from lambdad.domain.limits import MAX_LOG_SELECTOR_WILDCARDS
from lambdad.telemetry.patterns.comparing import Comparison, parse_comparison, text_of
from lambdad.telemetry.patterns.logic import Joint, decide, parse_joined
from lambdad.telemetry.patterns.matching_expression import Expression
from lambdad.telemetry.patterns.scanning import Scanner, invalid

_DIGITS: Final = frozenset("0123456789")
_MOST_DIGITS: Final = 9
_decode = msgspec.json.Decoder().decode


class Asked(StrEnum):
    """What can be asked of a property without a value to compare it with."""

    IS_NULL = "IS NULL"
    IS_TRUE = "IS TRUE"
    IS_FALSE = "IS FALSE"
    NOT_EXISTS = "NOT EXISTS"


class Wild(StrEnum):
    """A step to every property or element."""

    PROPERTY = ".*"
    ELEMENT = "[*]"


Step = str | int | Wild


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of the properties that steps lead to; of one of them where there are several."""

    steps: tuple[Step, ...]
    asked: Comparison | Asked

    def holds(self, document: object) -> bool:
        """Whether it is so in a document.

        Arrays, objects and what is not there compare with nothing, neither as equal nor as unequal.
        """
        found = _found(document, self.steps)
        match self.asked:
            case Asked.NOT_EXISTS:
                return next(found, _MISSING) is _MISSING
            case Asked.IS_NULL:
                return any(value is None for value in found)
            case Asked.IS_TRUE:
                return any(value is True for value in found)
            case Asked.IS_FALSE:
                return any(value is False for value in found)
            case Comparison():
                return any(
                    isinstance(value, str | int | float) and self.asked.holds(value) for value in found
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Properties without which it cannot hold."""
        if self.asked is Asked.NOT_EXISTS:
            return ()
        return tuple(step for step in self.steps if isinstance(step, str) and not isinstance(step, Wild))


_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Selectors:
    """JSON events by conditions on their properties.

    Attributes:
        needles: none: JSON can write any character in several ways.
        names: properties that must be there, literally unless something is escaped.
    """

    row: tuple[Condition | Joint, ...]
    names: tuple[str, ...]
    needles: tuple[str, ...] = ()

    has_fields = True

    @property
    def expressions(self) -> int:
        """How many regular expressions it has."""
        asked = (each.asked for each in self.row if isinstance(each, Condition))
        return sum(isinstance(one, Comparison) and isinstance(one.wanted, Expression) for one in asked)

    def matches(self, message: str) -> bool:
        """Whether the conditions hold; of what is no JSON object they never do."""
        if "\\" not in message and any(name not in message for name in self.names):
            return False
        document = _document(message)
        return document is not None and decide(self.row, lambda condition: condition.holds(document))

    def extracted(self, message: str) -> Mapping[str, str]:
        """Nothing is extracted, as on AWS."""
        return {}

    def value(self, message: str, reference: str) -> str | None:
        """The text or number that a selector (``$.a.b``) leads to; None when there is none."""
        document = _document(message)
        for value in _found(document, parse_selector(reference)):
            if isinstance(value, str | int | float):
                return text_of(value)
        return None


def parse_selectors(text: str) -> Selectors:
    """The conditions between the braces.

    Raises:
        InvalidParameter: they are none.
    """
    scanner = Scanner(text)
    row = parse_joined(scanner, _condition)
    if not scanner.is_at_end:
        raise invalid()
    conditions = [each for each in row if isinstance(each, Condition)]
    if sum(_wildcards(each.steps) for each in conditions) > MAX_LOG_SELECTOR_WILDCARDS:
        raise InvalidParameter(
            f"A filter pattern can have at most {MAX_LOG_SELECTOR_WILDCARDS} wildcard selectors"
        )
    needed = () if Joint.OR in row else tuple(name for each in conditions for name in each.names)
    return Selectors(row, tuple(dict.fromkeys(needed)))


def parse_selector(text: str) -> tuple[Step, ...]:
    """The steps of a selector that stands alone.

    Raises:
        InvalidParameter: it is none.
    """
    scanner = Scanner(text)
    steps = _selector(scanner)
    if not scanner.is_at_end:
        raise invalid()
    return steps


def _condition(scanner: Scanner) -> Condition:
    steps = _selector(scanner)
    if scanner.accept("NOT"):
        scanner.expect("EXISTS")
        return Condition(steps, Asked.NOT_EXISTS)
    if scanner.accept("IS"):
        for word, test in (("NULL", Asked.IS_NULL), ("TRUE", Asked.IS_TRUE), ("FALSE", Asked.IS_FALSE)):
            if scanner.accept(word):
                return Condition(steps, test)
        raise invalid()
    return Condition(steps, parse_comparison(scanner))


def _selector(scanner: Scanner) -> tuple[Step, ...]:
    scanner.expect("$")
    steps: list[Step] = []
    while scanner.raw in (".", "["):
        if scanner.accept("."):
            steps.append(_property(scanner))
        else:
            steps.append(_element(scanner))
    if not steps or _wildcards(steps) > 1:
        raise invalid()
    return tuple(steps)


def _property(scanner: Scanner) -> Step:
    if scanner.accept("*"):
        return Wild.PROPERTY
    return _element(scanner) if scanner.raw == "[" else scanner.name()


def _element(scanner: Scanner) -> Step:
    scanner.expect("[")
    step: Step
    if scanner.character in ("'", '"'):
        step = scanner.quoted(scanner.character)
    elif scanner.accept("*"):
        step = Wild.ELEMENT
    else:
        digits = scanner.run(_DIGITS)
        if not 0 < len(digits) <= _MOST_DIGITS:
            raise invalid()
        step = int(digits)
    scanner.expect("]")
    return step


def _wildcards(steps: Sequence[Step]) -> int:
    return sum(isinstance(step, Wild) for step in steps)


def _document(message: str) -> object:
    if not message.lstrip().startswith("{"):
        return None
    try:
        return _decode(message)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return None


def _found(document: Any, steps: Sequence[Step]) -> Iterator[Any]:
    """What steps lead to, with at most one wildcard among them."""
    for number, step in enumerate(steps):
        if isinstance(step, Wild):
            members = _members(document, step)
            for member in members:
                yield from _found(member, steps[number + 1 :])
            return
        if isinstance(step, int):
            if not isinstance(document, list) or step >= len(document):
                return
        elif not isinstance(document, dict) or step not in document:
            return
        document = document[step]
    yield document


def _members(document: Any, step: Wild) -> Sequence[Any]:
    if isinstance(document, dict):
        return list(document.values()) if step is Wild.PROPERTY else ()
    return document if isinstance(document, list) and step is Wild.ELEMENT else ()
