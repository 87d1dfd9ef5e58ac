"""How an invocation ended, as seen by whoever asked for it.

A function's own failure is an outcome like its success: the answer is 200 with
`X-Amz-Function-Error`. What kept it from running is an error (`domain.errors`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """AWS's status words of a platform report."""

    SUCCESS = "success"
    ERROR = "error"
    FAILURE = "failure"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one invocation.

    Attributes:
        payload: the bytes the caller receives, untouched: the function's answer or an error object.
        status: how it ended.
        error_type: AWS's error type for the report line; None on success and for handler errors.
        log_tail: last 4 KiB of the invocation's log, only when asked for.
    """

    payload: bytes
    status: Status = Status.SUCCESS
    error_type: str | None = None
    log_tail: bytes | None = None

    @property
    def is_error(self) -> bool:
        """Whether the caller gets `X-Amz-Function-Error: Unhandled`."""
        return self.status is not Status.SUCCESS
