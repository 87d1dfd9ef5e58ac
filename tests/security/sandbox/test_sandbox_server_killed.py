"""kill -9 of the server or of its launcher leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hosting import PYTHON, Host

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.factory import data_id

pytestmark = pytest.mark.root

_STUB = Path(__file__).with_name("server_stub.py")
_DAEMON = (
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0: os.execv('/bin/sleep', ['sleep', {mark!r}])\n"
    "    os._exit(0)\n"
    "time.sleep(0.2); print('ready', flush=True); os.execv('/bin/sleep', ['sleep', {mark!r}])"
)


def traces(mark: str, data_dir: Path) -> list[str]:
    """Processes, mounts and control groups on this host that belong to the server."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if mark in command or (data_id(data_dir) in command and str(os.getpid()) != entry.name):
                found.append(f"process {entry.name}: {command}")
    mounts = Path("/proc/self/mounts").read_text()
    found += [f"mount {line}" for line in mounts.splitlines() if str(data_dir) in line]
    for root, directories, _ in os.walk("/sys/fs/cgroup"):
        found += [f"group {root}/{name}" for name in directories if data_id(data_dir) in name]
    return found


def wait_until_clean(mark: str, data_dir: Path) -> list[str]:
    deadline = time.monotonic() + 20
    while (left := traces(mark, data_dir)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def start_stub(data_dir: Path, task: Path, mark: str) -> subprocess.Popen[bytes]:
    program = [PYTHON, "-c", _DAEMON.format(mark=mark)]
    stub = subprocess.Popen(
        [sys.executable, str(_STUB), str(data_dir), str(task), json.dumps([program] * 3), "true"],
        stdout=subprocess.PIPE,
    )
    assert stub.stdout is not None
    told = json.loads(stub.stdout.readline())
    assert (told["tier"], told["ran"]) == ("namespace", ["ready\n"] * 3)
    stub.stdout.close()
    return stub


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    data_dir, task = tmp_path / "data", tmp_path / "task"
    data_dir.mkdir(mode=0o700)
    task.mkdir()
    return data_dir, task


def launcher_of(stub: subprocess.Popen[bytes]) -> int:
    children = Path(f"/proc/{stub.pid}/task/{stub.pid}/children").read_text().split()
    assert len(children) == 1
    return int(children[0])


def test_kill_9_of_the_server_leaves_no_process_mount_or_group(places: tuple[Path, Path]) -> None:
    mark = f"876543.{os.getpid()}1"
    stub = start_stub(*places, mark)
    running = traces(mark, places[0])
    assert sum("process" in one for one in running) >= 7  # 2 in each of 3 sandboxes, and the launcher
    assert any("group" in one for one in running)
    stub.kill()
    stub.wait()
    assert wait_until_clean(mark, places[0]) == []


def test_a_launcher_killed_with_its_server_is_swept_up_by_the_next_start(places: tuple[Path, Path]) -> None:
    mark = f"876543.{os.getpid()}2"
    stub = start_stub(*places, mark)
    launcher = launcher_of(stub)
    os.kill(launcher, signal.SIGSTOP)  # so that it cannot tidy up when the server goes first
    stub.kill()
    os.kill(launcher, signal.SIGKILL)
    stub.wait()
    deadline = time.monotonic() + 20
    while any("process" in one for one in traces(mark, places[0])) and time.monotonic() < deadline:
        time.sleep(0.02)
    left = traces(mark, places[0])
    assert left
    assert all("group" in one for one in left)

    again = subprocess.run(
        [sys.executable, str(_STUB), str(places[0]), str(places[1]), '[["/bin/echo", "again"]]', "false"],
        stdout=subprocess.PIPE,
        check=True,
    )
    assert json.loads(again.stdout)["ran"][0]["output"] == "again\n"
    assert wait_until_clean(mark, places[0]) == []


def test_a_server_that_closes_in_order_leaves_nothing(places: tuple[Path, Path]) -> None:
    subprocess.run(
        [sys.executable, str(_STUB), str(places[0]), str(places[1]), '[["/bin/true"]]', "false"],
        stdout=subprocess.DEVNULL,
        check=True,
    )
    assert traces("no such mark", places[0]) == []
    assert list(places[0].iterdir()) == []


def test_a_launcher_that_dies_alone_is_started_again(host: Host) -> None:
    sandbox = host.make()
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    launcher = next(
        int(pid) for pid in children if data_id(host.data_dir) in Path(f"/proc/{pid}/cmdline").read_text()
    )
    os.kill(launcher, signal.SIGKILL)
    with pytest.raises(EnvironmentUnavailable):
        host.run_in(sandbox, "/bin/true")
    assert host.run("/bin/echo", "back").output == "back\n"
