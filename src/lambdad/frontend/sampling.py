"""Which invocations are traced, and as what.

Who calls with a decision has decided. Without one a version that traces actively has the first call of each
second sampled and five percent of the others, as on AWS; what traces are exported for has its own share of
everything.

Source: Lambda developer guide, "Visualize Lambda function invocations using AWS X-Ray"; spec runtime-api §9.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lambdad.domain import trace_context
from lambdad.domain.function import FunctionVersion
from lambdad.domain.limits import XRAY_PER_SECOND, XRAY_SHARE
from lambdad.domain.request_ids import Ids
from lambdad.domain.trace_context import Traced
from lambdad.ports.clock import Clock

ACTIVE: Final = "Active"


class Sampling:
    """Decides for one function under one name.

    Args:
        is_active: whether it traces actively.
        share: of calls without a decision, when traces are exported; None when they are not.
        draw: a number from 0 to 1, anew every time.
    """

    __slots__ = ("_draw", "_left", "_second", "_share", "is_active")

    def __init__(self, share: float | None, draw: Callable[[], float], *, is_active: bool) -> None:
        self.is_active = is_active
        self._share = share
        self._draw = draw
        self._second = 0
        self._left = 0

    def wants(self, now: float) -> bool:
        """Whether to sample a call at `now` that nobody has decided about."""
        if self._share is not None and self._draw() < self._share:
            return True
        return self.is_active and self._has_one_left(now)

    def _has_one_left(self, now: float) -> bool:
        if int(now) != self._second:
            self._second, self._left = int(now), XRAY_PER_SECOND
        if self._left:
            self._left -= 1
            return True
        return self._draw() < XRAY_SHARE


class Tracer:
    """Begins traces.

    Args:
        share: see `Sampling`.
    """

    def __init__(self, ids: Ids, clock: Clock, draw: Callable[[], float], share: float | None) -> None:
        self._ids = ids
        self._clock = clock
        self._draw = draw
        self._share = share

    def sampling_of(self, version: FunctionVersion) -> Sampling | None:
        """How to decide about calls of a version; None when only those of a traced caller are traced."""
        is_active = version.tracing_mode == ACTIVE
        if self._share is None and not is_active:
            return None
        return Sampling(self._share, self._draw, is_active=is_active)

    def begin(self, header: str, sampling: Sampling | None, *, is_new: bool) -> tuple[str, Traced | None]:
        """The header that the function sees, and what is told of the invocation when it is sampled.

        Args:
            header: of the caller, or a new one.
            sampling: of the route.
            is_new: the header was made for this call; nobody has decided.
        """
        context = trace_context.read(header)
        if context is None:
            return header, None
        sampled = None if is_new else context.sampled
        if not (self._wants(sampling) if sampled is None else sampled):
            return header, None
        is_shown = sampled is True or (sampling is not None and sampling.is_active)
        service_id = self._ids.span_id()
        if is_new and context.parent is not None:
            segment_id, parent = context.parent, None  # the function's from the beginning
        else:
            segment_id, parent = self._ids.span_id(), context.parent
        traced = Traced(context.root, segment_id, service_id, parent, is_shown)
        return context.header(segment_id, sampled=True), traced

    def new_header(self, header: str, sampling: Sampling | None) -> str:
        """A new header for an event that is run later: it is decided here, once for all attempts."""
        if sampling is None or not self._wants(sampling):
            return header
        return header.replace("Sampled=0", trace_context.SAMPLED, 1)

    def _wants(self, sampling: Sampling | None) -> bool:
        return sampling is not None and sampling.wants(self._clock.now())
