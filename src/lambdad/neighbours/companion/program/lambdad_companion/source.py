"""On whose account a function is called: kept in the context of the thread or task that came to do it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Source:
    """Who calls.

    Attributes:
        service: principal of the service, ``s3.amazonaws.com``.
        arn: of the bucket, topic, rule …; None when a role acts.
        account: whose that is.
        role: ARN of the role that the service acts with; None when the function's policy has to let it in.
        trace: trace header of the request that made the service call; None when it passes none on.
    """

    service: str
    arn: str | None = None
    account: str | None = None
    role: str | None = None
    trace: str | None = None

    def headers(self) -> dict[str, str]:
        """As the server's door reads it."""
        found = {
            "x-lambdad-service": self.service,
            "x-lambdad-source-arn": self.arn,
            "x-lambdad-source-account": self.account,
            "x-lambdad-role": self.role,
            "x-amzn-trace-id": self.trace,
        }
        return {name: value for name, value in found.items() if value is not None}


_SOURCE: Final[ContextVar[Source | None]] = ContextVar("lambdad_source", default=None)
CALLER: Final[ContextVar[str | None]] = ContextVar("lambdad_caller", default=None)
"""What the server gave with the request that is answered: stands for its caller."""
TRACE: Final[ContextVar[str | None]] = ContextVar("lambdad_trace", default=None)
"""Trace header of the request that is answered: who calls itself through a service is found by it."""
SIGNED: Final[ContextVar[bool]] = ContextVar("lambdad_signed", default=False)
"""Whether somebody signed who may call what API Gateway publishes."""
SERVICE: Final[ContextVar[str | None]] = ContextVar("lambdad_service", default=None)
"""Which service the server sends the request to: what it allowed is what is done."""


@contextmanager
def acting(source: Source) -> Iterator[None]:
    """Calls of functions within are of this source."""
    token = _SOURCE.set(source)
    try:
        yield
    finally:
        _SOURCE.reset(token)


def who() -> Mapping[str, str]:
    """Headers that say who acts now: a service, or else the caller of the request; none when nobody does."""
    source = _SOURCE.get()
    if source is not None:
        return source.headers()
    caller = CALLER.get()
    return {} if caller is None else {"x-lambdad-caller": caller}
