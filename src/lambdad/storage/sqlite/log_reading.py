"""Reading events in order out of chunks that overlap in time, step by step.

Chunks come in the order of their first (or last) times; an event is passed on once no chunk still to
come can hold an earlier (later) one. So a page costs the chunks it touches, not the whole group, and a
reading can stop at any chunk and say how far it has come.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lambdad.domain.errors import SearchTooSlow
from lambdad.domain.limits import LOG_PAGE_BYTES, LOG_SEARCH_PATIENCE
from lambdad.ports.log_store import event_id_of
from lambdad.storage.sqlite.log_asking import Asked, Position, Span, span_of
from lambdad.storage.sqlite.log_chunks import Events, Packer, events_in

TOO_SLOW = (
    "The search took too long: the pattern takes too much time for a single part of the log. "
    "Use a simpler pattern or a shorter range of time."
)
_LOOKS = 64  # candidates between two looks at the clock


class Found(NamedTuple):
    """An event as it was read."""

    timestamp_ms: int
    number: int
    stream: str
    ingestion_ms: int
    message: str


class Step(NamedTuple):
    """Events that come next, in the order of reading.

    Attributes:
        stopped_id: where to read on; None before the reading has come past the begin of its range.
        is_last: nothing follows.
    """

    events: list[Found]
    stopped_id: int | None
    is_last: bool


class Patience:
    """How long a reading may take.

    Args:
        monotonic: seconds, from any begin.
        within_s: then it stops; until it has come past its begin, some times longer.

    Attributes:
        begun: it has come past its begin.
    """

    def __init__(self, monotonic: Callable[[], float], within_s: float) -> None:
        self._monotonic = monotonic
        begin = monotonic()
        self._soft = begin + within_s
        self._hard = begin + within_s * LOG_SEARCH_PATIENCE
        self.begun = False

    def is_over(self) -> bool:
        """Whether the reading has to stop."""
        return self._monotonic() >= (self._soft if self.begun else self._hard)


class OutOfTimeError(Exception):
    """In the middle of a chunk."""


class EventReader:
    """Reads over one connection, inside the thread that owns it."""

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str]) -> None:
        self._connection = connection
        self._sql = sql
        self._packer = Packer()

    def read(self, asked: Asked, patience: Patience) -> Iterator[Step]:
        """What is asked for, up to the limit; the last step says where the reading stopped, if it did.

        Raises:
            NotFound: no such group or stream.
            SearchTooSlow: nothing could be done in the time there is.
        """
        span = span_of(self._connection, self._sql, asked)
        backward, room = asked.backward, asked.limit
        begin = span.before if backward else span.after
        stopped: int | None = None
        size = 0
        try:
            for events, edge in self._steps(span, patience, backward=backward):
                found = events[:room]
                room -= len(found)
                fitting, size = _fitting(found, size)
                if size > LOG_PAGE_BYTES:
                    yield Step(fitting, event_id_of(*fitting[-1][:2]), is_last=True)
                    return
                if room <= 0 or edge is None:
                    yield Step(found, None, is_last=True)
                    return
                if (edge < begin) if backward else (edge > begin):
                    stopped = event_id_of(*edge)
                    patience.begun = True
                over = patience.is_over()
                yield Step(found, stopped, is_last=over and stopped is not None)
                if over:
                    break
        except OutOfTimeError:
            yield Step([], stopped, is_last=stopped is not None)
        if stopped is None:
            raise SearchTooSlow(TOO_SLOW)

    def _steps(
        self, span: Span, patience: Patience, *, backward: bool
    ) -> Iterator[tuple[list[Found], Position | None]]:
        """The events before each chunk and its edge; None as the edge behind the last."""
        sign = -1 if backward else 1
        waiting: list[tuple[int, int, Found]] = []
        for first_number, edge_ms in self._chunks(span, backward=backward):
            ready: list[Found] = []
            while waiting and waiting[0][0] < sign * edge_ms:
                ready.append(heapq.heappop(waiting)[2])
            yield ready, (edge_ms + 1 if backward else edge_ms, 0)
            for found in self._wanted(span, first_number, patience):
                heapq.heappush(waiting, (sign * found.timestamp_ms, sign * found.number, found))
        yield [heapq.heappop(waiting)[2] for _ in range(len(waiting))], None

    def _chunks(self, span: Span, *, backward: bool) -> Iterator[tuple[int, int]]:
        direction = "backward" if backward else "forward"
        # A chunk of the very time of a bound may still hold events on the right side of it.
        bounds: dict[str, int | str] = {"start_ms": span.after[0], "end_ms": span.before[0] + 1}
        ids = span.stream_ids
        if ids is None:
            whose, of = "group", {"group_id": span.group_id}
        elif len(ids) == 1:
            whose, of = "stream", {"stream_id": ids[0]}
        else:
            bounds["streams"] = f"[{','.join(map(str, ids))}]"
            whose, of = "streams", {}
        yield from self._connection.execute(self._sql[f"chunks_of_{whose}_{direction}"], bounds | of)

    def _wanted(self, span: Span, first_number: int, patience: Patience) -> Iterator[Found]:
        """The wanted events of a chunk.

        Raises:
            OutOfTimeError: they could not all be looked at.
        """
        row = self._connection.execute(self._sql["read_chunk"], {"first_event_id": first_number}).fetchone()
        if row is None:  # of a stream that was deleted
            return
        stream, ingestion_ms, kind, body = row
        opened = self._packer.open(kind, body)
        matcher = span.matcher
        needles = () if matcher is None else matcher.needles
        if not all(needle.encode("utf-8", "surrogatepass") in opened for needle in needles):
            return
        events = events_in(kind, opened)
        numbers, ingested = _numbers(events, first_number, ingestion_ms)
        for count, at in enumerate(_candidates(events.messages, needles)):
            if count % _LOOKS == 0 and patience.is_over():
                raise OutOfTimeError
            time_ms, number, message = events.times_ms[at], numbers[at], events.messages[at]
            if span.after < (time_ms, number) < span.before and (matcher is None or matcher.matches(message)):
                yield Found(time_ms, number, stream, ingested[at], message)


def _fitting(found: list[Found], size: int) -> tuple[list[Found], int]:
    """Events up to the one that fills a page which has `size` characters before, and its size with them."""
    for count, event in enumerate(found):
        size += len(event.message)
        if size > LOG_PAGE_BYTES:
            return found[: count + 1], size
    return found, size


def _candidates(messages: Sequence[str], needles: Sequence[str]) -> Sequence[int]:
    """Which messages contain the longest needle."""
    if not needles:
        return range(len(messages))
    needle = max(needles, key=len)
    return [at for at, message in enumerate(messages) if needle in message]


def _numbers(events: Events, first_number: int, ingestion_ms: int) -> tuple[Sequence[int], Sequence[int]]:
    """The number and the time of storing of every event."""
    if not events.runs:
        count = len(events.messages)
        return range(first_number, first_number + count), [ingestion_ms] * count
    numbers: list[int] = []
    ingested: list[int] = []
    for first, count, at_ms in events.runs:
        numbers += range(first, first + count)
        ingested += [at_ms] * count
    return numbers, ingested
