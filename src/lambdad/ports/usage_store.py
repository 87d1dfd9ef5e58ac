"""Where it is kept what functions used.

The writing half is called once a second: it never blocks and never fails there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lambdad.domain.usage import Usage


class UsageStore(Protocol):
    """Sums by function, version, architecture, memory and day."""

    def add(self, usages: Sequence[Usage]) -> None:
        """Add to what is kept; handed to the system within a second, so that it survives `kill -9`."""
        ...

    async def read(self, account: str, *, since: str, until: str) -> list[Usage]:
        """What an account used on the days from `since` to `until`, both included; ordered by key."""
        ...

    async def flush(self) -> None:
        """Return once everything that was added before this call can be read."""
        ...
