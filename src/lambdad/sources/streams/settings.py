"""What pollers of streams need of a mapping's settings."""

from __future__ import annotations

from dataclasses import dataclass

from lambdad.domain.event_source_mapping import EventSourceMapping
from lambdad.domain.limits import MAX_WAITING_RECORDS, STREAM_PAGE_RECORDS
from lambdad.ports.event_sources import StartFrom
from lambdad.sources.batching import Bounds
from lambdad.sources.filtering import Filters, filters_of
from lambdad.sources.streams.records import DIALECTS, Dialect

_CONSUMER = "/consumer/"


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a mapping of a stream.

    Attributes:
        stream: ARN, without a consumer.
        consumer: ARN of the consumer; None when the mapping has none.
        lanes: of each shard.
        window_s: of tumbling windows; 0 for none.
        page: records to read at once.
        most: records of one shard that are read and not settled.
    """

    dialect: Dialect
    stream: str
    consumer: str | None
    bounds: Bounds
    filters: Filters
    start: StartFrom
    lanes: int
    window_s: int
    page: int
    most: int


def settings_of(mapping: EventSourceMapping) -> Settings:
    """The settings of a mapping. A window is of a whole shard, so with windows there is one lane."""
    given, dialect, source = mapping.settings, DIALECTS[mapping.kind], mapping.source_arn or ""
    window_s = int(given.get("TumblingWindowInSeconds") or 0)
    lanes = 1 if window_s else int(given.get("ParallelizationFactor") or 1)
    size = int(given["BatchSize"])
    most = min(max(2 * STREAM_PAGE_RECORDS, 2 * size * lanes), MAX_WAITING_RECORDS)
    return Settings(
        dialect,
        source.partition(_CONSUMER)[0],
        source if _CONSUMER in source else None,
        Bounds(size, float(given.get("MaximumBatchingWindowInSeconds") or 0)),
        filters_of(given, dialect.data),
        StartFrom(given["StartingPosition"], given.get("StartingPositionTimestamp")),
        lanes,
        window_s,
        max(STREAM_PAGE_RECORDS, size),
        most,
    )
