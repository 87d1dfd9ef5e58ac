"""How a version is ordered and stored: `$LATEST` is 0, and numbers are themselves."""

from __future__ import annotations

from lambdad.domain.function import LATEST

BEFORE_LATEST = -1
"""What is no version: sorts before all and is never found."""
_MAX_DIGITS = 18  # what an SQLite integer holds


def number_of(version: str) -> int:
    """The stored number of a version; `BEFORE_LATEST` for what is no version."""
    if version == LATEST:
        return 0
    canonical = version.isascii() and version.isdigit() and not version.startswith("0")
    return int(version) if canonical and len(version) <= _MAX_DIGITS else BEFORE_LATEST
