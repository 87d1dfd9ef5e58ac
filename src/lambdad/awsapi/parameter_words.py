"""What the model allows, checked in CloudWatch's words; pure.

CloudWatch is older than the validation of other services and has sentences of its own: one per violation, a
line each, about parameters by the names that its query protocol gives them.

Source: answers of AWS that users reported: a missing or too long parameter, a value outside its set
(aws-cli issue 342), too many metrics (papertrail-services issue 66), several at once (telegraf issue 5420).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambdad.awsapi import patterns
from lambdad.awsapi.model import Shape
from lambdad.domain.errors import InvalidParameter, InvalidQuery, MissingParameter

_AS_VALIDATION = frozenset({"GetMetricDataInput"})
"""Inputs all of whose violations have one name, ValidationError."""
Violation = tuple[type[MissingParameter | InvalidParameter], str]


def check(shape: Shape | None, params: Mapping[str, Any]) -> None:
    """Check the parameters of an operation against its input shape.

    Raises:
        MissingParameter, InvalidParameter, InvalidQuery: one or more values are missing or not allowed.
    """
    if shape is None:
        return
    found = list(_structure(shape, params, ""))
    if not found:
        return
    if shape.name in _AS_VALIDATION:
        raise InvalidQuery([text for _, text in found])
    kind = found[0][0]
    raise kind("\n".join(text for one, text in found if one is kind))


def _structure(shape: Shape, params: Mapping[str, Any], path: str) -> Iterator[Violation]:
    for member in shape.members.values():
        where = f"{path}.{member.name}" if path else member.name
        value = params.get(member.name)
        if value is not None and value != "":
            yield from _value(member.shape, value, where)
        elif member.required:
            yield MissingParameter, f"The parameter {where} is required."


def _value(shape: Shape, value: Any, where: str) -> Iterator[Violation]:
    raw = shape.raw
    if shape.kind == "structure":
        yield from _structure(shape, value, where)
    elif shape.kind == "list":
        yield from _list(shape, value, where)
    elif shape.kind == "string":
        yield from _string(raw, value, where)
    elif shape.kind in ("integer", "long"):
        if value < raw.get("min", value):
            yield InvalidParameter, f"The parameter {where} must be greater than or equal to {raw['min']}."
        if value > raw.get("max", value):
            yield InvalidParameter, f"The parameter {where} must be less than or equal to {raw['max']}."


def _list(shape: Shape, items: list[Any], where: str) -> Iterator[Violation]:
    most = shape.raw.get("max")
    if most is not None and len(items) > most:
        yield InvalidParameter, f"The collection {where} must not have a size greater than {most}."
        return
    element = shape.element.shape
    if element.kind == "double":  # thousands of them, and nothing to say about one
        if None in items:
            yield InvalidParameter, f"The parameter {where}.member.{items.index(None) + 1} is required."
        return
    for number, item in enumerate(items, start=1):
        if item is None:
            yield InvalidParameter, f"The parameter {where}.member.{number} is required."
        else:
            yield from _value(element, item, f"{where}.member.{number}")


def _string(raw: Mapping[str, Any], value: str, where: str) -> Iterator[Violation]:
    if "enum" in raw and value not in raw["enum"]:
        allowed = ", ".join(raw["enum"])
        yield InvalidParameter, f"The parameter {where} must be a value in the set [ {allowed} ]."
    elif len(value) > raw.get("max", len(value)):
        yield InvalidParameter, f"The parameter {where} must be shorter than {raw['max'] + 1} characters."
    elif "pattern" in raw and not patterns.matches(raw["pattern"], value):
        yield InvalidParameter, f"The value {value} for parameter {where} is invalid."
