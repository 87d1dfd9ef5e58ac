"""The SQLite usage store: sums that add up, stay apart by key, and outlive restarts and full disks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from lambdad.domain.errors import ServiceFault
from lambdad.domain.usage import Amounts, Usage, UsageKey
from lambdad.storage.sqlite.usage_sqlite import SqliteUsage

ACCOUNT = "1" * 12
KEY = UsageKey(ACCOUNT, "us-east-1", "f", "$LATEST", "x86_64", 128, "2026-11-27")
ALL = Amounts(*range(1, len(Amounts._fields) + 1))
TODAY = date(2026, 11, 27)
pytestmark = pytest.mark.asyncio


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteUsage]:
    made = SqliteUsage(tmp_path / "usage.db", TODAY)
    yield made
    made.close()


async def read(store: SqliteUsage, since: str = "2026-01-01", until: str = "2026-12-31") -> list[Usage]:
    await store.flush()
    return await store.read(ACCOUNT, since=since, until=until)


async def test_what_is_added_is_summed_by_key(store: SqliteUsage) -> None:
    store.add([(KEY, ALL), (KEY, ALL)])
    await store.flush()
    store.add([(KEY, ALL)])
    assert await read(store) == [(KEY, Amounts(*(3 * amount for amount in ALL)))]


async def test_every_part_of_the_key_keeps_sums_apart(store: SqliteUsage) -> None:
    others = [
        KEY._replace(region="eu-west-1"),
        KEY._replace(function="g"),
        KEY._replace(version="1"),
        KEY._replace(architecture="arm64"),
        KEY._replace(memory_mib=256),
        KEY._replace(day="2026-11-28"),
    ]
    store.add([(key, ALL) for key in (KEY, *others)])
    assert dict(await read(store)) == dict.fromkeys((KEY, *others), ALL)


async def test_days_are_read_from_the_first_to_the_last_and_of_one_account_only(store: SqliteUsage) -> None:
    days = ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04"]
    store.add([(KEY._replace(day=day), ALL) for day in days])
    store.add([(KEY._replace(account="2" * 12), ALL)])
    assert [key.day for key, _ in await read(store, "2026-11-02", "2026-11-03")] == days[1:3]


async def test_what_was_added_is_there_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        store = SqliteUsage(tmp_path / "usage.db", TODAY)
        store.add([(KEY, ALL)])
        store.close()
    store = SqliteUsage(tmp_path / "usage.db", TODAY)
    assert await read(store) == [(KEY, Amounts(*(2 * amount for amount in ALL)))]
    store.close()


async def test_what_could_not_be_written_is_written_later_and_once(
    store: SqliteUsage, tmp_path: Path
) -> None:
    await store.flush()
    with sqlite3.connect(tmp_path / "usage.db") as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON usage BEGIN SELECT raise(ABORT, 'full'); END")
    store.add([(KEY, ALL)])
    with pytest.raises(ServiceFault):
        await store.flush()
    with sqlite3.connect(tmp_path / "usage.db") as other:
        other.execute("DROP TRIGGER full")
    store.add([(KEY, ALL)])
    assert await read(store) == [(KEY, Amounts(*(2 * amount for amount in ALL)))]


async def test_what_is_three_years_old_is_forgotten(store: SqliteUsage) -> None:
    store.add([(KEY._replace(day="2023-01-01"), ALL), (KEY, ALL)])
    await store.flush()
    assert [key.day for key, _ in await read(store, "2020-01-01")] == [KEY.day]
