"""A streamed response on its way to the caller: how fast it may go, and who takes it.

Before: the environment, with what the runtime writes. After: whoever asked, through an `Outlet`.
`Bucket` decides with values and `now`; it never waits.

Source: spec of the Runtime API §5 (burst, rate and refill of AWS's emulator).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lambdad.domain.limits import STREAM_BURST_BYTES, STREAM_BYTES_PER_S, STREAM_REFILL_S

_REFILL_BYTES = int(STREAM_BYTES_PER_S * STREAM_REFILL_S)


@dataclass(frozen=True, slots=True)
class Bucket:
    """How much of one stream may pass.

    What has been read is never held back: it is passed on and owed, and nothing more is read until the
    debt is paid. So nothing has to be kept, and a stream is ahead by one read at most.

    Attributes:
        tokens: bytes that may pass; below zero they are owed.
        refilled_at: monotonic seconds of the last refill.
    """

    tokens: int
    refilled_at: float

    @classmethod
    def full(cls, now: float) -> Bucket:
        """The bucket of a stream that begins at `now` (monotonic seconds)."""
        return cls(STREAM_BURST_BYTES, now)

    def take(self, count: int, now: float) -> Bucket:
        """The bucket after `count` bytes have passed at `now`."""
        refills = max(0, math.floor((now - self.refilled_at) / STREAM_REFILL_S))
        tokens = min(STREAM_BURST_BYTES, self.tokens + refills * _REFILL_BYTES)
        return Bucket(tokens - count, self.refilled_at + refills * STREAM_REFILL_S)

    def wait_s(self, now: float) -> float:
        """Seconds after `now` until nothing is owed any more; 0.0 when nothing is."""
        if self.tokens >= 0:
            return 0.0
        refills = -(self.tokens // _REFILL_BYTES)
        return max(0.0, self.refilled_at + refills * STREAM_REFILL_S - now)


class StreamSource(Protocol):
    """The environment's end of a stream."""

    def give_up(self) -> None:
        """End the event if its body was cut off."""
        ...

    def over(self) -> None:
        """The event has been settled, by whatever: hold nothing back any more."""
        ...


class Outlet(Protocol):
    """Takes a streamed response, on the loop; what ends it is the settling of its invocation.

    Attributes:
        source: set once the function has begun to stream; None before, and when it never does.
        error_code: the type a runtime gave its error in the middle; None when it gave none.
        passed_bytes: payload that has gone through.
        limit_bytes: the largest response it takes; more ends it.
    """

    source: StreamSource | None
    error_code: str | None
    passed_bytes: int
    limit_bytes: int

    def begin(self, content_type: str) -> None:
        """The function has begun to answer; its first bytes may be long in coming."""
        ...

    def write(self, data: bytes) -> None:
        """Pass on what the function wrote; nobody may be there any more."""
        ...

    @property
    def is_full(self) -> bool:
        """Whether the caller is behind: read no more for it until it has caught up."""
        ...

    def on_room(self, call: Callable[[], None]) -> None:
        """Call when it is not full any more, or nobody is there."""
        ...
