"""What holds for metric filters and subscription filters alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.errors import NotOffered, QuotaExceeded
from lambdad.domain.limits import MAX_GROUP_EXPRESSIONS
from lambdad.domain.log_filter import GroupFilters
from lambdad.telemetry.patterns.compiling import compile_pattern


def refuse_unoffered(params: Mapping[str, Any], *members: str) -> None:
    """Refuse what belongs to log transformers and to centralised logs.

    Raises:
        NotOffered: one of it is given.
    """
    for member in ("applyOnTransformedLogs", "fieldSelectionCriteria", *members):
        if params.get(member):
            raise NotOffered(f"{member} of a filter is not offered by lambdad")


def check_expressions(filters: GroupFilters) -> GroupFilters:
    """The filters, if not too many of them have regular expressions.

    Raises:
        QuotaExceeded: too many have.
    """
    count = sum(compile_pattern(pattern).expressions > 0 for _, pattern in filters.patterns)
    if count > MAX_GROUP_EXPRESSIONS:
        raise QuotaExceeded("Resource limit exceeded.")
    return filters
