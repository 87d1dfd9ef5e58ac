"""Opening a database: pragmas, schema version, migrations.

A database made by a newer lambdad is refused before anything is written to it.
"""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from pathlib import Path

from lambdad.storage.refusal import StorageRefused
from lambdad.storage.sqlite.queries import migrations

MEMORY = ":memory:"
_BUSY_TIMEOUT_S = 10.0  # a backup by another process may hold the file for a moment
_CACHED_STATEMENTS = 256


class Durability(StrEnum):
    """What a commit promises: survive a power cut (FULL) or a killed process (NORMAL)."""

    FULL = "FULL"
    NORMAL = "NORMAL"


def open_for_writing(
    path: Path | str, concern: str, durability: Durability, *, shrinks: bool = False
) -> sqlite3.Connection:
    """The one writing connection of a database, migrated to the newest schema.

    Args:
        path: the file, made when missing, or ``:memory:``.
        concern: names the folder of migrations.
        durability: what a commit promises.
        shrinks: a new file can give free pages back (``PRAGMA incremental_vacuum``).

    Raises:
        StorageRefused: not a database, or its schema is newer than this lambdad knows.
    """
    connection = _connect(path)
    try:
        if shrinks:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # of no effect once there are tables
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {durability.value}")
        connection.execute("PRAGMA foreign_keys = ON")
        _migrate(connection, path, migrations(concern))
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StorageRefused(f"{path}: cannot be used as a database: {error}") from error
    except StorageRefused:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path | str) -> sqlite3.Connection:
    """A connection that cannot change anything."""
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(path: Path | str) -> sqlite3.Connection:
    # Each connection is used by one thread at a time: made here, then owned by its thread.
    return sqlite3.connect(
        str(path),
        timeout=_BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=_CACHED_STATEMENTS,
    )


def _migrate(connection: sqlite3.Connection, path: Path | str, scripts: list[str]) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(scripts):
        raise StorageRefused(
            f"{path}: schema version {version} is newer than this lambdad knows ({len(scripts)}); "
            "use the lambdad that wrote it"
        )
    for number, script in enumerate(scripts[version:], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
