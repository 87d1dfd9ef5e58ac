"""A damaged file of the queue: what can be read goes on, what is lost is told by count, nothing is thrown away."""

from __future__ import annotations

import logging
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from event_contract import LANE, OTHER, accepted, claimed, delivery, event, settled

from lambdad.domain.event import Again, Ended, Event
from lambdad.storage.refusal import StorageRefused
from lambdad.storage.sqlite.events_sqlite import SqliteEvents

pytestmark = pytest.mark.asyncio

PAGE = 4096
FRAME = PAGE + 24
COMMITS = 60
Damage = Callable[[Path, random.Random], None]


async def killed(folder: Path, *, checkpointed: bool = False, ended: int = 0) -> Path:
    """The files of a store that was killed; events are in many commits, of two lanes, some with large payloads."""
    folder.mkdir()
    store = SqliteEvents(folder / "events.db")
    given: list[Event] = []
    for number in range(COMMITS):
        size = 9_000 if number % 7 == 0 else 300
        lane = OTHER if number % 5 == 0 else LANE
        made = [
            event(number * 4 + part, lane=lane, payload=_payload(number * 4 + part, size))
            for part in range(4)
        ]
        given += await accepted(store, *made)
    await settled(store, Again(given[-1].id, 7, 1, 0))
    for one in given[:ended]:
        await settled(store, Ended(one.id, (delivery(request_id=one.request_id),)))
    if checkpointed:
        with closing(sqlite3.connect(folder / "events.db")) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = folder.with_name(f"{folder.name}-killed")
    shutil.copytree(folder, copy)
    store.close()
    return copy / "events.db"


def _payload(number: int, size: int) -> bytes:
    return b"%06d" % number * (size // 6)


async def opened(path: Path) -> tuple[list[Event], int]:
    """What a start finds, and how many deliveries."""
    store = SqliteEvents(path)
    found = [one for lane in (LANE, OTHER) for one in await claimed(store, lane, limit=10**6)]
    owed = len(await store.deliveries(now_ms=10**9, limit=10**6))
    newer = (await accepted(store, event(0, payload=b"000000")))[0]
    assert newer.id > max((one.id for one in found), default=0)
    store.close()
    for one in found:
        number = int(one.request_id.removeprefix("request-"))
        assert one.payload[:6] == b"%06d" % number == one.payload[-6:], "an event is whole or not there"
    assert len({one.id for one in found}) == len(found)
    return found, owed


def reported(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [one for one in caplog.records if getattr(one, "event", "") == "events.damaged"]


def files(folder: Path, pattern: str) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.glob(pattern)}


def truncated(log: Path, chance: random.Random) -> None:
    with log.open("r+b") as file:
        file.truncate(chance.randrange(0, log.stat().st_size))


def flipped(log: Path, chance: random.Random) -> None:
    data = bytearray(log.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    log.write_bytes(data)


def overwritten(log: Path, chance: random.Random) -> None:
    data = bytearray(log.read_bytes())
    at = chance.randrange(len(data))
    data[at : at + 2 * FRAME] = chance.randbytes(min(2 * FRAME, len(data) - at))
    log.write_bytes(data)


@pytest.mark.parametrize(
    "damage", [truncated, *(pytest.param(one, marks=pytest.mark.full) for one in (flipped, overwritten))]
)
async def test_what_a_damaged_log_lost_is_told_by_count_and_the_rest_goes_on(
    tmp_path: Path, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    source = await killed(tmp_path / "data")
    chance = random.Random(7)
    losses = 0
    for number in range(12):
        path = tmp_path / str(number) / "events.db"
        shutil.copytree(source.parent, path.parent)
        damage(path.with_name("events.db-wal"), chance)
        before = files(path.parent, "events.db*")
        caplog.clear()
        found, _ = await opened(path)
        missing = COMMITS * 4 - len(found)
        told = reported(caplog)
        assert sum(getattr(one, "lost", 0) for one in told) == missing
        if missing:
            kept = files(path.parent, "events.db.damaged-*")
            assert before["events.db-wal"] in kept.values(), "the damaged file is kept as it was"
            losses += 1
        caplog.clear()
        assert len((await opened(path))[0]) == len(found) + 1
        assert reported(caplog) == [], "a loss is told once"
    assert losses > 6


async def test_garbage_behind_the_log_loses_nothing_and_nothing_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = await killed(tmp_path / "data")
    with path.with_name("events.db-wal").open("ab") as log:
        log.write(random.Random(1).randbytes(3 * FRAME + 17))
    found, _ = await opened(path)
    assert len(found) == COMMITS * 4
    assert reported(caplog) == []


async def test_events_whose_end_was_lost_run_again_and_it_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = await killed(tmp_path / "data", ended=3)
    log = path.with_name("events.db-wal")
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - FRAME)
    found, owed = await opened(path)
    assert (len(found), owed) == (COMMITS * 4 - 2, 2)
    (told,) = reported(caplog)
    assert getattr(told, "lost", None) == 0
    assert "that events have ended" in told.getMessage()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.full) for seed in range(1, 10))])
async def test_a_damaged_page_costs_what_was_on_it_and_that_is_counted(
    tmp_path: Path, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    path = await killed(tmp_path / "data", checkpointed=True, ended=8)
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    page = chance.randrange(1, len(data) // PAGE)
    data[page * PAGE : (page + 1) * PAGE] = chance.randbytes(PAGE)
    path.write_bytes(data)
    found, owed = await opened(path)
    (told,) = reported(caplog)
    assert getattr(told, "lost", None) == COMMITS * 4 - 8 - len(found)
    assert owed <= 8
    assert bytes(data) in set(files(path.parent, "events.db.damaged-*").values())


async def test_a_damaged_first_page_costs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = await killed(tmp_path / "data", checkpointed=True)
    with path.open("r+b") as file:
        file.write(random.Random(2).randbytes(PAGE))
    found, _ = await opened(path)
    assert len(found) == COMMITS * 4
    assert getattr(reported(caplog)[0], "lost", None) == 0


@pytest.mark.parametrize("part", [0, 1 / 3, 2 / 3])
async def test_a_file_cut_short_costs_what_was_cut_off(
    tmp_path: Path, part: float, caplog: pytest.LogCaptureFixture
) -> None:
    path = await killed(tmp_path / "data", checkpointed=True)
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * part))
    found, _ = await opened(path)
    assert len(found) < COMMITS * 4
    assert [getattr(one, "lost", None) for one in reported(caplog)] == [COMMITS * 4 - len(found)]


async def test_a_file_that_is_gone_is_told_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = await killed(tmp_path / "data", checkpointed=True)
    path.unlink()
    assert await opened(path) == ([], 0)
    assert [getattr(one, "lost", None) for one in reported(caplog)] == [COMMITS * 4]


async def test_without_the_witness_damage_is_still_found(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = await killed(tmp_path / "data", checkpointed=True)
    path.with_name("events.witness").write_bytes(b"nonsense")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)
    found, _ = await opened(path)
    assert 0 < len(found) < COMMITS * 4
    assert len(reported(caplog)) == 1


async def test_a_start_that_was_cut_off_is_finished_by_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = await killed(tmp_path / "data", checkpointed=True)
    other = await killed(tmp_path / "other")
    whole.rename(other.with_name("events.db.mended-20260101T000000Z"))
    before = files(other.parent, "events.db-wal")
    found, _ = await opened(other)
    assert len(found) == COMMITS * 4
    kept = files(other.parent, "*.damaged-20260101T000000Z-wal")
    assert list(kept.values()) == list(before.values())
    assert not list(other.parent.glob("*.mended-*"))


async def test_nothing_is_changed_when_there_is_no_room_to_keep_what_is_left(tmp_path: Path) -> None:
    path = await killed(tmp_path / "data", checkpointed=True)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    path.with_name("events.db.building").mkdir()  # stands for a disk on which nothing can be made
    before = files(path.parent, "events.*[!gm]")
    with pytest.raises(StorageRefused, match=r"is damaged \(.*nothing was changed: make room there, or move"):
        SqliteEvents(path)
    assert files(path.parent, "events.*[!gm]") == before


async def test_damage_in_a_large_file_is_found_while_it_is_used_and_mended_at_the_next_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "events.db"
    store = SqliteEvents(path)
    await accepted(store, *(event(number, payload=b"x" * 900_000) for number in range(1, 40)))
    store.close()
    with closing(sqlite3.connect(path)) as other:
        (root,) = other.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events_due'").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * PAGE)
        file.write(random.Random(3).randbytes(PAGE))
    store = SqliteEvents(path)
    for _ in range(1000):
        if any(getattr(one, "event", "") == "events.suspect" for one in caplog.records):
            break
        with pytest.raises(sqlite3.DatabaseError):
            await claimed(store)
    store.close()
    assert any("restart the server" in one.getMessage() for one in caplog.records)
    store = SqliteEvents(path)
    assert len(await claimed(store)) == 39
    store.close()
    assert [getattr(one, "lost", None) for one in reported(caplog)] == [0]
