"""The SQLite queue keeps the contract, and what it was told over closing, failing and being killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from event_contract import LANE, OTHER, EventContract, accepted, claimed, delivery, event, settled

from lambdad.domain.errors import ServiceFault
from lambdad.domain.event import Again, Ended
from lambdad.ports.event_store import EventStore
from lambdad.storage.sqlite.events_sqlite import SqliteEvents

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def sqlite_events(path: Path) -> AsyncIterator[SqliteEvents]:
    store = SqliteEvents(path)
    try:
        yield store
    finally:
        store.close()


class TestSqliteEvents(EventContract):
    @asynccontextmanager
    async def opened(self) -> AsyncIterator[EventStore]:
        with TemporaryDirectory() as folder:
            async with sqlite_events(Path(folder, "events.db")) as store:
                yield store


async def test_everything_is_there_again_and_claims_are_not(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    async with sqlite_events(path) as store:
        given = await accepted(store, event(1), event(2), event(3), event(4, lane=OTHER))
        await claimed(store)
        await settled(store, Again(given[0].id, 500, 1, 0), Ended(given[1].id, (delivery(),)))
        await store.pause(OTHER, paused=True)
    async with sqlite_events(path) as store:
        assert {one.lane: one.events for one in await store.backlogs()} == {LANE: 2, OTHER: 1}
        assert [one.lane for one in await store.backlogs() if one.paused] == [OTHER]
        assert await claimed(store) == [given[2], replace(given[0], due_ms=500, attempts=1)]
        assert len(await store.deliveries(now_ms=5, limit=9)) == 1
        newer = await accepted(store, event(5, lane=OTHER))
        assert newer[0].id > given[3].id
        assert [one.id for one in await claimed(store, OTHER)] == [given[3].id, newer[0].id]


async def test_what_cannot_be_stored_is_refused_and_the_rest_is_safe(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    async with sqlite_events(path) as store:
        first = (await accepted(store, event(1)))[0]
        full(path)
        with pytest.raises(ServiceFault, match="could not be stored"):
            await accepted(store, *(event(number, payload=b"x" * 500_000) for number in range(2, 6)))
        assert await claimed(store) == [first]


def full(path: Path) -> None:
    """Have large events fail their whole transaction, as a full disk does."""
    with closing(sqlite3.connect(path)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events WHEN length(NEW.payload) > 100000 "
            "BEGIN SELECT raise(ROLLBACK, 'database or disk is full'); END"
        )
        other.commit()


async def test_settlements_of_a_failed_transaction_are_stored_later(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    async with sqlite_events(path) as store:
        given = (await accepted(store, event(1), free=False))[0]
        full(path)
        waiting = asyncio.ensure_future(settled(store, Ended(given.id)))
        with pytest.raises(ServiceFault):
            await accepted(store, event(2, payload=b"x" * 500_000))
        await waiting
        assert await store.backlogs() == []


async def test_what_settles_events_shares_commits_and_is_stored_with_the_next_event(tmp_path: Path) -> None:
    async with sqlite_events(tmp_path / "events.db") as store:
        given = await accepted(store, *(event(number) for number in range(100)), free=False)
        before = store.writer_status.commits
        for one in given[1:]:
            store.settle((Ended(one.id),))
            await asyncio.sleep(0)
        await accepted(store, event(100), free=False)
        assert store.writer_status.commits - before < 10  # one, unless the machine takes its time
        assert [one.events for one in await store.backlogs()] == [2]


async def test_what_settled_an_event_is_stored_although_nothing_follows(tmp_path: Path) -> None:
    async with sqlite_events(tmp_path / "events.db") as store:
        given = await accepted(store, event(1), free=False)
        await settled(store, Ended(given[0].id))
        assert await store.backlogs() == []


@pytest.mark.parametrize("payload", [b"", b"\x00\xff\x00", "\u20ac".encode() * 1000, bytes(range(256))])
async def test_a_claimed_event_has_every_byte_of_what_was_accepted(tmp_path: Path, payload: bytes) -> None:
    async with sqlite_events(tmp_path / "events.db") as store:
        given = await accepted(store, event(1, payload=payload), event(2, tenant='a "tenant"\n\u20ac'))
        assert await claimed(store) == given


PROGRAM = """
import asyncio, sys
sys.path[:0] = sys.argv[2:]
from event_contract import accepted, event
from lambdad.storage.sqlite.events_sqlite import SqliteEvents

async def main():
    store = SqliteEvents(sys.argv[1])
    for number in range(10**6):
        await accepted(store, event(number))
        print(number, flush=True)

asyncio.run(main())
"""


async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "events.db"
    folders = [str(Path(__file__).parent), str(Path(__file__).parents[2])]
    command = [sys.executable, "-c", PROGRAM, str(path), *folders]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 50:
                break
        os.kill(process.pid, signal.SIGKILL)
        last = int((line + process.stdout.read()).split()[-1])
    async with sqlite_events(path) as store:
        found = [one.request_id for one in await claimed(store, now_ms=10**9, limit=10**6)]
    assert found[: last + 1] == [f"request-{number}" for number in range(last + 1)]
