"""A server whose queue was damaged while it was down starts, says what is lost, and runs the rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from queues import ended, queue, send, steer

from tests.running import Server, start_server

EVENTS = 60
HANDLER = "def handler(event, context):\n    print('ran', context.aws_request_id)\n"


@pytest.fixture
def killed(tmp_path: Path) -> tuple[Server, str, list[str]]:
    """A server that was killed, its function, and what was accepted for it and has not run."""
    server = start_server(tmp_path / "data")
    name = server.function({"app.py": HANDLER})
    steer(server, "pause", name)
    accepted = [send(server, name, b'"%s"' % (b"x" * 2_000)) for _ in range(EVENTS)]
    server.kill()
    return server, name, accepted


def cut(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size * 2 // 3)


@pytest.mark.parametrize("part", ["events.db-wal", pytest.param("events.db", marks=pytest.mark.full)])
def test_the_server_starts_says_what_is_lost_and_runs_the_rest(
    killed: tuple[Server, str, list[str]], part: str, tmp_path: Path
) -> None:
    old, name, accepted = killed
    if part == "events.db":
        old = old.again()
        assert old.stop() == 0  # everything is in the main file now
    cut(tmp_path / "data" / part)
    server = old.again()
    try:
        found = re.search(r"is damaged \(.*\): (\d+) accepted events .* kept beside: (\S+)", server.log)
        assert found, server.log
        left = queue(server, name)["events"]
        assert 0 < left == EVENTS - int(found[1]) < EVENTS
        assert Path(found[2]).exists()
        new = send(server, name)
        steer(server, "resume", name)
        ended(server, name, left + 1)
        ran = [one.split()[1] for one in server.messages(name, until=new) if one.startswith("ran ")]
        assert sorted(ran) == sorted({*ran} & {*accepted, new})
        assert len(ran) == left + 1
    finally:
        status = server.stop()
    assert status == 0, server.log


def test_a_queue_that_can_neither_be_read_nor_copied_is_refused_in_one_line(
    killed: tuple[Server, str, list[str]], tmp_path: Path
) -> None:
    old, _, _ = killed
    cut(tmp_path / "data" / "events.db-wal")
    (tmp_path / "data" / "events.db.building").mkdir()
    with pytest.raises(AssertionError, match="did not become ready") as failure:
        old.again()
    last = str(failure.value).strip().splitlines()[-1]
    assert re.fullmatch(
        r"lambdad: \S+events\.db is damaged \(.*\), .* make room there, or move .*start again", last
    )
