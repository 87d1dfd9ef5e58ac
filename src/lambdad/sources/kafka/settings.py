"""What pollers of Kafka need of a mapping's settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.ports.event_sources import StartFrom
from lambdad.sources.batching import Bounds
from lambdad.sources.filtering import Filters, filters_of

DEFAULT_WINDOW_S: Final = 0.5
"""Source: developer guide, "Batching behavior": the default window of Kafka is 500 ms."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a mapping of Kafka.

    Attributes:
        source: ARN of the cluster; None when it is self-managed.
        group: the consumer group.
        page: records of one partition that may wait.
    """

    source: str | None
    topics: tuple[str, ...]
    group: str
    bounds: Bounds
    filters: Filters
    start: StartFrom
    page: int


def settings_of(mapping: EventSourceMapping) -> Settings:
    """The settings of a mapping."""
    given = mapping.settings
    size = int(given["BatchSize"])
    window_s = given.get("MaximumBatchingWindowInSeconds")
    return Settings(
        mapping.source_arn,
        tuple(given["Topics"]),
        mapping.consumer_group or mapping.uuid,
        Bounds(size, DEFAULT_WINDOW_S if window_s is None else float(window_s)),
        filters_of(given, "value"),
        StartFrom(given["StartingPosition"], given.get("StartingPositionTimestamp")),
        2 * size,
    )
