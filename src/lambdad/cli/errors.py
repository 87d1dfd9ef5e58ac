"""How a command fails: one line on stderr that says what to do, and an exit status."""

from __future__ import annotations

FAILED = 1
USAGE = 2


class CommandError(Exception):
    """The command cannot do what was asked.

    Args:
        message: one line; what happened and what to do about it.
        status: exit status, 1 for failures and 2 for wrong usage.
    """

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status
