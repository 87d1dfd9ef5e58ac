"""A sampled invocation, for what is told of it."""

from __future__ import annotations

from itertools import count
from typing import Any

from lambdad.domain.platform_events import Span
from lambdad.domain.platform_log import InvocationRecord
from lambdad.domain.trace_context import Traced
from lambdad.telemetry.tracing.told import Told
from tests.fakes.worker import version_of

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
SEGMENT, SERVICE, PARENT = "a" * 16, "b" * 16, "c" * 16
START_MS = 1_795_400_000_000
OVERHEAD = Span("extensionOverhead", START_MS + 40, 10.0)


def told(*, parent: str | None = None, is_shown: bool = True, **changes: Any) -> Told:
    """It waited for 5 ms and ran for 50."""
    record = InvocationRecord("req-1", "$LATEST", START_MS, START_MS + 50, 50.0, 50, 128, 30, waited_ms=5.0)
    traced = Traced(TRACE, SEGMENT, SERVICE, parent, is_shown)
    return Told(version_of(), record._replace(traced=traced, **changes), traced)


def ids() -> Any:
    """Gives 16 digits at a time, each time others."""
    numbers = count(1)
    return lambda: f"{next(numbers):016x}"
