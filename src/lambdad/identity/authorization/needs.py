"""What a request needs: actions, each on one resource, with condition keys that only its service knows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

EVERYTHING = "*"
"""The resource of actions that are about none in particular; a policy must name it so."""
UNKNOWN = ""
"""The resource of a request that does not say which: its action alone is checked."""

Values = Sequence[str]
Later = Callable[[str], Awaitable[Values]]
"""From a condition key in lower case to its values, looked up only when a policy mentions it."""


async def _nothing(_: str) -> Values:
    return ()


@dataclass(frozen=True, slots=True)
class Need:
    """One permission.

    Attributes:
        action: with its service: ``lambda:InvokeFunction``.
        resource: an ARN, `EVERYTHING` or `UNKNOWN`.
        keys: condition keys that the request itself shows, in lower case.
        later: others that belong to the resource.
    """

    action: str
    resource: str
    keys: Mapping[str, Values] = field(default_factory=dict)
    later: Later = _nothing


def account_of(resource: str) -> str | None:
    """The account in an ARN; None when it has none, as those of buckets."""
    parts = resource.split(":", 5)
    return parts[4] or None if len(parts) == 6 else None
