"""One call of a mapping's function, awaited, and what its end means for the records."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from enum import Enum, auto

from lambdad.domain.errors import (
    Conflict,
    LambdadError,
    NotFound,
    RecursiveInvocation,
    ServiceFault,
    Throttled,
)
from lambdad.domain.request_ids import Ids
from lambdad.domain.scope import Scope
from lambdad.ports.invoker import Invoked, Invoker, InvokeRequest


class End(Enum):
    """How a call ended, as far as a source is concerned."""

    SUCCEEDED = auto()
    FAILED = auto()
    REFUSED = auto()
    """It did not run and may later: throttled, not ready, a fault of ours."""
    GONE = auto()
    """There is no such function, version or alias."""


@dataclass(frozen=True, slots=True)
class Called:
    """The end of a call.

    Attributes:
        answer: of the function when it succeeded; empty otherwise.
        reason: why it did not run or failed, for people; empty when it succeeded.
        is_throttled: concurrency was used up.
        request_id: of the call.
        version: that ran; None when none did.
    """

    end: End
    answer: bytes = b""
    reason: str = ""
    is_throttled: bool = False
    request_id: str = ""
    version: str | None = None


def end_of(said: Invoked | LambdadError) -> Called:
    """What an invoker's reply means."""
    if isinstance(said, Invoked):
        if said.outcome.is_error:
            return Called(End.FAILED, reason="Function call failed", version=said.version.version)
        return Called(End.SUCCEEDED, said.outcome.payload, version=said.version.version)
    if isinstance(said, NotFound):
        return Called(End.GONE, reason=str(said))
    if isinstance(said, RecursiveInvocation):
        return Called(End.FAILED, reason=str(said))
    if isinstance(said, Throttled | ServiceFault | Conflict):
        return Called(End.REFUSED, reason=str(said), is_throttled=isinstance(said, Throttled))
    return Called(End.FAILED, reason=str(said))


class FunctionCalls:
    """Calls functions for mappings: as concurrency, never as calls of a second."""

    def __init__(self, invoker: Invoker) -> None:
        self._invoker = invoker
        self._ids = Ids()

    def request_id(self) -> str:
        """A new one."""
        return self._ids.request_id()

    async def call(
        self,
        scope: Scope,
        function_arn: str,
        payload: bytes,
        trace: str | None = None,
        request_id: str | None = None,
    ) -> Called:
        """Call a function by the ARN its mapping has, and wait for the end; `request_id` repeats a call."""
        done: asyncio.Future[Invoked | LambdadError] = asyncio.get_running_loop().create_future()

        def reply(said: Invoked | LambdadError) -> None:
            if not done.done():
                done.set_result(said)

        identity = request_id or self.request_id()
        request = InvokeRequest(scope, function_arn, payload, identity, trace_header=trace, is_event=True)
        self._invoker.invoke(request, reply)
        return replace(end_of(await done), request_id=identity)
