"""Log groups and streams in SQLite: jobs for the threads that own the connections."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from lambdad.domain.errors import NotFound
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import GroupInfo, StreamInfo, StreamKey
from lambdad.storage.sqlite.log_asking import NO_GROUP, group_key, group_of


class GroupTables:
    """Jobs on groups and streams, each inside the thread and the transaction of its connection.

    Args:
        sql: the named statements.
    """

    def __init__(self, sql: Mapping[str, str]) -> None:
        self._sql = sql

    def create_group(
        self, connection: sqlite3.Connection, scope: Scope, name: str, tags: Mapping[str, str], now_ms: int
    ) -> bool:
        """False when it exists."""
        row = group_key(scope, name) | {"now_ms": now_ms, "tags": msgspec.json.encode(dict(tags)).decode()}
        return connection.execute(self._sql["create_group"], row).rowcount > 0

    def create_stream(self, connection: sqlite3.Connection, key: StreamKey, now_ms: int) -> bool:
        """False when it exists.

        Raises:
            NotFound: no such group.
        """
        group_id = group_of(connection, self._sql, key.scope, key.group)
        row = {"group_id": group_id, "name": key.stream, "now_ms": now_ms}
        return connection.execute(self._sql["create_stream"], row).rowcount > 0

    def delete_group(self, connection: sqlite3.Connection, scope: Scope, name: str) -> bool:
        """Hide a group until it is freed; False when there is none."""
        return connection.execute(self._sql["delete_group"], group_key(scope, name)).rowcount > 0

    def delete_stream(self, connection: sqlite3.Connection, key: StreamKey) -> bool:
        """Hide a stream until it is freed; False when there is none.

        Raises:
            NotFound: no such group.
        """
        group_id = group_of(connection, self._sql, key.scope, key.group)
        row = connection.execute(
            self._sql["stream_id"], {"group_id": group_id, "name": key.stream}
        ).fetchone()
        if row is None:
            return False
        stream = {"stream_id": row[0]}
        (text_bytes,) = connection.execute(self._sql["text_of_stream"], stream).fetchone()
        connection.execute(self._sql["grow_group"], {"group_id": group_id, "bytes": -text_bytes})
        connection.execute(self._sql["delete_stream"], stream)
        return True

    def set_retention(
        self, connection: sqlite3.Connection, scope: Scope, group: str, days: int | None
    ) -> None:
        """Keep events of a group for so many days; None: for ever.

        Raises:
            NotFound: no such group.
        """
        row = group_key(scope, group) | {"days": days}
        if not connection.execute(self._sql["set_retention"], row).rowcount:
            raise NotFound(NO_GROUP)

    def group(self, connection: sqlite3.Connection, scope: Scope, name: str) -> GroupInfo:
        """One group.

        Raises:
            NotFound: no such group.
        """
        row = connection.execute(self._sql["read_group"], group_key(scope, name)).fetchone()
        if row is None:
            raise NotFound(NO_GROUP)
        return GroupInfo(*row)

    def tags(self, connection: sqlite3.Connection, scope: Scope, group: str) -> dict[str, str]:
        """The tags of a group.

        Raises:
            NotFound: no such group.
        """
        row = connection.execute(self._sql["read_tags"], group_key(scope, group)).fetchone()
        if row is None:
            raise NotFound(NO_GROUP)
        return msgspec.json.decode(row[0], type=dict[str, str])

    def change_tags(
        self,
        connection: sqlite3.Connection,
        scope: Scope,
        group: str,
        remove: Sequence[str],
        add: Mapping[str, str],
    ) -> None:
        """Take tags away, then set others.

        Raises:
            NotFound: no such group.
        """
        tags = self.tags(connection, scope, group)
        for name in remove:
            tags.pop(name, None)
        row = group_key(scope, group) | {"tags": msgspec.json.encode({**tags, **add}).decode()}
        connection.execute(self._sql["write_tags"], row)

    def list_groups(
        self,
        connection: sqlite3.Connection,
        scope: Scope,
        *,
        prefix: str | None,
        pattern: str | None,
        after: str | None,
        limit: int,
    ) -> list[GroupInfo]:
        """Groups by name, behind `after`."""
        page = group_key(scope, "") | {
            "prefix": prefix or "",
            "pattern": pattern or "",
            "after": after or "",
            "limit": limit,
        }
        return [GroupInfo(*row) for row in connection.execute(self._sql["list_groups"], page)]

    def list_streams(
        self,
        connection: sqlite3.Connection,
        scope: Scope,
        group: str,
        *,
        prefix: str | None,
        after: str | None,
        limit: int,
        by_time: bool,
        descending: bool,
    ) -> list[StreamInfo]:
        """Streams of a group behind stream `after`, by name or by last event time.

        Raises:
            NotFound: no such group.
        """
        query = f"list_streams_by_{'time' if by_time else 'name'}{'_descending' if descending else ''}"
        group_id = group_of(connection, self._sql, scope, group)
        page = {"group_id": group_id, "prefix": prefix or "", "after": after, "limit": limit}
        return [StreamInfo(*row) for row in connection.execute(self._sql[query], page)]
