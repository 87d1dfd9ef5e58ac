"""What a reader asks for, as a value that can be sent to another process, and what of the file it means."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambdad.domain.errors import NotFound
from lambdad.domain.limits import DAY_MS
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import Matcher, position_of

NO_GROUP = "The specified log group does not exist."
NO_STREAM = "The specified log stream does not exist."

Position = tuple[int, int]
"""Where an event stands among all: its time in ms and its number."""

BEGINNING: Position = (-1, 0)
END: Position = (2**62, 2**62)


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of `LogStore.read`, which see; `now_ms` is the time that retention counts from."""

    scope: Scope
    group: str
    streams: Sequence[str] | None
    stream_prefix: str | None
    start_ms: int | None
    end_ms: int | None
    after_id: int | None
    before_id: int | None
    limit: int
    backward: bool
    matcher: Matcher | None
    now_ms: int


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


def span_of(connection: sqlite3.Connection, sql: Mapping[str, str], asked: Asked) -> Span:
    """What is asked for, with the ids of group and streams, without what the group keeps no longer.

    Raises:
        NotFound: no such group, or a named stream is not there.
    """
    key = group_key(asked.scope, asked.group)
    row = connection.execute(sql["group_with_retention"], key).fetchone()
    if row is None:
        raise NotFound(NO_GROUP)
    group_id, days = row
    kept_ms = 0 if days is None else asked.now_ms - days * DAY_MS
    after = BEGINNING if asked.after_id is None else min(position_of(asked.after_id), END)
    before = END if asked.before_id is None else min(position_of(asked.before_id), END)
    return Span(
        group_id,
        _stream_ids(connection, sql, group_id, asked),
        max(after, (max(asked.start_ms or 0, kept_ms), 0)),
        min(before, (asked.end_ms, 0) if asked.end_ms is not None else END),
        asked.matcher,
    )


def _stream_ids(
    connection: sqlite3.Connection, sql: Mapping[str, str], group_id: int, asked: Asked
) -> list[int] | None:
    if asked.streams is not None:
        return [stream_of(connection, sql, group_id, name) for name in asked.streams]
    if not asked.stream_prefix:
        return None
    key = {"group_id": group_id, "prefix": asked.stream_prefix}
    return [row[0] for row in connection.execute(sql["stream_ids_of_prefix"], key)]


def group_key(scope: Scope, name: str) -> dict[str, str | int | None]:
    """The parameters that name a group."""
    return {"account": scope.account, "region": scope.region, "name": name}


def group_of(connection: sqlite3.Connection, sql: Mapping[str, str], scope: Scope, name: str) -> int:
    """The id of a group.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(sql["group_id"], group_key(scope, name)).fetchone()
    if row is None:
        raise NotFound(NO_GROUP)
    return int(row[0])


def stream_of(connection: sqlite3.Connection, sql: Mapping[str, str], group_id: int, name: str) -> int:
    """The id of a stream.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(sql["stream_id"], {"group_id": group_id, "name": name}).fetchone()
    if row is None:
        raise NotFound(NO_STREAM)
    return int(row[0])
