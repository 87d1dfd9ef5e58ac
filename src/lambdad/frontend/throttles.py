"""Calls and events refused because a quota was used up, by function and reason, for those who look.

The first refusal of a function for a reason, and then one a minute, is told in the server's log, so that
nobody searches for a limit that is met on a fast machine only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from lambdad.domain.scope import Scope

_MOST_KINDS: Final = 10_000
"""Functions and reasons counted one by one; the rest is counted together."""

_SILENT_S: Final = 60.0
_REST: Final = ("", "")

_log = logging.getLogger("lambdad.frontend")


@dataclass(slots=True)
class Throttle:
    """Refusals of one function for one reason.

    Attributes:
        scope: None for the rest that is not counted one by one.
        told_at: monotonic seconds when the log was told last.
    """

    scope: Scope | None
    function: str
    reason: str
    count: int = 0
    told_at: float = 0.0


class Throttles:
    """Counts refusals since the server started."""

    def __init__(self) -> None:
        self._found: dict[tuple[Scope | None, str, str], Throttle] = {}

    def count(self, scope: Scope, function: str, reason: str, now: float) -> None:
        """A call or event of a function was refused; `now` in monotonic seconds."""
        key: tuple[Scope | None, str, str] = (scope, function, reason)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= _MOST_KINDS:
                key = (None, *_REST)
            found = self._found.setdefault(key, Throttle(*key))
        found.count += 1
        if found.count == 1 or now - found.told_at >= _SILENT_S:
            found.told_at = now
            _log.warning(
                "%s is throttled: %s (%d times so far)",
                found.function or "a function",
                found.reason or reason,
                found.count,
                extra={"event": "frontend.throttled", "function": function, "reason": reason},
            )

    def report(self) -> Iterable[Throttle]:
        """Everything counted, in the order it was first seen."""
        return self._found.values()
