"""The queue of asynchronous invocation: what waits, what was tried, and what nobody was told of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lambdad.events.queue import LaneReport, OwedReport
from lambdad.telemetry.prometheus.aggregate import Invocations
from lambdad.telemetry.prometheus.family import Family, Kind, gauge
from lambdad.telemetry.prometheus.function_families import summed

_COUNTED: Final = (
    ("lambdad_async_received", "Events that were accepted.", "received"),
    ("lambdad_async_attempts", "Times that a function ran for an event.", "tried"),
    ("lambdad_async_refusals", "Times that an event could not be run: throttled, or not ready.", "refused"),
    ("lambdad_async_succeeded", "Events that ended with success.", "succeeded"),
    ("lambdad_async_failed", "Events that ended without.", "failed"),
    ("lambdad_async_dropped", "Of the failed ones, those that nobody was told of.", "dropped"),
    ("lambdad_async_delivery_failures", "Attempts to reach a destination that failed.", "undelivered"),
    ("lambdad_async_deliveries_given_up", "Messages that never reached their destination.", "given_up"),
)


def queue_families(
    invocations: Invocations, lanes: Sequence[LaneReport], owed: Sequence[OwedReport], running: int
) -> list[Family]:
    """Families of the queue.

    Args:
        invocations: knows which functions have series of their own.
        lanes: everything that is queued, or was since the server started.
        owed: what destinations are owed.
        running: events under way.
    """
    families = [
        gauge("lambdad_async_running", "Events under way.", running),
        gauge(
            "lambdad_async_oldest_age_seconds",
            "Age of the oldest event that is queued.",
            round(max((one.age_s for one in lanes), default=0.0), 3),
        ),
        gauge(
            "lambdad_async_owed_messages",
            "Messages owed to destinations and dead-letter queues.",
            sum(one.owed.messages for one in owed),
        ),
        summed(
            invocations,
            Kind.GAUGE,
            "lambdad_async_queued",
            "Events that are queued, those under way too.",
            [(one.backlog.lane.scope, one.backlog.lane.function, (), one.backlog.events) for one in lanes],
        ),
    ]
    for name, what, member in _COUNTED:
        values = [
            (one.backlog.lane.scope, one.backlog.lane.function, (), getattr(one.counts, member))
            for one in lanes
        ]
        families.append(summed(invocations, Kind.COUNTER, name, what, values))
    return families
