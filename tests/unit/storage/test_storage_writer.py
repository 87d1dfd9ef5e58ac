"""The writer's thread: commits shared, jobs apart."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lambdad.domain.errors import NotFound, ServiceFault
from lambdad.storage.sqlite.writer import Writer

pytestmark = pytest.mark.asyncio


class Counted:
    """A database file and the commits made to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("CREATE TABLE t (n INTEGER UNIQUE)")
        self.statements: list[str] = []
        connection.set_trace_callback(self.statements.append)
        self.writer = Writer(connection, "test-writer")

    def commits(self) -> int:
        return self.statements.count("COMMIT")

    def rows(self) -> list[int]:
        connection = sqlite3.connect(self.path)
        try:
            return [n for (n,) in connection.execute("SELECT n FROM t ORDER BY n")]
        finally:
            connection.close()


@pytest.fixture
def counted(tmp_path: Path) -> Iterator[Counted]:
    made = Counted(tmp_path / "w.db")
    yield made
    made.writer.close()


def insert(number: int) -> Callable[[sqlite3.Connection], int]:
    return lambda connection: connection.execute("INSERT INTO t VALUES (?)", (number,)).rowcount


async def block(writer: Writer) -> threading.Event:
    """Keep the writer busy until the event is set."""
    begun, go_on = threading.Event(), threading.Event()

    def busy(_: sqlite3.Connection) -> None:
        begun.set()
        go_on.wait(30)

    writer.call(busy)
    await asyncio.to_thread(begun.wait, 30)
    return go_on


async def test_many_waiters_share_one_commit(counted: Counted) -> None:
    go_on = await block(counted.writer)
    waiting = [counted.writer.call(insert(n)) for n in range(200)]
    go_on.set()
    assert await asyncio.gather(*waiting) == [1] * 200
    assert counted.commits() == 2  # the one that kept it busy, and theirs
    assert counted.rows() == list(range(200))


async def test_a_result_comes_only_after_its_commit(counted: Counted) -> None:
    await counted.writer.call(insert(1))
    assert counted.rows() == [1]


async def test_a_failing_job_takes_back_its_own_work_and_nobody_elses(counted: Counted) -> None:
    def fails_late(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (50)")
        raise NotFound("no such thing")

    go_on = await block(counted.writer)
    before, failing, after = (
        counted.writer.call(insert(1)),
        counted.writer.call(fails_late),
        counted.writer.call(insert(2)),
    )
    go_on.set()
    with pytest.raises(NotFound, match="no such thing"):
        await failing
    await before
    await after
    assert counted.rows() == [1, 2]


async def test_an_unexpected_error_reaches_the_caller(counted: Counted) -> None:
    await counted.writer.call(insert(1))
    with pytest.raises(sqlite3.IntegrityError):
        await counted.writer.call(insert(1))


async def test_when_a_commit_fails_everybody_in_it_learns_so(
    counted: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = await block(counted.writer)
    ended = counted.writer.call(lambda connection: connection.execute("ROLLBACK"))
    other = counted.writer.call(insert(2))
    go_on.set()
    with pytest.raises(ServiceFault, match="could not be written"):
        await ended
    with pytest.raises(ServiceFault):
        await other
    await counted.writer.call(insert(3))
    assert counted.rows() == [3]
    assert "transaction failed" in caplog.text


async def test_closing_writes_what_waits(counted: Counted) -> None:
    waiting = [counted.writer.call(insert(n)) for n in range(50)]
    counted.writer.close()
    await asyncio.gather(*waiting)
    assert counted.rows() == list(range(50))
    with pytest.raises(ServiceFault, match="closed"):
        counted.writer.call(insert(99))
