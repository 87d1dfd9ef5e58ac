"""The synchronous path, as everybody but the edge sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.outcome import Outcome
from lambdad.domain.scope import Scope


@dataclass(frozen=True, slots=True)
class InvokeRequest:
    """One call of a function.

    Attributes:
        function: bare name, partial or full ARN, each optionally with a qualifier.
        qualifier: the `Qualifier` parameter; None when absent.
        client_context: decoded JSON bytes; None when absent.
        trace_header: `X-Amzn-Trace-Id` as received; None when absent.
        want_tail: `LogType=Tail`.
        tenant: `TenantId`; None when absent.
        is_event: an event accepted before: it counts as concurrency, but not as a call of this second.
        accepted_ms: when the event was accepted, ms since the epoch; None when nobody noted that.
    """

    scope: Scope
    function: str
    payload: bytes
    request_id: str
    qualifier: str | None = None
    client_context: bytes | None = None
    trace_header: str | None = None
    want_tail: bool = False
    tenant: str | None = None
    is_event: bool = False
    accepted_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Invoked:
    """A call that reached the function."""

    version: FunctionVersion
    outcome: Outcome


class Invoker(Protocol):
    """Runs functions. `reply` is called exactly once, on the loop."""

    def invoke(self, request: InvokeRequest, reply: Callable[[Invoked | LambdadError], None]) -> None:
        """Resolve, admit, lease, assign, run; then `reply`."""
        ...
