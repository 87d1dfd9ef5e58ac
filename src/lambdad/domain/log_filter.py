"""Filters on a log group: what is counted of its events, and to whom they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lambdad.domain.resource import Kind


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """Makes a metric of the events that match.

    Attributes:
        pattern: as it was given.
        value: a number, or a reference to a field (``$.latency``, ``$bytes``).
        default: measured for a minute with events of which none matches; None for nothing.
        dimensions: references to fields by name of the dimension.
        unit: CloudWatch's word.
    """

    name: str
    pattern: str
    created_ms: int
    namespace: str
    metric: str
    value: str
    default: float | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """Sends the events that match to a function.

    Attributes:
        pattern: as it was given.
        destination: ARN of the function, a version or an alias of it.
        distribution: kept and shown; it has a meaning for streams only.
    """

    name: str
    pattern: str
    created_ms: int
    destination: str
    distribution: str


@dataclass(frozen=True, slots=True)
class GroupFilters:
    """All filters of one log group, each kind in order of name."""

    metrics: tuple[MetricFilter, ...] = ()
    subscriptions: tuple[SubscriptionFilter, ...] = ()

    @property
    def patterns(self) -> tuple[tuple[str, str], ...]:
        """Each filter as its kind with its name, and its pattern."""
        return tuple((f"m:{one.name}", one.pattern) for one in self.metrics) + tuple(
            (f"s:{one.name}", one.pattern) for one in self.subscriptions
        )


LOG_FILTERS = Kind("log-filters", GroupFilters)
"""Filters of a log group: the account's own, named as the group."""
