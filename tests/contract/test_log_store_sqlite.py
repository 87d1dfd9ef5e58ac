"""The SQLite log store keeps the contract, on disk and in memory, and what it adds to it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from busy_disk import busy_disk
from log_contract import (
    ELSEWHERE,
    GROUP,
    HERE,
    NOW_MS,
    FixedClock,
    LogContract,
    key,
    lines,
    messages,
    read,
)
from log_matchers import Endless, Literal

from lambdad.domain.errors import NotFound, SearchTooSlow, ServiceFault
from lambdad.domain.platform_log import InvocationRecord, lines_of
from lambdad.ports.log_store import EventPage, LogLine, LogStore, Matcher, event_id_of
from lambdad.storage.sqlite.log_reading import Patience
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore
from lambdad.storage.sqlite.queries import migrations


@contextmanager
def sqlite_logs(
    path: Path | str, *, max_pending_bytes: int = 10**8, searches_apart: bool = False
) -> Iterator[SqliteLogStore]:
    store = SqliteLogStore(
        path, FixedClock(), max_pending_bytes=max_pending_bytes, searches_apart=searches_apart
    )
    try:
        yield store
    finally:
        store.close()


async def all_pages(store: SqliteLogStore) -> list[str]:
    """Every message, however many pages they are."""
    await store.flush()
    found: list[str] = []
    after_id: int | None = None
    while True:
        page = await store.read(
            HERE,
            GROUP,
            streams=None,
            start_ms=None,
            end_ms=None,
            after_id=after_id,
            before_id=None,
            limit=10_000,
        )
        found += messages(page.events)
        after_id = page.stopped_id
        if after_id is None:
            return found


class TestSqliteOnDisk(LogContract):
    @contextmanager
    def opened(self) -> Iterator[LogStore]:
        with TemporaryDirectory() as folder, sqlite_logs(Path(folder, "logs.db")) as store:
            yield store


class TestSqliteInMemory(LogContract):
    @contextmanager
    def opened(self) -> Iterator[LogStore]:
        with sqlite_logs(":memory:") as store:
            yield store


def searching() -> int:
    """Processes of this one that search logs."""
    mine = Path(f"/proc/{os.getpid()}/task")
    children = {pid for task in mine.iterdir() for pid in (task / "children").read_text().split()}
    return sum(b"log_search_process" in Path("/proc", pid, "cmdline").read_bytes() for pid in children)


async def test_a_search_is_done_by_the_process_that_was_prepared_for_it(tmp_path: Path) -> None:
    before = searching()
    with sqlite_logs(tmp_path / "l.db", searches_apart=True) as store:
        store.write(key(), lines("hello", "there"))
        await store.flush()
        store.prepare()
        async with asyncio.timeout(30):
            while searching() == before:
                await asyncio.sleep(0.01)
        assert messages(await read(store, terms=("there",))) == ["there"]
        assert searching() == before + 1
    assert searching() == before


async def test_lines_reach_the_disk_without_anybody_asking(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        arrived = asyncio.Event()
        store.subscribe(HERE, GROUP, lambda _: arrived.set())
        store.write(key(), lines("hello"))
        await asyncio.wait_for(arrived.wait(), 30)
        found = await store.read(
            HERE,
            GROUP,
            streams=None,
            start_ms=None,
            end_ms=None,
            after_id=None,
            before_id=None,
            limit=1,
        )
        assert messages(found.events) == ["hello"]


async def test_closing_stores_what_was_taken_and_ids_go_on_after_reopening(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        store.write(key(), lines("one"))
    with sqlite_logs(tmp_path / "l.db") as store:
        store.write(key(), lines("two", at=NOW_MS + 1))
        found = await read(store)
        assert messages(found) == ["one", "two"]
        assert found[0].event_id < found[1].event_id


async def test_more_than_may_be_held_is_dropped_and_the_stream_says_how_much(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db", max_pending_bytes=20_000) as store:
        # One turn of the loop: the writer may take some of it meanwhile, but counts all the rest.
        for number in range(2_000):
            store.write(key(), [LogLine(0, f"{number}"), LogLine(0, "x" * 1_000)])
        await store.flush()
        await store.flush()
        found = messages(await read(store))
        told = sum(int(text.split()[2]) for text in found if text.startswith("LAMBDAD dropped"))
        kept = sum(not text.startswith("LAMBDAD dropped") for text in found)
        assert told > 0
        assert told + kept == 4_000
        store.write(key(), lines("after"))
        assert "after" in messages(await read(store))


async def test_a_single_piece_larger_than_may_be_held_is_dropped_and_told(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db", max_pending_bytes=1_000) as store:
        record = InvocationRecord("id", "1", 0, 1, 1.0, 1, 128, 1, lines=lines("y" * 2_000))
        store.write_invocation(key(), record)
        (event,) = await read(store)
        size = sum(len(line.message) for line in lines_of(record))
        assert event.message == (
            f"LAMBDAD dropped 4 log lines ({size} bytes): they came faster than they could be stored\n"
        )


async def test_a_json_log_tells_of_what_was_dropped_as_a_platform_event(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db", max_pending_bytes=1_000) as store:
        here = dataclasses.replace(key(), json_format=True)
        store.write(here, lines("y" * 2_000, "é"))
        (event,) = await read(store)
        told = json.loads(event.message)
        assert told["type"] == "platform.logsDropped"
        assert told["record"] == {
            "reason": "they came faster than they could be stored",
            "droppedRecords": 2,
            "droppedBytes": 2_002,
        }


async def test_the_record_of_dropped_lines_stands_where_they_would_have_been(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db", max_pending_bytes=2_000) as store:
        async with busy_disk(store):
            for message in ("first", "y" * 3_000, "second", "z" * 3_000, "w" * 3_000):
                store.write(key(), lines(message))
        assert [text.split(" (")[0] for text in messages(await read(store))] == [
            "first",
            "LAMBDAD dropped 1 log line",
            "second",
            "LAMBDAD dropped 2 log lines",
        ]


async def test_who_can_wait_is_told_when_there_is_room_again(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        room = asyncio.Event()
        assert store.has_room(key(), room.set)
        pieces = 0
        async with busy_disk(store):
            while store.has_room(key(), room.set):
                store.write(key(), lines("x" * 100_000))
                pieces += 1
            assert not room.is_set()
        await asyncio.wait_for(room.wait(), 30)
        assert store.has_room(key(), room.set)
        assert len(await all_pages(store)) == pieces


async def test_writing_on_the_loop_does_not_wait_for_a_busy_disk(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        async with busy_disk(store):
            for _ in range(1_000):
                store.write(key(), lines("x"))
        assert len(await read(store)) == 1_000


async def test_a_failed_transaction_costs_its_lines_but_not_the_store(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:

        def break_the_transaction(connection: object) -> None:
            connection.execute("COMMIT")  # type: ignore[attr-defined]

        store.write(key(), lines("lost or kept"))
        with pytest.raises(Exception, match="could not be written"):
            await store._threads.write(break_the_transaction)
        store.write(key(), lines("next", at=NOW_MS + 9))
        assert messages(await read(store))[-1] == "next"
    assert "transaction failed" in caplog.text


async def test_the_stream_says_how_many_lines_failed_transactions_have_cost_even_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        whole, failures = store._intake._store, iter(range(3))

        def fail_at_first(connection: sqlite3.Connection, batch: object) -> None:
            whole(connection, batch)  # type: ignore[arg-type]
            if next(failures, None) is not None:
                raise sqlite3.OperationalError("disk full")

        monkeypatch.setattr(store._intake, "_store", fail_at_first)
        for part in ("one", "two", "three"):
            store.write(key(), lines(part, part))
            with pytest.raises(ServiceFault):
                await store.flush()
        (event,) = await read(store)
        assert (
            event.message == "LAMBDAD dropped 6 log lines (22 bytes): they could not be written to the disk\n"
        )


async def test_a_record_that_cannot_be_told_costs_no_other_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        broken = InvocationRecord("id", "1", 0, 1, "no number", 1, 128, 1)  # type: ignore[arg-type]
        store.write_invocation(key("broken"), broken)
        store.write(key(), lines("next"))
        assert messages(await read(store)) == ["next"]
    assert "record cannot be told" in caplog.text


async def test_a_quiet_stream_neither_waits_nor_loses_because_of_a_noisy_one(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db", max_pending_bytes=4_000_000) as store:
        async with busy_disk(store):
            while store.has_room(key("noisy"), lambda: None):
                store.write(key("noisy"), lines("x" * 10_000))
            assert store.has_room(key("quiet"), lambda: None)
            for _ in range(1_000):  # as who has waited long enough
                store.write(key("noisy"), lines("y" * 10_000))
            store.write(key("quiet"), lines("heard"))
        found = await all_pages(store)
        assert "heard" in found
        assert sum(text.startswith("LAMBDAD dropped") for text in found) == 1
        assert store.losses().dropped == 1_000 - sum(text.startswith("y") for text in found)


async def test_small_chunks_are_merged_and_read_as_before(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        for number in range(80):
            for stream in ("a", "b"):
                texts = [f"{stream} {number} {part}" for part in range(3)]
                store.write(key(stream), lines(*texts, at=NOW_MS - number % 7 * 1_000))
            await store.flush()
        before = await read(store)
        kept = [await read(store, streams=["a"], limit=7, backward=True), await read(store, terms=("a 7",))]
        await settled(store, tmp_path / "l.db", "SELECT count(*) < 10 FROM chunks")
        assert await read(store) == before
        again = [await read(store, streams=["a"], limit=7, backward=True), await read(store, terms=("a 7",))]
        assert again == kept
        store.write(key("a"), lines("later"))
        assert len(await read(store)) == len(before) + 1
    with sqlite_logs(tmp_path / "l.db") as store:
        assert len(await read(store)) == len(before) + 1


async def test_what_is_deleted_or_too_old_is_freed_in_the_background(tmp_path: Path) -> None:
    day = 86_400_000
    with sqlite_logs(tmp_path / "l.db") as store:
        for stream in ("goes", "kept"):
            for age in (0, 5):
                store.write(key(stream), [LogLine(NOW_MS - age * day, f"{stream} {age} x" * 200)])
                await store.flush()
        store.write(key("s", group="/whole"), lines("gone too"))
        await store.flush()
        whole = (await store.group(HERE, GROUP)).stored_bytes
        assert await store.delete_stream(key("goes"))
        assert (await store.group(HERE, GROUP)).stored_bytes == whole // 2
        assert await store.delete_group(HERE, "/whole")
        await store.set_retention(HERE, GROUP, 3)
        await settled(store, tmp_path / "l.db", "SELECT count(*) = 1 FROM chunks")
        await settled(store, tmp_path / "l.db", "SELECT count(*) = 1 FROM streams")
        assert (await store.group(HERE, GROUP)).stored_bytes == whole // 4
        await store.set_retention(HERE, GROUP, None)
        assert [text.split(" x")[0] for text in messages(await read(store))] == ["kept 0"]


async def settled(store: SqliteLogStore, path: Path, question: str) -> None:
    """Wait until the file answers a question with yes."""
    with closing(sqlite3.connect(path)) as connection:
        for _ in range(600):
            if connection.execute(question).fetchone()[0]:
                return
            store.tidy()
            await asyncio.sleep(0.05)
    pytest.fail(f"never true: {question}")


async def test_a_file_of_the_first_schema_is_read_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    rows = [[NOW_MS, "old"], [NOW_MS + 1, "older é"]]
    with closing(sqlite3.connect(path)) as old:
        old.executescript(migrations("logs")[0])
        old.execute(
            "INSERT INTO log_groups (id, account, region, name, created_ms, stored_bytes) VALUES (1,?,?,?,0,90)",
            (HERE.account, HERE.region, GROUP),
        )
        old.execute("INSERT INTO streams (id, group_id, name, created_ms) VALUES (1, 1, 's', 0)")
        body = msgspec.msgpack.encode(rows)
        for number, (compressed, stored) in enumerate([(0, body), (1, zlib.compress(body))]):
            old.execute(
                "INSERT INTO chunks VALUES (?, 2, 1, 1, ?, ?, ?, ?, ?)",
                (1 + 2 * number, NOW_MS, NOW_MS + 1, NOW_MS, compressed, stored),
            )
        old.execute("UPDATE next_event SET id = 5")
        old.execute("PRAGMA user_version = 1")
        old.commit()
    with sqlite_logs(path) as store:
        store.write(key(), lines("new", at=NOW_MS + 9))
        assert messages(await read(store)) == ["old", "old", "older é", "older é", "new"]


async def searched(store: SqliteLogStore, matcher: Matcher, within_s: float, **asked: object) -> EventPage:
    await store.flush()
    return await store.read(
        HERE,
        GROUP,
        streams=None,
        end_ms=None,
        before_id=None,
        limit=100,
        matcher=matcher,
        within_s=within_s,
        **{"start_ms": None, "after_id": None, **asked},  # type: ignore[arg-type]
    )


async def test_a_search_is_done_by_another_process_and_a_slow_one_is_ended_with_what_it_has_found(
    tmp_path: Path,
) -> None:
    with sqlite_logs(tmp_path / "l.db", searches_apart=True) as store:
        for number, text in enumerate(("wanted 1", "wanted 2", "other", "trap", "wanted 3")):
            store.write(key(), lines(text, at=NOW_MS + number * 1_000))
            await store.flush()
        with pytest.raises(NotFound, match="log group"):
            await store.read(
                ELSEWHERE,
                GROUP,
                streams=None,
                start_ms=None,
                end_ms=None,
                after_id=None,
                before_id=None,
                limit=1,
                matcher=Literal(("wanted",)),
            )
        page = await searched(store, Literal(("wanted", "3")), 30)
        assert (messages(page.events), page.stopped_id) == (["wanted 3"], None)
        found: list[str] = []
        stopped_id: int | None = None
        with pytest.raises(SearchTooSlow):
            while True:
                page = await searched(store, Endless(), 0.1, after_id=stopped_id)
                found += messages(page.events)
                stopped_id = page.stopped_id
        assert found == ["wanted 1", "wanted 2"]
        assert stopped_id == event_id_of(NOW_MS + 3_000, 0)
        page = await searched(store, Endless(), 30, start_ms=NOW_MS + 3_001)
        assert messages(page.events) == ["wanted 3"]


@pytest.mark.parametrize("apart", [0, 1])
async def test_a_reading_stops_when_its_page_is_full_and_goes_on_from_there(
    tmp_path: Path, apart: int
) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        for number in range(9):
            at = NOW_MS + number * 1_000 * apart
            store.write(key(f"s{number}"), lines(f"{number} " + "x" * 1_000_000, at=at))
        assert sorted(text[0] for text in await all_pages(store)) == list("012345678")


class TestPatience:
    """With a clock of its own, so that it is no matter how fast the machine is."""

    def test_a_reading_that_has_begun_stops_at_its_time_and_another_has_more(self) -> None:
        now = 0.0
        patience = Patience(lambda: now, 5.0)
        now = 5.0
        assert not patience.is_over()
        patience.begun = True
        assert patience.is_over()
        patience.begun = False
        now = 15.0
        assert patience.is_over()
