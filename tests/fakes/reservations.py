"""Implements `ports.reservations.Reservations`: notes what functions have."""

from __future__ import annotations

from lambdad.domain.scope import Scope


class FakeReservations:
    """What was reserved last, by scope and function."""

    def __init__(self) -> None:
        self.limits: dict[tuple[Scope, str], int] = {}

    def reserve(self, scope: Scope, name: str, limit: int | None) -> None:
        self.limits.pop((scope, name), None)
        if limit is not None:
            self.limits[scope, name] = limit
