"""Streams of records as they are polled: which shards there are, and what is in them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from lambdad.domain.scope import Scope
from lambdad.domain.stream_record import Page, Position, Shard


class StreamTrouble(Exception):
    """The stream did not answer, refused, or answered what cannot be read; the text is for people.

    Args:
        code: the service's name of the error, ``ExpiredIteratorException``; empty when there was no answer,
            or none that can be read.
    """

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a shard is read.

    Attributes:
        idle_s: from one read to the next while nothing is there.
        busy_s: the same while there is more.
        skew_s: by how much the service's clock may differ from that of this host.
    """

    idle_s: float
    busy_s: float
    skew_s: float


class RecordStream(Protocol):
    """Streams of one service by ARN, for mappings of an account and region."""

    def pace(self) -> Pace:
        """How often shards are read now."""
        ...

    async def shards(self, scope: Scope, stream: str) -> list[Shard]:
        """Every shard, those that are closed too as long as there are records in them.

        Raises:
            StreamTrouble: nobody knows which; ``ResourceNotFoundException``: there is no such stream.
        """
        ...

    async def kept_s(self, scope: Scope, stream: str) -> float:
        """How long records stay in a stream, in seconds.

        Raises:
            StreamTrouble: nobody knows; ``ResourceNotFoundException``: there is no such stream.
        """
        ...

    async def iterator(self, scope: Scope, stream: str, shard: str, position: Position) -> str:
        """Begin to read a shard.

        Raises:
            StreamTrouble: it cannot be read from there.
        """
        ...

    async def read(self, scope: Scope, stream: str, iterator: str, most: int) -> Page:
        """Up to so many records; none when there are none now.

        Raises:
            StreamTrouble: no records were read.
        """
        ...


class PushedRecords(Protocol):
    """Records of Kinesis as they are written, for a registered consumer: enhanced fan-out."""

    def pages(self, scope: Scope, consumer: str, shard: str, position: Position) -> AsyncGenerator[Page]:
        """What a subscription gives until it ends, after some minutes or with the shard.

        The `following` of a page is None when the shard has ended.

        Raises:
            StreamTrouble: while it is iterated.
        """
        ...
