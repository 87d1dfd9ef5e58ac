"""Reading events in order out of chunks that overlap in time.

Chunks come in the order of their first (or last) times; an event is passed on once no chunk still to
come can hold an earlier (later) one. So a page costs the chunks it touches, not the whole group.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from lambdad.ports.log_store import Matcher, StoredEvent, event_id_of
from lambdad.storage.sqlite.log_chunks import unpack

Position = tuple[int, int]
"""Where an event stands among all: its time in ms and its number."""

BEGINNING: Position = (-1, 0)
END: Position = (2**62, 2**62)


@dataclass(frozen=True, slots=True)
class Span:
    """What to read: events strictly between two positions.

    Attributes:
        group_id: of the group.
        stream_ids: None for every stream of the group.
        matcher: says which events are wanted; None: all.
    """

    group_id: int
    stream_ids: Sequence[int] | None
    after: Position
    before: Position
    matcher: Matcher | None

    def holds(self, time_ms: int, number: int, message: str) -> bool:
        """Whether an event belongs to it."""
        return self.after < (time_ms, number) < self.before and (
            self.matcher is None or self.matcher.matches(message)
        )


class EventReader:
    """Reads spans over one connection, inside the thread that owns it."""

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str]) -> None:
        self._connection = connection
        self._sql = sql

    def first(self, span: Span, limit: int) -> list[StoredEvent]:
        """The first `limit` events of a span."""
        return list(islice(self._ordered(span, backward=False), limit))

    def last(self, span: Span, limit: int) -> list[StoredEvent]:
        """The last `limit` events of a span, in ascending order."""
        return list(islice(self._ordered(span, backward=True), limit))[::-1]

    def _ordered(self, span: Span, *, backward: bool) -> Iterator[StoredEvent]:
        sign = -1 if backward else 1
        waiting: list[tuple[int, int, StoredEvent]] = []
        for first_event_id, edge_ms in self._chunks(span, backward=backward):
            while waiting and waiting[0][0] < sign * edge_ms:
                yield heapq.heappop(waiting)[2]
            for event in self._events(span, first_event_id):
                heapq.heappush(waiting, (sign * event.timestamp_ms, sign * event.event_id, event))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _chunks(self, span: Span, *, backward: bool) -> Iterator[tuple[int, int]]:
        whose = "group" if span.stream_ids is None else "streams"
        streams = None if span.stream_ids is None else f"[{','.join(map(str, span.stream_ids))}]"
        # A chunk of the very time of a bound may still hold events on the right side of it.
        bounds = {"start_ms": span.after[0], "end_ms": span.before[0] + 1}
        yield from self._connection.execute(
            self._sql[f"chunks_of_{whose}_{'backward' if backward else 'forward'}"],
            bounds | {"group_id": span.group_id, "streams": streams},
        )

    def _events(self, span: Span, first_event_id: int) -> Iterator[StoredEvent]:
        row = self._connection.execute(self._sql["read_chunk"], {"first_event_id": first_event_id}).fetchone()
        if row is None:  # deleted since the listing
            return
        stream, ingestion_ms, compressed, body = row
        for number, (time_ms, message) in enumerate(
            unpack(body, compressed=bool(compressed)), first_event_id
        ):
            if span.holds(time_ms, number, message):
                yield StoredEvent(stream, time_ms, ingestion_ms, message, event_id_of(time_ms, number))
