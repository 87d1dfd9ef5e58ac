"""Violations of CloudWatch's own rules: what kind of error each is, and how several become one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from lambdad.domain.errors import InvalidParameter


class Violation(NamedTuple):
    """One sentence about a request."""

    kind: type[InvalidParameter]
    text: str


def refuse(violations: Iterable[Violation]) -> None:
    """Raise the first violation, together with all others of its kind, a line each.

    Source: aws-robotics/cloudwatchmetrics-ros1 issue 46, an answer with six lines.
    """
    found = list(violations)
    if found:
        kind = found[0].kind
        raise kind("\n".join(one.text for one in found if one.kind is kind))
