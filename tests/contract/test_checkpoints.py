"""Checkpoints of streams: the same contract for the SQLite file and the fake; what only a file has behind it."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lambdad.domain.errors import ServiceFault
from lambdad.domain.stream_record import OpenWindow, ShardState
from lambdad.domain.unfinished import Unfinished
from lambdad.ports.checkpoint_store import CheckpointStore
from lambdad.storage.sqlite.checkpoints_sqlite import SqliteCheckpoints
from tests.fakes.checkpoints import FakeCheckpoints

pytestmark = pytest.mark.asyncio
FULL = ShardState(
    "shard-1",
    ("shard-0",),
    "LATEST",
    1_795_400_000.125,
    "4" * 56,
    ("5" * 56, None),
    is_drained=True,
    window=OpenWindow(60.0, 120.0, '{"ü": "a\\"b"}', is_over=True),
    unfinished=((Unfinished("6" * 56, 2, 3, "id", "$LATEST", is_error=True), Unfinished("")), ()),
)


@pytest.fixture(params=["sqlite", "fake"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CheckpointStore]:
    if request.param == "fake":
        yield FakeCheckpoints()
        return
    made = SqliteCheckpoints(tmp_path / "checkpoints.db")
    yield made
    made.close()


async def test_states_come_back_as_they_were_and_by_mapping(store: CheckpointStore) -> None:
    other = ShardState("shard-0")
    store.keep("a", FULL)
    store.keep("a", other)
    store.keep("b", ShardState("shard-9"))
    assert await store.read("a") == [other, FULL]
    assert await store.read("c") == []


async def test_the_last_state_of_a_shard_counts(store: CheckpointStore) -> None:
    for number in range(100):
        store.keep("a", replace(FULL, settled=str(number)))
    await store.flush()
    store.keep("a", replace(FULL, settled="100"))
    assert await store.read("a") == [replace(FULL, settled="100")]


async def test_replacing_leaves_no_others_and_touches_no_other_mapping(store: CheckpointStore) -> None:
    store.keep("a", FULL)
    store.keep("b", FULL)
    await store.replace("a", [ShardState("shard-2")])
    assert await store.read("a") == [ShardState("shard-2")]
    await store.replace("a", [])
    assert await store.read("a") == []
    assert await store.read("b") == [FULL]


async def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    store = SqliteCheckpoints(tmp_path / "checkpoints.db")
    store.keep("a", FULL)
    store.close()
    store = SqliteCheckpoints(tmp_path / "checkpoints.db")
    assert await store.read("a") == [FULL]
    store.close()


async def test_what_could_not_be_written_is_written_later(tmp_path: Path) -> None:
    store = SqliteCheckpoints(tmp_path / "checkpoints.db")
    await store.flush()
    with sqlite3.connect(tmp_path / "checkpoints.db") as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON shards BEGIN SELECT raise(ABORT, 'full'); END")
    store.keep("a", FULL)
    with pytest.raises(ServiceFault):
        await store.flush()
    newer = replace(FULL, settled="7")
    store.keep("a", newer)
    with sqlite3.connect(tmp_path / "checkpoints.db") as other:
        other.execute("DROP TRIGGER full")
    assert await store.read("a") == [newer]
    store.close()


async def test_what_could_not_be_written_needs_nobody_who_waits(tmp_path: Path) -> None:
    store = SqliteCheckpoints(tmp_path / "checkpoints.db")
    await store.flush()
    with sqlite3.connect(tmp_path / "checkpoints.db") as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON shards BEGIN SELECT raise(ABORT, 'full'); END")
        store.keep("a", FULL)
        with pytest.raises(ServiceFault):
            await store.flush()
        other.execute("DROP TRIGGER full")
    store.keep("b", FULL)
    deadline = time.monotonic() + 20
    with sqlite3.connect(tmp_path / "checkpoints.db") as other:
        while other.execute("SELECT count(*) FROM shards").fetchone() != (2,):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
    store.close()
