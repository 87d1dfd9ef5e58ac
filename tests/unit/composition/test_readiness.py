"""When a server says that it takes invocations."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from lambdad.composition.monitoring.disk_probe import DiskProbe
from lambdad.composition.monitoring.readiness import ReadyFacts, judge
from lambdad.domain.limits import READY_FRESH_S

GOOD = ReadyFacts(
    draining=False, tier="namespace", disk_problem=None, stores={"logs": None}, queue_polls=True
)


def test_a_server_with_nothing_against_it_is_ready():
    found = judge(GOOD)
    assert found.is_ready
    assert found.checks == dict.fromkeys(("accepting", "isolation", "disk", "store.logs", "queue"), True)


@pytest.mark.parametrize(
    ("check", "facts", "reason"),
    [
        ("accepting", replace(GOOD, draining=True), "the server is draining"),
        ("isolation", replace(GOOD, tier=None), "no isolation has been chosen"),
        ("disk", replace(GOOD, disk_problem="full"), "full"),
        ("store.logs", replace(GOOD, stores={"logs": "ended"}), "ended"),
        ("queue", replace(GOOD, queue_polls=False), "the queue of asynchronous invocation has stopped"),
    ],
)
def test_each_reason_is_enough(check, facts, reason):
    found = judge(facts)
    assert (found.is_ready, found.reasons) == (False, (reason,))
    assert [name for name, good in found.checks.items() if not good] == [check]


class Disk:
    """A probe of a directory, and the time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 100.0
        self.probe = DiskProbe(folder, lambda: self.now)

    async def asked_later(self) -> str | None:
        self.now += READY_FRESH_S
        return await self.probe.problem()


async def test_a_disk_with_room_takes_a_little_and_keeps_nothing(tmp_path: Path):
    disk = Disk(tmp_path)
    assert await disk.probe.problem() is None
    assert list(tmp_path.iterdir()) == []


async def test_a_directory_that_is_gone_or_full_is_told_until_it_is_not(tmp_path: Path, monkeypatch):
    disk = Disk(tmp_path / "data")
    assert await disk.probe.problem() == "the data directory cannot be written: no such file or directory"
    disk.folder.mkdir()
    with monkeypatch.context() as full:
        full.setattr(os, "write", _full)
        assert await disk.asked_later() == "the data directory cannot be written: no space left on device"
    assert await disk.asked_later() is None


async def test_who_asks_again_at_once_does_not_make_the_disk_work(tmp_path: Path):
    disk = Disk(tmp_path)
    assert await disk.probe.problem() is None
    tmp_path.rmdir()
    assert await disk.probe.problem() is None
    assert await disk.asked_later() is not None


def _full(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
