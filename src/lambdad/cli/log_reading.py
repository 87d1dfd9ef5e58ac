"""Log events of several functions in one order of time, through FilterLogEvents.

Before: `log_sources`. After: `logs` prints what comes out; `log_following` goes on where this ends.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lambdad.cli.client import ApiError, Client
from lambdad.cli.log_sources import Source, whose
from lambdad.cli.log_words import ends_request, request_of


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log event; `time_ms` since 1970, `name` of whoever wrote it as it is shown."""

    time_ms: int
    message: str
    stream: str
    group: str
    name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are read: from `start_ms` to `end_ms` (None: no end), and only what `pattern` matches."""

    start_ms: int
    end_ms: int | None = None
    pattern: str | None = None


def by_group(sources: Iterable[Source]) -> dict[str, list[Source]]:
    """Sources by their log group: a group is read once."""
    groups: dict[str, list[Source]] = {}
    for source in sources:
        groups.setdefault(source.group, []).append(source)
    return groups


def read(client: Client, groups: Mapping[str, Sequence[Source]], wanted: Wanted) -> Iterator[LogLine]:
    """Events of all groups, the oldest first; of a group that does not exist none."""
    each = [read_group(client, group, sources, wanted) for group, sources in groups.items()]
    return heapq.merge(*each, key=lambda line: line.time_ms)


def read_group(
    client: Client, group: str, sources: Sequence[Source], wanted: Wanted, streams: Sequence[str] = ()
) -> Iterator[LogLine]:
    """Events of one group, page by page, the oldest first; none when it does not exist."""
    try:
        yield from read_existing(client, group, sources, wanted, streams)
    except ApiError as error:
        if error.code != "ResourceNotFoundException":
            raise


def read_existing(
    client: Client, group: str, sources: Sequence[Source], wanted: Wanted, streams: Sequence[str] = ()
) -> Iterator[LogLine]:
    """As `read_group`.

    Raises:
        ApiError: also when there is no such group.
    """
    members: dict[str, object] = {"logGroupName": group, "startTime": wanted.start_ms}
    if wanted.end_ms is not None:
        members["endTime"] = wanted.end_ms
    if wanted.pattern:
        members["filterPattern"] = wanted.pattern
    if streams:
        members["logStreamNames"] = list(streams)
    while True:
        page = client.logs("FilterLogEvents", members)
        yield from lines_of(page.get("events"), group, sources)
        token = page.get("nextToken")
        if not token:
            return
        members["nextToken"] = token


def lines_of(events: object, group: str, sources: Sequence[Source]) -> Iterator[LogLine]:
    """The events of an answer that one of the sources wrote."""
    for event in events if isinstance(events, list) else ():
        stream = str(event.get("logStreamName"))
        owner = whose(sources, stream)
        if owner is not None:
            yield LogLine(
                int(event.get("timestamp", 0)), str(event.get("message")), stream, group, owner.name
            )


class OneRequest:
    """Lets the lines of one invocation through: from its START to what follows, per stream.

    An environment has one event at a time, so what it writes until the next START belongs to this one.
    The beginning of a request id will do.
    """

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id
        self._running: dict[str, str] = {}

    def takes(self, line: LogLine) -> bool:
        """Whether this line belongs to it; lines of a stream come in their order."""
        begun = request_of(line.message)
        if begun is not None:
            self._running[line.stream] = begun
        running = self._running.get(line.stream, "")
        return running.startswith(self._request_id) or self._request_id in line.message


def read_request(
    client: Client, groups: Mapping[str, Sequence[Source]], wanted: Wanted, request_id: str
) -> Iterator[LogLine]:
    """The lines of one invocation: first who names it, then what its stream held around that."""
    quoted = '"' + request_id.replace("\\", "\\\\").replace('"', '\\"') + '"'
    naming = Wanted(wanted.start_ms, wanted.end_ms, quoted)
    each = [_around(client, group, sources, naming, request_id) for group, sources in groups.items()]
    return heapq.merge(*each, key=lambda line: line.time_ms)


def _around(
    client: Client, group: str, sources: Sequence[Source], naming: Wanted, request_id: str
) -> Iterator[LogLine]:
    spans: dict[str, tuple[int, int | None]] = {}
    for line in read_group(client, group, sources, naming):
        first, _ = spans.get(line.stream, (line.time_ms, None))
        # While it runs, what it writes need not name it.
        spans[line.stream] = first, line.time_ms if ends_request(line.message) else naming.end_ms
    request = OneRequest(request_id)
    each = [
        read_group(client, group, sources, Wanted(first, last), [stream])
        for stream, (first, last) in spans.items()
    ]
    return filter(request.takes, heapq.merge(*each, key=lambda line: line.time_ms))
