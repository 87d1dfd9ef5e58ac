"""The SQLite log store keeps the contract, on disk and in memory, and what it adds to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from log_contract import GROUP, HERE, NOW_MS, FixedClock, LogContract, key, lines, messages, read

from lambdad.domain.platform_log import InvocationRecord
from lambdad.ports.log_store import LogLine, LogStore
from lambdad.storage.sqlite.logs_sqlite import SqliteLogStore

pytestmark = pytest.mark.asyncio


@contextmanager
def sqlite_logs(path: Path | str, *, max_pending_bytes: int = 10**8) -> Iterator[SqliteLogStore]:
    store = SqliteLogStore(path, FixedClock(), max_pending_bytes=max_pending_bytes)
    try:
        yield store
    finally:
        store.close()


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
        assert messages(found) == ["hello"]


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
        assert event.message == "LAMBDAD dropped 1 log line: they came faster than they could be stored\n"


async def test_writing_on_the_loop_does_not_wait_for_a_busy_disk(tmp_path: Path) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        begun, go_on = threading.Event(), threading.Event()

        def busy(_: object) -> bool:
            begun.set()
            return go_on.wait(30)

        slow = store._threads.write(busy)
        await asyncio.to_thread(begun.wait, 30)
        for _ in range(1_000):
            store.write(key(), lines("x"))
        go_on.set()
        assert await slow
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


async def test_a_record_that_cannot_be_told_costs_no_other_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with sqlite_logs(tmp_path / "l.db") as store:
        broken = InvocationRecord("id", "1", 0, 1, "no number", 1, 128, 1)  # type: ignore[arg-type]
        store.write_invocation(key("broken"), broken)
        store.write(key(), lines("next"))
        assert messages(await read(store)) == ["next"]
    assert "record cannot be told" in caplog.text
