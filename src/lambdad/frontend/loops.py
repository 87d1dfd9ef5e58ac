"""Which functions may call themselves over and over, and how many calls were stopped."""

from __future__ import annotations

from lambdad.domain.scope import Scope


class Loops:
    """What the frontend has to know without asking anybody.

    Attributes:
        stopped: calls refused since the server started (`RecursiveInvocationsDropped`).
    """

    def __init__(self) -> None:
        self._allowed: set[tuple[Scope, str]] = set()
        self.stopped = 0

    def allow(self, scope: Scope, name: str, allowed: bool) -> None:
        """A function may go round without end from now on, or no longer; routes must be made anew."""
        (self._allowed.add if allowed else self._allowed.discard)((scope, name))

    def allows(self, scope: Scope, name: str) -> bool:
        """Whether a function may."""
        return (scope, name) in self._allowed
