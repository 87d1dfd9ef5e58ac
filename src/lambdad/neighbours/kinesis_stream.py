"""Streams of Kinesis over its plain protocol: implements `ports.record_stream.RecordStream`.

Source: the model of Kinesis (ListShards, DescribeStreamSummary, GetShardIterator, GetRecords; json 1.1).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from lambdad.domain.limits import KINESIS_BUSY_S, KINESIS_POLL_S, MAX_STREAM_PAGE_RECORDS, STREAM_SKEW_S
from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import Page, Position, Shard, StreamRecord
from lambdad.neighbours.courier_requests import Outgoing, json_request
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.neighbours.stream_calls import PAGE_BYTES, GivenIterator, ListedShard, asked
from lambdad.ports.record_stream import Pace

SERVICE: Final = "kinesis"
TARGET: Final = "Kinesis_20131202."
"""What operations are named behind."""

_HOUR_S: Final = 3600.0
_NEAR: Final = Pace(KINESIS_POLL_S, 0.0, 0.0)
_FAR: Final = Pace(KINESIS_POLL_S, KINESIS_BUSY_S, STREAM_SKEW_S)


class _Shards(msgspec.Struct, rename="pascal"):
    shards: list[ListedShard] | None = None
    next_token: str | None = None


class _Summary(msgspec.Struct, rename="pascal"):
    retention_period_hours: float


class _Summarised(msgspec.Struct, rename="pascal"):
    stream_description_summary: _Summary


class Record(msgspec.Struct, rename="pascal"):
    """A record on the wire; the data in base64."""

    sequence_number: str
    data: str
    partition_key: str = ""
    approximate_arrival_timestamp: float = 0.0


class _Records(msgspec.Struct, rename="pascal"):
    records: list[Record] | None = None
    next_shard_iterator: str | None = None
    millis_behind_latest: int | None = None


class KinesisStream:
    """Streams at the configured endpoint of Kinesis.

    Args:
        calls: with connections for every shard that is read at once.
    """

    def __init__(self, calls: ServiceCalls) -> None:
        self._calls = calls
        self._shards = msgspec.json.Decoder(_Shards)
        self._summarised = msgspec.json.Decoder(_Summarised)
        self._iterator = msgspec.json.Decoder(GivenIterator)
        self._records = msgspec.json.Decoder(_Records, strict=False)

    def pace(self) -> Pace:
        """See `ports.record_stream.RecordStream`."""
        return _NEAR if self._calls.is_near(SERVICE) else _FAR

    async def shards(self, scope: Scope, stream: str) -> list[Shard]:
        """See `ports.record_stream.RecordStream`."""
        found: list[Shard] = []
        members = _named(scope, stream)
        while True:
            page = await asked(self._calls, _request("ListShards", members), scope, stream, self._shards)
            found += [one.shard() for one in page.shards or ()]
            if not page.next_token:
                return found
            members = {"NextToken": page.next_token}

    async def kept_s(self, scope: Scope, stream: str) -> float:
        """See `ports.record_stream.RecordStream`."""
        made = _request("DescribeStreamSummary", _named(scope, stream))
        found = await asked(self._calls, made, scope, stream, self._summarised)
        return found.stream_description_summary.retention_period_hours * _HOUR_S

    async def iterator(self, scope: Scope, stream: str, shard: str, position: Position) -> str:
        """See `ports.record_stream.RecordStream`."""
        members = _named(scope, stream) | {"ShardId": shard, "ShardIteratorType": position.kind}
        if position.sequence is not None:
            members["StartingSequenceNumber"] = position.sequence
        if position.at_s is not None:
            members["Timestamp"] = position.at_s
        made = _request("GetShardIterator", members)
        return (await asked(self._calls, made, scope, stream, self._iterator)).shard_iterator

    async def read(self, scope: Scope, stream: str, iterator: str, most: int) -> Page:
        """See `ports.record_stream.RecordStream`."""
        members: dict[str, Any] = {"ShardIterator": iterator, "Limit": min(most, MAX_STREAM_PAGE_RECORDS)}
        if _is_foreign(scope, stream):
            members["StreamARN"] = stream
        made = _request("GetRecords", members)
        page = await asked(self._calls, made, scope, stream, self._records, PAGE_BYTES)
        return Page(
            tuple(record_of(one) for one in page.records or ()),
            page.next_shard_iterator or None,
            page.millis_behind_latest,
        )


def record_of(found: Record) -> StreamRecord:
    """A record as it came."""
    return StreamRecord(
        found.sequence_number, found.partition_key, found.approximate_arrival_timestamp, found.data
    )


def _request(operation: str, members: dict[str, Any]) -> Outgoing:
    return json_request(SERVICE, "1.1", TARGET + operation, members)


def _named(scope: Scope, stream: str) -> dict[str, Any]:
    """A stream as every server knows it; those of other accounts have no other name than their ARN."""
    if _is_foreign(scope, stream):
        return {"StreamARN": stream}
    return {"StreamName": stream.rpartition("/")[2]}


def _is_foreign(scope: Scope, stream: str) -> bool:
    return stream.split(":")[4] != scope.account
