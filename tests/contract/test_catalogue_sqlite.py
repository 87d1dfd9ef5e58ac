"""The SQLite catalogue keeps the contract, on disk and in memory, and what it adds to it."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from catalogue_contract import HERE, CatalogueContract, using, version

from lambdad.domain.errors import ServiceFault
from lambdad.domain.provisioned import ProvisionedConfig
from lambdad.ports.catalogue_store import CatalogueStore, Usage
from lambdad.storage.sqlite.catalogue_sqlite import SqliteCatalogue
from lambdad.storage.sqlite.queries import migrations

pytestmark = pytest.mark.asyncio


@contextmanager
def sqlite_catalogue(path: Path | str) -> Iterator[SqliteCatalogue]:
    store = SqliteCatalogue(path)
    try:
        yield store
    finally:
        store.close()


class TestSqliteOnDisk(CatalogueContract):
    @contextmanager
    def opened(self) -> Iterator[CatalogueStore]:
        with TemporaryDirectory() as folder, sqlite_catalogue(Path(folder, "catalogue.db")) as store:
            yield store


class TestSqliteInMemory(CatalogueContract):
    @contextmanager
    def opened(self) -> Iterator[CatalogueStore]:
        with sqlite_catalogue(":memory:") as store:
            yield store


async def test_what_was_stored_is_there_after_reopening(tmp_path: Path) -> None:
    with sqlite_catalogue(tmp_path / "c.db") as store:
        await store.create(version(), {"a": "b"})
        await store.publish(version(number="1"))
    with sqlite_catalogue(tmp_path / "c.db") as store:
        assert await store.read(HERE, "f", "1") == version(number="1")
        assert await store.read_tags(HERE, "f") == {"a": "b"}


async def test_a_catalogue_from_before_layers_is_migrated_with_its_functions(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "c.db")
    connection.executescript(migrations("catalogue")[0] + "\nPRAGMA user_version = 1;")
    connection.execute("INSERT INTO functions VALUES (1, ?, ?, 'f', 0, '{}')", (HERE.account, HERE.region))
    document = msgspec.json.encode(version())
    connection.execute(
        "INSERT INTO versions VALUES (1, 0, 'r1', 'Active', 'Successful', 'key', 10, ?)", (document,)
    )
    connection.commit()
    connection.close()
    with sqlite_catalogue(tmp_path / "c.db") as store:
        assert await store.read(HERE, "f") == version()
        assert await store.code_keys() == {"key"}
        assert await store.layer_lists() == set()
        assert await store.runtimes() == {"python3.12"}
        assert await store.usage(HERE) == Usage(1, 10)
        changed = version(revision="r2", layers=using("10", "11"))
        assert await store.replace(changed, expected_revision="r1")
        assert await store.layer_lists() == {("10", "11")}


async def test_provisioned_versions_from_before_aliases_are_kept(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "c.db")
    connection.executescript("".join(migrations("catalogue")[:4]) + "\nPRAGMA user_version = 4;")
    connection.execute("INSERT INTO functions VALUES (1, ?, ?, 'f', 12, '{}')", (HERE.account, HERE.region))
    for number in (0, 12):
        document = msgspec.json.encode(version(number=str(number) if number else "$LATEST"))
        connection.execute(
            "INSERT INTO versions VALUES (1, ?, 'r1', 'Active', 'Successful', 'key', 10, ?, '[]')",
            (number, document),
        )
    connection.execute("INSERT INTO provisioned VALUES (1, 12, 5, 'then')")
    connection.commit()
    connection.close()
    with sqlite_catalogue(tmp_path / "c.db") as store:
        assert await store.provisioned.everywhere() == [ProvisionedConfig(HERE, "f", "12", 5, "then")]
        assert await store.delete_version(HERE, "f", "12")
        assert await store.provisioned.everywhere() == []


async def test_two_catalogues_in_memory_share_nothing() -> None:
    with sqlite_catalogue(":memory:") as one, sqlite_catalogue(":memory:") as other:
        await one.create(version(), {})
        assert await other.read(HERE, "f") is None


async def test_a_write_that_nobody_waits_for_any_more_does_no_harm(tmp_path: Path) -> None:
    with sqlite_catalogue(tmp_path / "c.db") as store:
        waiting = asyncio.ensure_future(store.create(version("a"), {}))
        await asyncio.sleep(0)
        waiting.cancel()
        assert await store.create(version("b"), {})
        assert await store.read(HERE, "b") is not None


async def test_a_closed_catalogue_says_so(tmp_path: Path) -> None:
    with sqlite_catalogue(tmp_path / "c.db") as store:
        pass
    with pytest.raises(ServiceFault, match="closed"):
        await store.create(version(), {})


async def test_disk_work_is_done_in_named_threads(tmp_path: Path) -> None:
    with sqlite_catalogue(tmp_path / "c.db") as store:
        await store.create(version(), {})
        await store.read(HERE, "f")
        names = {thread.name for thread in threading.enumerate()}
        assert "lambdad-catalogue-writer" in names
        assert any(name.startswith("lambdad-catalogue-reader") for name in names)
    left = {thread.name for thread in threading.enumerate()}
    assert not any(name.startswith("lambdad-catalogue") for name in left)
