"""Matchers for the log store's tests: a search process imports them, so nothing else is here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Literal:
    """Wants events that contain every needle."""

    needles: tuple[str, ...]

    def matches(self, message: str) -> bool:
        return all(needle in message for needle in self.needles)


@dataclass(frozen=True)
class Endless:
    """Finds what it is asked for, but takes for ever over one text."""

    needles: tuple[str, ...] = ()

    def matches(self, message: str) -> bool:
        while message == "trap":
            pass
        return message.startswith("wanted")
