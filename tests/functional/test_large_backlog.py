"""A large backlog: kill -9 amid it, the next start, its memory, and a backup that is taken meanwhile."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from local_services import eventually
from queues import queue, send, steer

from lambdad.domain.event import Event, Lane
from lambdad.domain.scope import Scope
from lambdad.storage.sqlite.events_sqlite import SqliteEvents
from tests.forms import sizes
from tests.running import Server, start_server

AT_ONCE = 1_000
MEMORY_KIB = 200 * 1024
HANDLER = "def handler(event, context):\n    return event\n"


async def fill(path: Path, lane: Lane, count: int) -> None:
    """Queue so many events as a server would."""
    store = SqliteEvents(path)
    now_ms = int(time.time() * 1000)
    for start in range(0, count, AT_ONCE):
        done = asyncio.get_running_loop().create_future()
        for number in range(start, start + AT_ONCE):
            last = done.set_result if number == start + AT_ONCE - 1 else _ignored
            store.accept(
                Event(lane, f"r-{number}", b'{"n":"%s"}' % (b"x" * 200), "Root=1", now_ms, now_ms), last
            )
        assert await done is None
    store.close()


def _ignored(_: object) -> None:
    return None


def most_memory_kib(server: Server) -> int:
    """The most that the server's process had resident."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def lambdad(*words: str | Path) -> None:
    command = [sys.executable, "-m", "lambdad.cli.entry", *map(str, words)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("events", sizes(30_000, full=100_000))
def test_a_large_backlog_outlives_kill_9_and_a_backup_of_it_is_whole(tmp_path: Path, events: int) -> None:
    data_dir = tmp_path / "data"
    server = start_server(data_dir)
    name = server.function({"app.py": HANDLER})
    server.stop()
    asyncio.run(fill(data_dir / "events.db", Lane(Scope(), name), events))

    server = server.again()
    eventually(lambda: queue(server, name)["since_start"].get("succeeded", 0) > 100)
    server.kill()
    server = server.again()
    eventually(lambda: queue(server, name)["since_start"].get("succeeded", 0) > 100)
    steer(server, "pause", name)
    eventually(lambda: queue(server, name)["running"] == 0)
    left = queue(server, name)["events"]
    assert 0 < left < events
    server.kill()

    server = server.again()
    assert queue(server, name)["events"] == left
    lambdad("backup", "--data-dir", data_dir, tmp_path / "copy")
    send(server, name)
    assert queue(server, name)["events"] == left + 1
    steer(server, "resume", name)
    eventually(lambda: queue(server, name)["since_start"].get("succeeded", 0) > 100)
    assert most_memory_kib(server) <= MEMORY_KIB
    server.kill()

    lambdad("restore", tmp_path / "copy", "--yes", "--data-dir", tmp_path / "restored")
    server = start_server(tmp_path / "restored")
    assert queue(server, name)["events"] == left
    assert "events.damaged" not in server.log
    assert server.stop() == 0
