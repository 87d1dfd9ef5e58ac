"""What holds for metric filters and subscription filters alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambdad.domain.errors import NotFound, NotOffered, QuotaExceeded
from lambdad.domain.limits import MAX_GROUP_EXPRESSIONS
from lambdad.domain.log_filter import GroupFilters
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import LogStore
from lambdad.telemetry.filter_book import Decide, FilterBook
from lambdad.telemetry.patterns.compiling import compile_pattern


def refuse_unoffered(params: Mapping[str, Any], *members: str) -> None:
    """Refuse what belongs to log transformers and to centralised logs.

    Raises:
        NotOffered: one of it is given.
    """
    for member in ("applyOnTransformedLogs", "fieldSelectionCriteria", *members):
        if params.get(member):
            raise NotOffered(f"{member} of a filter is not offered by lambdad")


async def change_filters(store: LogStore, book: FilterBook, scope: Scope, group: str, decide: Decide) -> None:
    """Change the filters of a group that is there, and is still there afterwards.

    Raises:
        NotFound: it is not.
        CallerError: whatever `decide` raised.
    """
    await store.group(scope, group)
    await book.change(scope, group, decide)
    try:
        await store.group(scope, group)
    except NotFound:
        await book.forget(scope, group)
        raise


def check_expressions(filters: GroupFilters) -> GroupFilters:
    """The filters, if not too many of them have regular expressions.

    Raises:
        QuotaExceeded: too many have.
    """
    count = sum(compile_pattern(pattern).expressions > 0 for _, pattern in filters.patterns)
    if count > MAX_GROUP_EXPRESSIONS:
        raise QuotaExceeded("Resource limit exceeded.")
    return filters
