"""Pages of filters, in order of name and then of group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lambdad.domain.limits import MAX_LOG_DESCRIBE_ITEMS
from lambdad.telemetry.log_tokens import opaque, parse_opaque


def page(
    items: Sequence[tuple[str, str, dict[str, Any]]], member: str, params: dict[str, Any]
) -> dict[str, Any]:
    """The page that a Describe operation asks for.

    Args:
        items: name, group and what is shown of each.
        member: of the answer that holds them.
        params: of the request.

    Raises:
        InvalidParameter: the token is none.
    """
    ordered = sorted(items, key=lambda item: item[:2])
    token = params.get("nextToken")
    if token is not None:
        behind = tuple(parse_opaque(token, 2))
        ordered = [item for item in ordered if item[:2] > behind]
    limit = params.get("limit", MAX_LOG_DESCRIBE_ITEMS)
    answer: dict[str, Any] = {member: [shown for _, _, shown in ordered[:limit]]}
    if len(ordered) > limit:
        answer["nextToken"] = opaque(*ordered[limit - 1][:2])
    return answer
