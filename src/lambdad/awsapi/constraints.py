"""What the model allows, checked in AWS's words; pure.

botocore's own validator looks at types and minima only. This one checks everything the model says:
required members, lengths, ranges, patterns and enumerations, at any depth, and reports every
violation in the order of the model's members. After it comes the control plane's handler.

Source: 20 recorded answers (tests/protocol/data/validation_messages.json); the order of the
constraints of one value (pattern before length) from public answers of other AWS services.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lambdad.awsapi import overrides, patterns, timestamps
from lambdad.awsapi.model import Shape
from lambdad.domain.errors import ConstraintViolations

_NOT_NULL = "Member must not be null"
_NUMBERS = frozenset({"integer", "long", "short", "byte", "float", "double", "bigInteger", "bigDecimal"})
_REALS = frozenset({"float", "double", "bigDecimal"})


def check(shape: Shape | None, params: Mapping[str, Any]) -> None:
    """Check the parameters of an operation against its input shape.

    Raises:
        ConstraintViolations: one or more values are not allowed.
    """
    if shape is None:
        return
    found = list(violations(shape, params))
    if found:
        raise ConstraintViolations(found)


def violations(shape: Shape, params: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Every violation among the members of one structure, as AWS words it.

    Args:
        shape: a structure.
        params: its members, as `parse` reads them.
        path: camel-case path of the structure; empty for the input itself.
    """
    for member in shape.members.values():
        where = f"{path}.{_camel(member.name)}" if path else _camel(member.name)
        value = params.get(member.name)
        if value is not None:
            if member.name in overrides.MODELLED_RUNTIMES:
                yield from _runtimes(member.shape, value, where)
            yield from _value(member.shape, value, where)
        elif member.required:
            subject = "Value" if member.shape.is_sensitive else "Value null"
            yield f"{subject} at '{where}' failed to satisfy constraint: {_NOT_NULL}"


def _value(shape: Shape, value: Any, where: str) -> Iterator[str]:
    for constraint in _broken(shape, value):
        yield _sentence(shape, value, where, constraint)
    if shape.kind == "structure" and not shape.is_document:
        if isinstance(value, Mapping):  # a payload of events is bytes
            yield from violations(shape, value, where)
    elif shape.kind == "list":
        yield from _list(shape, value, where)
    elif shape.kind == "map":
        yield from _map(shape, value, where)


def _runtimes(shape: Shape, value: Any, where: str) -> Iterator[str]:
    """Runtimes that the model knows, one or a list of them."""
    is_list = isinstance(value, list)
    known = (shape.element.shape if is_list else shape).raw["enum"]
    if any(item is not None and item not in known for item in (value if is_list else [value])):
        yield _sentence(shape, value, where, _enum(known))


def _list(shape: Shape, items: list[Any], where: str) -> Iterator[str]:
    element = shape.element.shape
    nullable = shape.name in overrides.NULLABLE_ELEMENTS
    if any((item is None and not nullable) or _breaks(element, item) for item in items):
        listed = _described(element, nullable=nullable)
        yield _sentence(shape, items, where, f"Member must satisfy constraint: [{listed}]")
    if _is_nested(element):
        for number, item in enumerate(items, start=1):
            if item is not None:
                yield from _inside(element, item, f"{where}.{number}.member")


def _map(shape: Shape, items: Mapping[str, Any], where: str) -> Iterator[str]:
    key, element = shape.key.shape, shape.value.shape
    if any(_breaks(key, name) for name in items):
        listed = _described(key, nullable=True)
        yield _sentence(shape, items, where, f"Map keys must satisfy constraint: [{listed}]")
    if any(item is None or _breaks(element, item) for item in items.values()):
        listed = _described(element, nullable=False)
        yield _sentence(shape, items, where, f"Map value must satisfy constraint: [{listed}]")
    if _is_nested(element):
        for name, item in items.items():
            if item is not None:
                yield from _inside(element, item, f"{where}.{name}.member")


def _inside(shape: Shape, value: Any, where: str) -> Iterator[str]:
    """What lies inside an element; the element's own constraints are stated with its collection."""
    if shape.kind == "structure":
        yield from violations(shape, value, where)
    elif shape.kind == "list":
        yield from _list(shape, value, where)
    else:
        yield from _map(shape, value, where)


def _is_nested(shape: Shape) -> bool:
    return shape.kind in ("structure", "list", "map") and not shape.is_document


def _breaks(shape: Shape, value: Any) -> bool:
    return value is not None and next(_broken(shape, value), None) is not None


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    """Constraints of `shape` that one value breaks, the pattern before the bounds."""
    raw = shape.raw
    if "enum" in raw and value not in raw["enum"] and shape.name not in overrides.FREE_ENUMS:
        yield _enum(raw["enum"])
    if "pattern" in raw and isinstance(value, str) and not patterns.matches(raw["pattern"], value):
        yield _pattern(raw["pattern"])
    size = _size(shape, value)
    least, most = raw.get("min"), raw.get("max")
    if size is not None and most is not None and size > most:
        yield _bound(shape, "less", most)
    if size is not None and least is not None and size < least:
        yield _bound(shape, "greater", least)


def _described(shape: Shape, *, nullable: bool) -> str:
    """All constraints of an element, broken or not: that is how AWS words a collection's violation."""
    raw = shape.raw
    listed = []
    if "enum" in raw:
        listed.append(_enum(raw["enum"]))
    if "max" in raw:
        listed.append(_bound(shape, "less", raw["max"]))
    if "min" in raw:
        listed.append(_bound(shape, "greater", raw["min"]))
    if "pattern" in raw:
        listed.append(_pattern(raw["pattern"]))
    if not nullable:
        listed.append(_NOT_NULL)
    return ", ".join(listed)


def _enum(values: list[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _pattern(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _bound(shape: Shape, side: str, bound: float) -> str:
    what = "value" if shape.kind in _NUMBERS else "length"
    number = float(bound) if shape.kind in _REALS else int(bound)
    return f"Member must have {what} {side} than or equal to {number}"


def _size(shape: Shape, value: Any) -> float | None:
    """What min and max count: a number itself, UTF-16 units of text, bytes, items."""
    if shape.kind in _NUMBERS:
        return float(value) if shape.kind in _REALS else int(value)
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-16-le", "surrogatepass")) // 2
    return len(value) if isinstance(value, bytes | list | Mapping) else None


def _sentence(shape: Shape, value: Any, where: str, constraint: str) -> str:
    subject = "Value" if shape.is_sensitive else f"Value '{_shown(value)}'"
    return f"{subject} at '{where}' failed to satisfy constraint: {constraint}"


def _shown(value: Any) -> str:
    """A value as AWS's (Java) services print it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={_shown(item)}" for key, item in value.items()) + "}"
    if isinstance(value, bytes):
        return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
    if isinstance(value, datetime):
        return str(timestamps.write(value, timestamps.ISO8601))
    return "null" if value is None else str(value)


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
