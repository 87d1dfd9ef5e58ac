"""Opening databases: queries by name, migrations, refusals."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from lambdad.storage.refusal import StorageRefused
from lambdad.storage.sqlite.database import Durability, open_for_reading, open_for_writing
from lambdad.storage.sqlite.queries import migrations, queries

CONCERNS = ["catalogue", "logs"]


def open_once(path: Path, concern: str) -> None:
    open_for_writing(path, concern, Durability.FULL).close()


def dumped(path: Path) -> list[str]:
    connection = open_for_reading(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.mark.parametrize("concern", CONCERNS)
def test_every_query_is_valid_for_the_newest_schema(tmp_path: Path, concern: str) -> None:
    connection = open_for_writing(tmp_path / "x.db", concern, Durability.NORMAL)
    try:
        found = queries(concern)
        assert len(found) > 5
        for name, statement in found.items():
            try:
                connection.execute(f"EXPLAIN {statement}", _Anything())
            except sqlite3.Error as error:
                pytest.fail(f"{name}: {error}")
    finally:
        connection.close()


class _Anything(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 0


@pytest.mark.parametrize("concern", CONCERNS)
def test_opening_twice_changes_nothing(tmp_path: Path, concern: str) -> None:
    open_once(tmp_path / "x.db", concern)
    before = dumped(tmp_path / "x.db")
    open_once(tmp_path / "x.db", concern)
    assert dumped(tmp_path / "x.db") == before
    assert before


@pytest.mark.parametrize("concern", CONCERNS)
def test_the_schema_version_is_the_number_of_migrations(tmp_path: Path, concern: str) -> None:
    open_once(tmp_path / "x.db", concern)
    connection = open_for_reading(tmp_path / "x.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (len(migrations(concern)),)
    connection.close()


@pytest.mark.parametrize("concern", CONCERNS)
def test_a_newer_schema_is_refused_in_one_line_and_left_alone(tmp_path: Path, concern: str) -> None:
    path = tmp_path / "x.db"
    open_once(path, concern)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = dumped(path)
    with pytest.raises(StorageRefused) as refusal:
        open_once(path, concern)
    assert str(refusal.value) == (
        f"{path}: schema version 999 is newer than this lambdad knows ({len(migrations(concern))}); "
        "use the lambdad that wrote it"
    )
    assert dumped(path) == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(b"my holiday pictures " * 100)
    with pytest.raises(StorageRefused, match="cannot be used as a database"):
        open_once(path, "catalogue")
    assert path.read_bytes() == b"my holiday pictures " * 100


def test_a_reading_connection_cannot_write(tmp_path: Path) -> None:
    open_once(tmp_path / "x.db", "catalogue")
    connection = open_for_reading(tmp_path / "x.db")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM functions")
    connection.close()


@pytest.mark.parametrize(("durability", "expected"), [(Durability.FULL, 2), (Durability.NORMAL, 1)])
def test_a_database_is_opened_with_the_durability_asked_for(
    tmp_path: Path, durability: Durability, expected: int
) -> None:
    connection = open_for_writing(tmp_path / "x.db", "catalogue", durability)
    assert connection.execute("PRAGMA synchronous").fetchone() == (expected,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
