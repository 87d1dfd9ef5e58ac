"""Whether an event matches an event pattern: EventBridge's whole grammar; pure.

What is a pattern at all is decided by `domain.event_pattern`; here every pattern is one. The fields of a
pattern must all match, of the values of a field one must. A field of the event that is a list matches when
one of its elements does.

Source: EventBridge user guide, "Comparison operators for use in event patterns", and the rules of AWS's open
event ruler (numbers compare as numbers, `exists` looks at leaves only, an empty list is no value).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

_ABSENT: Final = object()
_SIGNS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(pattern: Mapping[str, Any], event: object) -> bool:
    """Whether an event has everything that a pattern says.

    Args:
        pattern: decoded, of `domain.event_pattern`'s syntax.
        event: decoded JSON; what is no object has no fields.
    """
    fields = event if isinstance(event, dict) else {}
    for name, wanted in pattern.items():
        if name == "$or" and isinstance(wanted, list):
            if not any(matches(alternative, fields) for alternative in wanted):
                return False
        elif isinstance(wanted, dict):
            found = fields.get(name)
            if isinstance(found, list):
                if not any(matches(wanted, one) for one in (_elements(found) if found else ({},))):
                    return False
            elif not matches(wanted, found):
                return False
        elif not matches_value(wanted, fields.get(name, _ABSENT)):
            return False
    return True


def matches_value(wanted: list[Any], found: object) -> bool:
    """Whether a field's value is one of those wanted; an object is no value."""
    leaves = [one for one in _elements(found) if not isinstance(one, dict)]
    for one in wanted:
        if isinstance(one, dict) and "exists" in one:
            if bool(leaves) == one["exists"]:
                return True
        elif any(_is(one, leaf) for leaf in leaves):
            return True
    return False


def _elements(found: object) -> Iterator[object]:
    """The value, or the elements of a list and of lists in it; nothing of what is not there."""
    if found is _ABSENT:
        return
    pending = [found]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending += reversed(one)
        else:
            yield one


def _is(wanted: object, leaf: object) -> bool:
    """Whether one value is what one comparison wants."""
    if not isinstance(wanted, dict):
        return _same(wanted, leaf)
    ((name, operand),) = wanted.items()
    return _COMPARISONS[name](operand, leaf)


def _same(wanted: object, leaf: object) -> bool:
    """Equality as JSON has it: ``true`` is no 1, and 1 is 1.0."""
    if isinstance(wanted, bool) or isinstance(leaf, bool):
        return wanted is leaf
    return bool(wanted == leaf)


def _text(test: Callable[[str, Any], bool]) -> Callable[[Any, object], bool]:
    """A comparison that only texts can pass."""
    return lambda operand, leaf: isinstance(leaf, str) and test(leaf, operand)


def _begins(leaf: str, operand: Any) -> bool:
    if isinstance(operand, dict):
        return leaf.lower().startswith(operand["equals-ignore-case"].lower())
    return leaf.startswith(operand)


def _ends(leaf: str, operand: Any) -> bool:
    if isinstance(operand, dict):
        return leaf.lower().endswith(operand["equals-ignore-case"].lower())
    return leaf.endswith(operand)


def _equals(leaf: str, operand: Any) -> bool:
    return bool(leaf.lower() == operand.lower())


def _is_like(leaf: str, operand: Any) -> bool:
    """Whether a text is like one with stars. Piece by piece, so that no text takes long."""
    pieces = _pieces(operand)
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return leaf == first
    if len(leaf) < len(first) + len(last) or not leaf.startswith(first) or not leaf.endswith(last):
        return False
    at, end = len(first), len(leaf) - len(last)
    for piece in pieces[1:-1]:
        at = leaf.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


@lru_cache(maxsize=1_024)
def _pieces(operand: str) -> tuple[str, ...]:
    """What stands between the stars; a backslash takes the next character as it is."""
    pieces = [""]
    for part in re.findall(r"\\.|.", operand, re.DOTALL):
        if part == "*":
            pieces.append("")
        else:
            pieces[-1] += part[-1]
    return tuple(pieces)


def _is_in_range(operand: Any, leaf: object) -> bool:
    if isinstance(leaf, bool) or not isinstance(leaf, int | float):
        return False
    return all(_SIGNS[sign](leaf, bound) for sign, bound in zip(operand[::2], operand[1::2], strict=True))


def _is_other(operand: Any, leaf: object) -> bool:
    """`anything-but`: a value, several, or one of the comparisons of texts."""
    if not isinstance(operand, dict):
        return not any(_same(one, leaf) for one in (operand if isinstance(operand, list) else [operand]))
    ((name, excluded),) = operand.items()
    excluded = excluded if isinstance(excluded, list) else [excluded]
    return not any(_COMPARISONS[name](one, leaf) for one in excluded)


def _is_in_network(leaf: str, operand: Any) -> bool:
    import ipaddress  # noqa: PLC0415 - few patterns need it, and every start would pay

    try:
        return ipaddress.ip_address(leaf) in ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return False


_COMPARISONS: Final[Mapping[str, Callable[[Any, object], bool]]] = {
    "prefix": _text(_begins),
    "suffix": _text(_ends),
    "equals-ignore-case": _text(_equals),
    "wildcard": _text(_is_like),
    "cidr": _text(_is_in_network),
    "anything-but": _is_other,
    "numeric": _is_in_range,
}
