"""Conditions joined by && and ||, with parentheses: read into a flat row of values, and decided over one.

The row has the conditions in order and each joint behind the two it joins, so that no depth of parentheses
is a depth of calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar

from lambdad.telemetry.patterns.scanning import Scanner, invalid

T = TypeVar("T")


class Joint(StrEnum):
    """How two conditions are joined."""

    AND = "&&"
    OR = "||"


_OPEN = "("


def parse_joined(scanner: Scanner, condition: Callable[[Scanner], T]) -> tuple[T | Joint, ...]:
    """Conditions up to where none is joined any more.

    Raises:
        InvalidParameter: a parenthesis is missing, or what `condition` raises.
    """
    row: list[T | Joint] = []
    waiting: list[str] = []
    while True:
        while scanner.accept(_OPEN):
            waiting.append(_OPEN)
        row.append(condition(scanner))
        while _OPEN in waiting and scanner.accept(")"):
            _close(row, waiting)
        joint = next((joint for joint in Joint if scanner.accept(joint)), None)
        if joint is None:
            break
        while waiting and waiting[-1] != _OPEN and (waiting[-1] == Joint.AND or joint is Joint.OR):
            row.append(Joint(waiting.pop()))
        waiting.append(joint)
    if _OPEN in waiting:
        raise invalid()
    row.extend(Joint(joint) for joint in reversed(waiting))
    return tuple(row)


def _close(row: list[T | Joint], waiting: list[str]) -> None:
    while waiting[-1] != _OPEN:
        row.append(Joint(waiting.pop()))
    waiting.pop()


def decide(row: Sequence[T | Joint], holds: Callable[[T], bool]) -> bool:
    """Whether the whole holds, by what holds of its conditions."""
    stack: list[bool] = []
    for each in row:
        if isinstance(each, Joint):
            right, left = stack.pop(), stack.pop()
            stack.append((left and right) if each is Joint.AND else (left or right))
        else:
            stack.append(holds(each))
    return stack[0]
