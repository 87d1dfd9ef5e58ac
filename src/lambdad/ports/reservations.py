"""Whoever counts concurrency, as the control plane sees it."""

from __future__ import annotations

from typing import Protocol

from lambdad.domain.scope import Scope


class Reservations(Protocol):
    """Gives functions concurrency of their own; each call comes on the loop and returns at once."""

    def reserve(self, scope: Scope, name: str, limit: int | None) -> None:
        """A function may run so often at once from its next call on; None: it shares with the others."""
        ...
