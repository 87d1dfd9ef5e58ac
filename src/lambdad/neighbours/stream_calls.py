"""Requests to services of streams, answered as values: what both kinds have in common."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from lambdad.domain.arn import region_of
from lambdad.domain.limits import MIB
from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import Shard
from lambdad.neighbours.courier_requests import Outgoing
from lambdad.neighbours.service_calls import NotDone, ServiceCalls
from lambdad.ports.record_stream import StreamTrouble

PAGE_BYTES: Final = 64 * MIB  # ten megabytes of records in base64, every other character escaped
SMALL_BYTES: Final = 8 * MIB  # ten thousand shards
T = TypeVar("T")


class _Range(msgspec.Struct):
    last: str | None = msgspec.field(name="EndingSequenceNumber", default=None)


class ListedShard(msgspec.Struct, rename="pascal"):
    """A shard on the wire; the second parent of a merge is Kinesis' alone."""

    shard_id: str
    parent_shard_id: str | None = None
    adjacent_parent_shard_id: str | None = None
    sequence_number_range: _Range | None = None

    def shard(self) -> Shard:
        """As it was listed: closed once its last number is known."""
        parents = tuple(one for one in (self.parent_shard_id, self.adjacent_parent_shard_id) if one)
        numbers = self.sequence_number_range
        return Shard(self.shard_id, parents, numbers is not None and numbers.last is not None)


class GivenIterator(msgspec.Struct, rename="pascal"):
    """The answer of GetShardIterator."""

    shard_iterator: str


async def asked(
    calls: ServiceCalls,
    made: Outgoing,
    scope: Scope,
    stream: str,
    decoder: msgspec.json.Decoder[T],
    most_bytes: int = SMALL_BYTES,
) -> T:
    """What a service answers about a stream.

    Raises:
        StreamTrouble: it does not, or refuses, or nobody can read what it says.
    """
    try:
        said = await calls.send(made, scope, region_of(stream), most_bytes)
        return decoder.decode(said or b"{}")
    except NotDone as error:
        raise StreamTrouble(str(error), error.code) from error
    except (ValueError, RecursionError):
        raise StreamTrouble(f"{made.service} answered with what cannot be read") from None
