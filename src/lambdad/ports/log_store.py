"""Where log lines go, and where they are read from.

The writing half is called from the invocation path: it never blocks and never fails there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lambdad.domain.platform_log import InvocationRecord, LogLine, LogText, Printed
from lambdad.domain.scope import Scope

__all__ = [
    "EventPage",
    "GroupInfo",
    "InvocationRecord",
    "LogLine",
    "LogLosses",
    "LogSink",
    "LogStore",
    "LogText",
    "Matcher",
    "Printed",
    "StoredEvent",
    "StreamInfo",
    "StreamKey",
    "event_id_of",
    "position_of",
]

_NUMBER_BITS = 64


@dataclass(frozen=True, slots=True)
class StreamKey:
    """A log stream: `group` and `stream` are AWS's names.

    Attributes:
        json_format: whether what the platform says in it is JSON; no part of its identity.
    """

    scope: Scope
    group: str
    stream: str
    json_format: bool = field(default=False, compare=False)


def event_id_of(timestamp_ms: int, number: int) -> int:
    """The id of an event: ids of a group have the order of its events, by time and then by number.

    Args:
        timestamp_ms: the event's time.
        number: given once, ascending as events are stored; 0 stands before all events of that time.
    """
    return timestamp_ms << _NUMBER_BITS | number


def position_of(event_id: int) -> tuple[int, int]:
    """The time in ms and the number in an event's id."""
    return event_id >> _NUMBER_BITS, event_id & ((1 << _NUMBER_BITS) - 1)


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as read back; `event_id` (`event_id_of`) orders events of a group and never repeats."""

    stream: str
    timestamp_ms: int
    ingestion_ms: int
    message: str
    event_id: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """What a reading found.

    Attributes:
        events: in ascending order of time, then id.
        stopped_id: None when the reading came to its end or to its limit. Otherwise its time was over:
            everything before this id was looked at (everything behind it, when reading backward), and
            reading on goes behind (before) it. No event need have it.
    """

    events: list[StoredEvent]
    stopped_id: int | None = None


@dataclass(frozen=True, slots=True)
class GroupInfo:
    """A log group; `retention_days` None means for ever."""

    name: str
    created_ms: int
    stored_bytes: int
    retention_days: int | None


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """A log stream; times are None while it is empty."""

    name: str
    created_ms: int
    first_event_ms: int | None
    last_event_ms: int | None
    last_ingestion_ms: int | None


@dataclass(frozen=True, slots=True)
class LogLosses:
    """Lines that their streams do not have, since the start; each stream says how many of its own.

    Attributes:
        dropped: they came faster than they could be stored.
        unwritten: they could not be written to the disk.
    """

    dropped: int
    unwritten: int


class Matcher(Protocol):
    """Which events a reader wants; a value that can be sent to another process.

    Attributes:
        needles: texts that every wanted event contains literally, so that most others are passed over
            without being looked at one by one; empty when there are none.
    """

    @property
    def needles(self) -> Sequence[str]:
        """Texts that every wanted event contains; see above."""
        ...

    def matches(self, message: str) -> bool:
        """Whether an event with this text is wanted."""
        ...


class LogSink(Protocol):
    """The writing half, for the invocation path."""

    def write(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        """Take lines in order; group and stream are made when missing. On disk within 100 ms."""
        ...

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        """Take one whole invocation, whose lines are `platform_log.lines_of`."""
        ...

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        """Whether whoever can wait should hand over more to this stream.

        When not, `on_room` is called once on the running loop as soon as there is room. What is handed
        over all the same is taken while memory lasts, then dropped, and the stream says how much was.
        """
        ...


class LogStore(LogSink, Protocol):
    """The whole of it, for the Logs API."""

    def losses(self) -> LogLosses:
        """How many lines were lost since the start, and why."""
        ...

    def prepare(self) -> None:
        """Somebody will soon read: make ready, in the background, what the first search would wait for."""
        ...

    async def create_group(self, scope: Scope, name: str, tags: Mapping[str, str] | None = None) -> bool:
        """False when it exists."""
        ...

    async def create_stream(self, key: StreamKey) -> bool:
        """False when it exists. Raises NotFound without the group."""
        ...

    async def append(self, key: StreamKey, lines: Sequence[LogLine]) -> int:
        """Store lines of an existing stream: on disk when it returns, never dropped; the last event id.

        Raises NotFound without group or stream.
        """
        ...

    async def delete_group(self, scope: Scope, name: str) -> bool:
        """Remove a group with its streams; False when there is none. What it held is freed later."""
        ...

    async def delete_stream(self, key: StreamKey) -> bool:
        """Remove a stream with its events; False when there is none. Raises NotFound without the group."""
        ...

    async def set_retention(self, scope: Scope, group: str, days: int | None) -> None:
        """Show events of a group no longer once they are `days` old, and free them later; None: keep all.

        Raises NotFound.
        """
        ...

    async def group(self, scope: Scope, name: str) -> GroupInfo:
        """One group. Raises NotFound."""
        ...

    async def group_tags(self, scope: Scope, group: str) -> dict[str, str]:
        """The tags of a group, in the order they were set. Raises NotFound."""
        ...

    async def change_tags(
        self, scope: Scope, group: str, *, remove: Sequence[str] = (), add: Mapping[str, str] | None = None
    ) -> None:
        """Take away the tags with these keys, if there, then set those of `add`. Raises NotFound."""
        ...

    async def groups(
        self, scope: Scope, *, prefix: str | None, pattern: str | None, after: str | None, limit: int
    ) -> list[GroupInfo]:
        """Groups by name, behind `after`; `pattern` is a case-sensitive substring."""
        ...

    async def streams(
        self,
        scope: Scope,
        group: str,
        *,
        prefix: str | None,
        after: str | None,
        limit: int,
        by_time: bool = False,
        descending: bool = False,
    ) -> list[StreamInfo]:
        """Streams of a group behind stream `after`, by name or by last event time. Raises NotFound."""
        ...

    async def read(
        self,
        scope: Scope,
        group: str,
        *,
        streams: Sequence[str] | None,
        start_ms: int | None,
        end_ms: int | None,
        after_id: int | None,
        before_id: int | None,
        limit: int,
        backward: bool = False,
        matcher: Matcher | None = None,
        stream_prefix: str | None = None,
        within_s: float | None = None,
    ) -> EventPage:
        """Events in ascending order of time then id, from one, several or all streams of a group.

        The range is `start_ms` (inclusive) to `end_ms` (exclusive), and behind `after_id` and before
        `before_id`, ids that need not be those of events that are (still) there. Of what matches
        come the first `limit` events, or the last ones when `backward`. Without a
        `matcher` every event is wanted. A reading stops after `within_s` (None: the store's own bound)
        and says where. Raises NotFound for the group or a named stream, SearchTooSlow when it
        could not even get past the first events of the range in that time.
        """
        ...

    def subscribe(
        self, scope: Scope, group: str, callback: Callable[[list[StoredEvent]], None]
    ) -> Callable[[], None]:
        """Call `callback` on the running loop with each batch stored for a group; returns the way out."""
        ...

    async def flush(self) -> None:
        """Return once everything taken by `write` before this call can be read and is on disk."""
        ...
