"""The syntax of event patterns: what a filter of an event source mapping may say.

Only whether a pattern is one; `sources.matching` compares. Patterns come from callers: however deep they are,
nothing here recurses.

Source: "Amazon EventBridge event patterns" and the rules of AWS's open event ruler; that a bare value, an
empty list or no object is refused: LocalStack's recording test_sqs_invalid_event_filter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

_MIN_ALTERNATIVES: Final = 2
"""Of ``$or``; with fewer it would say nothing."""

_LOWER: Final = frozenset({">", ">="})
_UPPER: Final = frozenset({"<", "<="})


def is_pattern(text: str) -> bool:
    """Whether a text is an event pattern."""
    try:
        pattern = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    pending = [pattern]
    while pending:
        fields = pending.pop()
        if not isinstance(fields, dict) or not fields:
            return False
        for name, value in fields.items():
            inner = _inner(name, value)
            if inner is None:
                return False
            pending.extend(inner)
    return True


def _inner(name: str, value: object) -> Iterable[object] | None:
    """The objects inside one field that must be patterns too; None when the field is no pattern."""
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list) or not value:
        return None
    if name == "$or":
        return value if len(value) >= _MIN_ALTERNATIVES else None
    return () if all(map(_is_match, value)) else None


def _is_match(value: object) -> bool:
    """Whether a value is one of those that a field is compared with."""
    if not isinstance(value, dict):
        return not isinstance(value, list)
    return _is_comparison(_COMPARISONS, value)


def _is_comparison(known: Mapping[str, Callable[[Any], bool]], value: Mapping[str, object]) -> bool:
    if len(value) != 1:
        return False
    ((name, operand),) = value.items()
    return name in known and known[name](operand)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_edge(value: object) -> bool:
    """What a prefix or suffix is: text, or text whose case does not count."""
    if isinstance(value, dict):
        return _is_comparison({"equals-ignore-case": _is_text}, value)
    return _is_text(value)


def _is_wildcard(value: object) -> bool:
    """Text in which ``*`` stands for anything, never twice in a row; a backslash keeps the next character."""
    if not isinstance(value, str):
        return False
    position, was_star = 0, False
    while position < len(value):
        if value[position] == "\\":
            if value[position + 1 : position + 2] not in ("*", "\\"):
                return False
            position += 1
            was_star = False
        elif value[position] == "*":
            if was_star:
                return False
            was_star = True
        else:
            was_star = False
        position += 1
    return True


def _is_range(value: object) -> bool:
    """``["=", n]``, one bound, or a lower and an upper bound in this order."""
    if not isinstance(value, list) or len(value) not in (2, 4) or not all(map(_is_number, value[1::2])):
        return False
    signs = value[::2]
    if not all(map(_is_text, signs)):
        return False
    if len(signs) == 1:
        return signs[0] == "=" or signs[0] in _LOWER | _UPPER
    return signs[0] in _LOWER and signs[1] in _UPPER and value[1] < value[3]


def _is_network(value: object) -> bool:
    """An address block, of either family."""
    import ipaddress  # noqa: PLC0415 - few patterns need it, and every start would pay

    try:
        return isinstance(value, str) and bool(ipaddress.ip_network(value, strict=False))
    except ValueError:
        return False


def _is_excluded(value: object) -> bool:
    """What ``anything-but`` takes: a value, values of one type, or one of the comparisons of texts."""
    if isinstance(value, dict):
        return _is_comparison(_EXCLUSIONS, value)
    if isinstance(value, list):
        return bool(value) and (all(map(_is_text, value)) or all(map(_is_number, value)))
    return _is_text(value) or _is_number(value)


def _one_or_more(is_one: Callable[[object], bool]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if isinstance(value, list):
            return bool(value) and all(map(is_one, value))
        return is_one(value)

    return check


_EXCLUSIONS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "prefix": _one_or_more(_is_text),
    "suffix": _one_or_more(_is_text),
    "equals-ignore-case": _one_or_more(_is_text),
    "wildcard": _one_or_more(_is_wildcard),
}

_COMPARISONS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "prefix": _is_edge,
    "suffix": _is_edge,
    "equals-ignore-case": _is_text,
    "wildcard": _is_wildcard,
    "anything-but": _is_excluded,
    "numeric": _is_range,
    "exists": lambda value: isinstance(value, bool),
    "cidr": _is_network,
}
