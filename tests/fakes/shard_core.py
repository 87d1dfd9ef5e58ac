"""Shards of a stream in memory: what Kinesis and DynamoDB Streams have in common; nothing of HTTP or of real time.

Closed shards stay, with their records, until they are trimmed away.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.service_faults import Faults, Refused

HASHES = 1 << 128
Members = dict[str, Any]
Shown = Callable[[str, float], dict[str, Any]]
"""A record as GetRecords gives it, for its sequence number and when it came."""


@dataclass(frozen=True)
class Entry:
    """A record; `shown` is all that GetRecords gives of it."""

    number: int
    at_s: float
    size: int
    shown: dict[str, Any]


@dataclass
class Shard:
    """Part of a stream.

    Attributes:
        first, last: hashes of keys that it takes, both included.
        opened, closed: numbers that bound those of its records; `closed` is None while it is open.
        trimmed: records below this number are gone.
    """

    id: str
    first: int
    last: int
    parents: tuple[str, ...]
    opened: int
    closed: int | None = None
    trimmed: int = 0
    entries: list[Entry] = field(default_factory=list)

    def at(self, number: int) -> int:
        """Index of the first record at or after a number."""
        return bisect_left(self.entries, number, key=lambda entry: entry.number)


@dataclass
class Stream:
    """Shards by id, in the order they were opened."""

    name: str
    arn: str
    made_s: float
    shards: dict[str, Shard] = field(default_factory=dict)

    def children(self, shard: Shard) -> list[Shard]:
        return [one for one in self.shards.values() if shard.id in one.parents]


@dataclass(frozen=True)
class Read:
    """What one read of a shard gives.

    Attributes:
        following: iterator to go on with; None at the end of a closed shard.
        behind_ms: age of the oldest record that was not read; 0 when all are.
    """

    entries: Sequence[Entry]
    following: str | None
    behind_ms: int
    shard: Shard
    stream: Stream


class ShardLog:
    """Streams of one account, by ARN.

    Args:
        base: what sequence numbers begin at.
        named: id of the n-th shard of a stream.
        iterator_s: how long an iterator is good.
        tells_trimmed: whether a position that was trimmed away is refused, as in DynamoDB; Kinesis goes on
            with the oldest record there is.

    Attributes:
        requests: operations, by name.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        base: int,
        named: Callable[[int], str],
        iterator_s: float,
        *,
        tells_trimmed: bool,
    ) -> None:
        self.clock = clock
        self.streams: dict[str, Stream] = {}
        self.faults = Faults()
        self.requests: Counter[str] = Counter()
        self._base = base
        self._named = named
        self._iterator_s = iterator_s
        self._tells_trimmed = tells_trimmed
        self._numbers = itertools.count(1)
        self._expired_before = 0
        self._issued = itertools.count(1)

    # --- making and changing -----------------------------------------------------------------------------

    def make(self, name: str, arn: str, shards: int) -> Stream:
        """Make a stream whose shards take equal parts of the hashes."""
        stream = self.streams[arn] = Stream(name, arn, self.clock())
        for one in range(shards):
            self._open(stream, HASHES * one // shards, HASHES * (one + 1) // shards - 1, ())
        return stream

    def put(self, stream: Stream, key: str, shown: Shown, size: int) -> tuple[str, str]:
        """Add a record to the open shard of its key; shard and sequence number."""
        return self.put_at(
            stream, int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16), shown, size
        )

    def put_at(self, stream: Stream, at: int, shown: Shown, size: int) -> tuple[str, str]:
        """Add a record to the open shard of a hash; shard and sequence number."""
        shard = next(s for s in stream.shards.values() if s.closed is None and s.first <= at <= s.last)
        number = next(self._numbers)
        told, at_s = self.told(number), round(self.clock(), 3)
        shard.entries.append(Entry(number, at_s, size, shown(told, at_s)))
        return shard.id, told

    def split(self, stream: Stream, shard: Shard, at: int) -> tuple[Shard, Shard]:
        """Close a shard; the two that follow it, of which the second begins at a hash."""
        self._close(shard)
        return (
            self._open(stream, shard.first, at - 1, (shard.id,)),
            self._open(stream, at, shard.last, (shard.id,)),
        )

    def merge(self, stream: Stream, one: Shard, other: Shard) -> Shard:
        """Close two shards; the one that follows both."""
        self._close(one)
        self._close(other)
        first, last = min(one.first, other.first), max(one.last, other.last)
        return self._open(stream, first, last, (one.id, other.id))

    def roll(self, stream: Stream, parts: int = 1) -> None:
        """Close every open shard; each is followed by so many that share its hashes."""
        for shard in [one for one in stream.shards.values() if one.closed is None]:
            self._close(shard)
            width = shard.last - shard.first + 1
            for part in range(parts):
                first, end = (shard.first + width * n // parts for n in (part, part + 1))
                self._open(stream, first, end - 1, (shard.id,))

    def trim(self, stream: Stream, *, shard: str | None = None, before: str | None = None) -> None:
        """Let records go, all there are or those before a number; closed shards with none left go too."""
        for one in [each for each in stream.shards.values() if shard in (None, each.id)]:
            one.trimmed = next(self._numbers) if before is None else self.number(before)
            del one.entries[: one.at(one.trimmed)]
            if one.closed is not None and not one.entries:
                del stream.shards[one.id]

    def _open(self, stream: Stream, first: int, last: int, parents: tuple[str, ...]) -> Shard:
        newest = max((int(name.split("-")[1]) for name in stream.shards), default=-1)
        shard = Shard(self._named(newest + 1), first, last, parents, next(self._numbers))
        stream.shards[shard.id] = shard
        return shard

    def _close(self, shard: Shard) -> None:
        shard.closed = next(self._numbers)

    # --- reading -----------------------------------------------------------------------------------------

    def iterator(
        self, stream: Stream, shard: Shard, kind: str, sequence: str | None = None, at_s: float | None = None
    ) -> str:
        """An iterator of one of AWS's kinds.

        Raises:
            Refused: the sequence number is none, or was trimmed away.
        """
        match kind:
            case "TRIM_HORIZON":
                number = shard.trimmed
            case "LATEST":
                number = next(self._numbers)
            case "AT_TIMESTAMP":
                found = next((one.number for one in shard.entries if one.at_s >= (at_s or 0.0)), None)
                number = next(self._numbers) if found is None else found
            case _:
                number = self.number(sequence or "") + (kind == "AFTER_SEQUENCE_NUMBER")
                self._trimmed(shard, number)
        return self._issue(stream, shard, number)

    def read(self, iterator: str, limit: int, most_bytes: int) -> Read:
        """Read where an iterator stands.

        Raises:
            Refused: it is none, has expired, or what it stands at was trimmed away; or its stream is gone.
        """
        arn, name, number, issued, at_s = self.opened(iterator)
        if issued < self._expired_before or self.clock() - at_s > self._iterator_s:
            raise Refused(
                "ExpiredIteratorException", "Iterator expired. The iterator was created too long ago."
            )
        stream = self.streams.get(arn)
        shard = stream.shards.get(name) if stream else None
        if stream is None or shard is None:
            raise Refused("ResourceNotFoundException", f"Shard {name} in stream {arn} does not exist")
        self._trimmed(shard, number)
        begin, size = shard.at(number), 0
        found: list[Entry] = []
        for entry in shard.entries[begin : begin + limit]:
            size += entry.size
            if found and size > most_bytes:
                break
            found.append(entry)
        rest = shard.entries[begin + len(found) : begin + len(found) + 1]
        number = found[-1].number + 1 if found else number
        is_over = shard.closed is not None and not rest
        behind_ms = int((self.clock() - rest[0].at_s) * 1e3) if rest else 0
        return Read(found, None if is_over else self._issue(stream, shard, number), behind_ms, shard, stream)

    def expire(self) -> None:
        """All iterators that were given so far have expired."""
        self._expired_before = next(self._issued)

    def opened(self, iterator: str) -> tuple[str, str, int, int, float]:
        """Stream, shard, number, and when it was given, of an iterator.

        Raises:
            Refused: it is none.
        """
        try:
            arn, name, number, issued, at_s = json.loads(base64.b64decode(iterator, validate=True))
        except ValueError:
            raise Refused("InvalidArgumentException", "Invalid ShardIterator.") from None
        return str(arn), str(name), int(number), int(issued), float(at_s)

    def _issue(self, stream: Stream, shard: Shard, number: int) -> str:
        held = [stream.arn, shard.id, number, next(self._issued), self.clock()]
        return base64.b64encode(json.dumps(held).encode()).decode()

    def _trimmed(self, shard: Shard, number: int) -> None:
        if self._tells_trimmed and number < shard.trimmed:
            raise Refused("TrimmedDataAccessException", "The requested data has been trimmed from the stream")

    # --- numbers -----------------------------------------------------------------------------------------

    def told(self, number: int) -> str:
        """A number as clients see it."""
        return str(self._base + number)

    def number(self, told: str) -> int:
        """The other way round.

        Raises:
            Refused: it is none of ours.
        """
        if not told.isdecimal() or int(told) < self._base:
            raise Refused("InvalidArgumentException", f"StartingSequenceNumber {told} is invalid")
        return int(told) - self._base


class ShardService:
    """A service of streams: answers operations as methods with their lower-case names do.

    Attributes:
        log: the shards; `log.faults` is what requests meet.
        reads: operations that may meet a fault.
    """

    reads: frozenset[str]

    def __init__(self, log: ShardLog) -> None:
        self.log = log

    def call(self, operation: str, members: Members) -> Members | None:
        """The answer; None for one that is cut off.

        Raises:
            Refused: as the service words it.
        """
        self.log.requests[operation] += 1
        if operation in self.reads and self.log.faults.meet(operation, self._arn(members)):
            return None
        handler = getattr(self, f"_{operation.lower()}", None)
        if handler is None:
            raise Refused("UnknownOperationException", operation)
        answer: Members = handler(members)
        return answer

    def _arn(self, members: Members) -> str:
        """Of the stream that an iterator is of; empty without one."""
        iterator = members.get("ShardIterator")
        return self.log.opened(iterator)[0] if iterator else ""


def paged(shards: Sequence[Shard], after: str | None, most: int) -> Iterator[Shard]:
    """So many shards after one."""
    return itertools.islice((one for one in shards if after is None or one.id > after), most)
