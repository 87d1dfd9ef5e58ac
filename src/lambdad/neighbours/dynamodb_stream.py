"""Streams of DynamoDB over their plain protocol: implements `ports.record_stream.RecordStream`.

Source: the model of DynamoDB Streams (DescribeStream, GetShardIterator, GetRecords; json 1.0). It is signed
for as DynamoDB; on AWS it has hosts of its own, elsewhere mostly DynamoDB's. DynamoDB Local names every
stream with a region that Lambda's ARNs cannot have: a stream of this host that is not there is asked for by
such a name.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import msgspec

from lambdad.domain.limits import (
    DYNAMODB_POLL_S,
    KINESIS_BUSY_S,
    LEAST_RECORDS_KEPT_S,
    MAX_DYNAMODB_PAGE_RECORDS,
    STREAM_SKEW_S,
)
from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import Page, Position, Shard, StreamRecord
from lambdad.neighbours.courier_requests import Outgoing, json_request
from lambdad.neighbours.service_calls import ServiceCalls
from lambdad.neighbours.stream_calls import PAGE_BYTES, GivenIterator, ListedShard, asked
from lambdad.ports.record_stream import Pace, StreamTrouble

SERVICES: Final = ("dynamodbstreams", "dynamodb")
"""Names in the settings, the first that has an endpoint."""

_SIGNED_AS: Final = "dynamodb"
_TARGET: Final = "DynamoDBStreams_20120810."
_NEAR: Final = Pace(DYNAMODB_POLL_S, 0.0, 0.0)
_FAR: Final = Pace(DYNAMODB_POLL_S, KINESIS_BUSY_S, STREAM_SKEW_S)
_TRIM_HORIZON: Final = "TRIM_HORIZON"
_MISSING: Final = "ResourceNotFoundException"
_OF_LOCAL: Final = "arn:aws:dynamodb:ddblocal:000000000000:"


class _Description(msgspec.Struct, rename="pascal"):
    shards: list[ListedShard] | None = None
    last_evaluated_shard_id: str | None = None


class _Described(msgspec.Struct, rename="pascal"):
    stream_description: _Description


class _Records(msgspec.Struct, rename="pascal"):
    records: list[dict[str, Any]] | None = None
    next_shard_iterator: str | None = None


class DynamoDbStream:
    """Streams at the configured endpoint of DynamoDB Streams, or else of DynamoDB.

    Args:
        calls: with connections for every shard that is read at once.
    """

    def __init__(self, calls: ServiceCalls) -> None:
        self._calls = calls
        self._described = msgspec.json.Decoder(_Described)
        self._iterator = msgspec.json.Decoder(GivenIterator)
        self._records = msgspec.json.Decoder(_Records)
        self._encode = msgspec.json.Encoder(order="sorted").encode
        self._known_as: dict[str, str] = {}

    def pace(self) -> Pace:
        """See `ports.record_stream.RecordStream`."""
        return _NEAR if self._calls.is_near(self._service) else _FAR

    @property
    def _service(self) -> str:
        return next((name for name in SERVICES if self._calls.has(name)), SERVICES[-1])

    async def shards(self, scope: Scope, stream: str) -> list[Shard]:
        """See `ports.record_stream.RecordStream`."""
        try:
            return await self._shards(scope, stream, self._known_as.get(stream, stream))
        except StreamTrouble as error:
            if error.code != _MISSING or not self._calls.is_near(self._service):
                raise
            of_local = _OF_LOCAL + stream.split(":", 5)[5]
            try:
                found = await self._shards(scope, stream, of_local)
            except StreamTrouble:
                raise error from None
        self._known_as[stream] = of_local
        return found

    async def _shards(self, scope: Scope, stream: str, known_as: str) -> list[Shard]:
        found: list[Shard] = []
        members: dict[str, Any] = {"StreamArn": known_as}
        while True:
            made = self._request("DescribeStream", members)
            page = (await asked(self._calls, made, scope, stream, self._described)).stream_description
            found += [one.shard() for one in page.shards or ()]
            if not page.last_evaluated_shard_id:
                return found
            members["ExclusiveStartShardId"] = page.last_evaluated_shard_id

    async def kept_s(self, scope: Scope, stream: str) -> float:
        """See `ports.record_stream.RecordStream`."""
        return LEAST_RECORDS_KEPT_S

    async def iterator(self, scope: Scope, stream: str, shard: str, position: Position) -> str:
        """See `ports.record_stream.RecordStream`; from a time it begins at the oldest record."""
        kind = _TRIM_HORIZON if position.at_s is not None else position.kind
        known_as = self._known_as.get(stream, stream)
        members = {"StreamArn": known_as, "ShardId": shard, "ShardIteratorType": kind}
        if position.sequence is not None:
            members["SequenceNumber"] = position.sequence
        made = self._request("GetShardIterator", members)
        return (await asked(self._calls, made, scope, stream, self._iterator)).shard_iterator

    async def read(self, scope: Scope, stream: str, iterator: str, most: int) -> Page:
        """See `ports.record_stream.RecordStream`."""
        members = {"ShardIterator": iterator, "Limit": min(most, MAX_DYNAMODB_PAGE_RECORDS)}
        made = self._request("GetRecords", members)
        page = await asked(self._calls, made, scope, stream, self._records, PAGE_BYTES)
        try:
            records = tuple(self._record(one) for one in page.records or ())
        except (KeyError, TypeError, ValueError):
            raise StreamTrouble(f"{made.service} answered with what cannot be read") from None
        return Page(records, page.next_shard_iterator or None)

    def _record(self, found: dict[str, Any]) -> StreamRecord:
        inner = found["dynamodb"]
        key = self._encode(inner.get("Keys")).decode()
        return StreamRecord(
            inner["SequenceNumber"], key, float(inner.get("ApproximateCreationDateTime") or 0.0), found
        )

    def _request(self, operation: str, members: dict[str, Any]) -> Outgoing:
        made = json_request(self._service, "1.0", _TARGET + operation, members)
        return replace(made, signed_as=_SIGNED_AS)
