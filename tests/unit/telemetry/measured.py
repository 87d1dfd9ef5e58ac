"""Measured things for tests, and what they became, in words."""

from __future__ import annotations

from collections.abc import Iterable

from lambdad.domain.event import Lane
from lambdad.domain.function import FunctionVersion
from lambdad.domain.invocation import Target
from lambdad.domain.measured import Ran
from lambdad.domain.metric import Datum
from lambdad.domain.outcome import Status
from lambdad.domain.platform_events import ON_DEMAND
from lambdad.domain.platform_log import RestoreTimes
from lambdad.domain.scope import Scope
from tests.fakes.worker import version_of

HERE = Scope()
AT_MS = 1_795_737_600_000  # 2026-11-27 00:00 UTC
ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"


def target(qualifier: str | None = None, **changes: object) -> Target:
    """What runs when `hello` is called by a name."""
    version = version_of("hello", **changes)
    return Target(version, ARN if qualifier is None else f"{ARN}:{qualifier}")


def ran(
    of: Target,
    *,
    at_ms: int = AT_MS,
    took_ms: float = 1.5,
    billed_ms: int = 2,
    status: Status = Status.SUCCESS,
    kind: str = ON_DEMAND,
    overhead_ms: float = 0.0,
    restore: RestoreTimes | None = None,
    streamed: int = 0,
) -> Ran:
    """An invocation that is over."""
    return of, at_ms, took_ms, billed_ms, status, kind, overhead_ms, restore, streamed


def lane(qualifier: str | None = None) -> Lane:
    """`hello` by a name."""
    return Lane(HERE, "hello", qualifier)


def provided(limit: int, most: int, version: str = "1") -> tuple[FunctionVersion, int, int]:
    """A version with provisioned concurrency."""
    return version_of("hello", version=version), limit, most


def told(data: Iterable[Datum], name: str) -> dict[str, dict[float, float]]:
    """Values with counts of a metric, by its dimensions as ``FunctionName Resource ExecutedVersion``."""
    found: dict[str, dict[float, float]] = {}
    for datum in data:
        if datum.key.name == name:
            counts = datum.counts or [1.0] * len(datum.values)
            names = dict(datum.key.dimensions)
            place = " ".join(
                names[key] for key in ("FunctionName", "Resource", "ExecutedVersion") if key in names
            )
            values = found.setdefault(place, {})
            for value, count in zip(datum.values, counts, strict=True):
                values[value] = values.get(value, 0) + count
    return found
