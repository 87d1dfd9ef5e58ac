"""Streams of Kinesis and DynamoDB: shards, their records, and how far a mapping has read each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdad.domain.unfinished import Unfinished


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard as its stream lists it.

    Attributes:
        parents: shards whose records come before its own: one after a split, two after a merge.
        is_closed: nothing is written to it any more.
    """

    id: str
    parents: tuple[str, ...] = ()
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A record.

    Attributes:
        sequence: number of it in its shard, in decimal digits; rising.
        key: what order is kept by: the partition key, or the keys of the item.
        arrived_s: when it was written, seconds since the epoch.
        content: the data in base64 (Kinesis), or the whole record as it is (DynamoDB).
    """

    sequence: str
    key: str
    arrived_s: float
    content: str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """What one read gave.

    Attributes:
        following: the iterator to read on with; None when the shard has ended.
        behind_ms: how far the end of the records is behind the end of the shard; None when nobody says.
    """

    records: tuple[StreamRecord, ...]
    following: str | None
    behind_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """Where to read a shard from.

    Attributes:
        kind: AWS's word: ``TRIM_HORIZON``, ``LATEST``, ``AT_TIMESTAMP``, ``AFTER_SEQUENCE_NUMBER``.
        sequence: with the last.
        at_s: with ``AT_TIMESTAMP``, seconds since the epoch.
    """

    kind: str
    sequence: str | None = None
    at_s: float | None = None


@dataclass(frozen=True, slots=True)
class OpenWindow:
    """A tumbling window that has not ended.

    Attributes:
        start_s: seconds since the epoch.
        end_s: likewise.
        state: what the function returned last, as JSON.
        is_over: its state is too large, so it is terminated early.
    """

    start_s: float
    end_s: float
    state: str = "{}"
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class ShardState:
    """How far a mapping is with a shard.

    Attributes:
        start: where it began: ``TRIM_HORIZON``, ``LATEST`` or ``AT_TIMESTAMP``.
        since_s: with ``AT_TIMESTAMP`` the time, with ``LATEST`` when that was; seconds since the epoch.
        settled: sequence number up to which every record is settled; None before the first.
        lanes: by lane, up to where its records are settled beyond that; None when no further.
        is_drained: it has ended and everything in it is settled.
        window: None when none is open.
        unfinished: by lane, what was tried of the batch that fails, in order; none when no lane has one.
    """

    shard: str
    parents: tuple[str, ...] = ()
    start: str = "TRIM_HORIZON"
    since_s: float | None = None
    settled: str | None = None
    lanes: tuple[str | None, ...] = ()
    is_drained: bool = False
    window: OpenWindow | None = None
    unfinished: tuple[tuple[Unfinished, ...], ...] = ()
