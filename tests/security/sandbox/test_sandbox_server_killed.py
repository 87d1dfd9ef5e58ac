"""kill -9 of the server or of its launcher leaves nothing behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hosting import LIMITS, PYTHON, Host

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.factory import data_id, make_factory
from lambdad.worker.sandbox.plan import ExitStatus, ProcessPlan, SandboxPlan

pytestmark = pytest.mark.root

_STUB = Path(__file__).with_name("server_stub.py")
_LOOK_S = 0.1  # each look reads every process of the host
_DAEMON = (
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0: os.execv('/bin/sleep', ['sleep', {mark!r}])\n"
    "    os._exit(0)\n"
    "time.sleep(0.2); print('ready', flush=True); os.execv('/bin/sleep', ['sleep', {mark!r}])"
)


def marked(*marks: str) -> list[str]:
    """Processes of this host that have one of `marks` as an argument."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(mark in command for mark in marks):
            found.append(f"process {entry.name}: {command}")
    return found


def traces(mark: str, data_dir: Path) -> list[str]:
    """Processes, mounts and control groups on this host that belong to the server."""
    found = marked(mark, data_id(data_dir))
    mounts = Path("/proc/self/mounts").read_text()
    found += [f"mount {line}" for line in mounts.splitlines() if str(data_dir) in line]
    for file in Path("/sys/block").glob("loop*/loop/backing_file"):
        with contextlib.suppress(OSError):  # it ended just now
            found += [f"image on {file}"] if str(data_dir) in file.read_text() else []
    for root, directories, _ in os.walk("/sys/fs/cgroup"):
        found += [f"group {root}/{name}" for name in directories if data_id(data_dir) in name]
    return found


def wait_until_clean(mark: str, data_dir: Path) -> list[str]:
    deadline = time.monotonic() + 20
    while (left := traces(mark, data_dir)) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    return left


@contextlib.contextmanager
def running_stub(
    data_dir: Path, task: Path, mark: str, tier: str = "namespace", *, frozen: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A server with three sandboxes, in each a program and a daemon that it left."""
    program = [PYTHON, "-c", _DAEMON.format(mark=mark)]
    stub = subprocess.Popen(
        [sys.executable, str(_STUB), str(data_dir), str(task), json.dumps([program] * 3), "true"],
        stdout=subprocess.PIPE,
        env={**os.environ, "STUB_TIER": tier},
    )
    with stub:
        try:
            assert stub.stdout is not None
            told = json.loads(stub.stdout.readline())
            assert (told["tier"], told["ran"]) == (tier, ["ready\n"] * 3)
            deadline = time.monotonic() + 20
            while len(marked(mark)) < 6 and time.monotonic() < deadline:
                time.sleep(_LOOK_S)
            assert len(marked(mark)) == 6
            if frozen:
                stub.send_signal(signal.SIGUSR1)
                assert stub.stdout.readline() == b"frozen\n"
            yield stub
        finally:
            stub.kill()


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


def own_launcher(data_dir: Path) -> int:
    """Process id of the launcher that this test process started for a data directory."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    name = data_id(data_dir)
    return next(int(pid) for pid in children if name in Path(f"/proc/{pid}/cmdline").read_text())


@pytest.mark.parametrize("frozen", [False, True])
def test_kill_9_of_the_server_leaves_no_process_mount_or_group(
    places: tuple[Path, Path], frozen: bool
) -> None:
    mark = f"876543.{os.getpid()}1"
    with running_stub(*places, mark, frozen=frozen) as stub:
        assert marked(data_id(places[0]))  # the launcher
        assert any("group" in one for one in traces(mark, places[0]))
        stub.kill()
    assert wait_until_clean(mark, places[0]) == []


@pytest.mark.parametrize("frozen", [pytest.param(False, marks=pytest.mark.full), True])
def test_in_the_process_tier_the_processes_go_too(places: tuple[Path, Path], frozen: bool) -> None:
    mark = f"876543.{os.getpid()}3"
    with running_stub(*places, mark, tier="process", frozen=frozen) as stub:
        stub.kill()
    assert wait_until_clean(mark, places[0]) == []


def test_the_next_server_waits_for_the_launcher_of_a_killed_one_and_isolates_as_ever(
    places: tuple[Path, Path],
) -> None:
    mark = f"876543.{os.getpid()}4"
    with running_stub(*places, mark) as stub:
        slow = launcher_of(stub)
        os.kill(slow, signal.SIGSTOP)  # a host so busy that it has not begun to take its sandboxes down
        stub.kill()
        stub.wait()
        os.kill(slow, signal.SIGSTOP)  # the kernel lets a stopped group go on when it becomes an orphan
    command = [sys.executable, str(_STUB), str(places[0]), str(places[1]), "[]", "true"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as following:
        try:
            assert following.stdout is not None
            time.sleep(2)
            assert not select.select([following.stdout], [], [], 0)[0], "it began beside the one before"
            os.kill(slow, signal.SIGCONT)
            assert json.loads(following.stdout.readline())["tier"] == "namespace"
        finally:
            following.kill()
            with contextlib.suppress(ProcessLookupError):  # it has ended in order
                os.kill(slow, signal.SIGCONT)
    assert wait_until_clean(mark, places[0]) == []


@pytest.mark.parametrize("frozen", [pytest.param(False, marks=pytest.mark.full), True])
def test_a_launcher_killed_with_its_server_is_swept_up_by_the_next_start(
    places: tuple[Path, Path], frozen: bool
) -> None:
    mark = f"876543.{os.getpid()}2"
    with running_stub(*places, mark, frozen=frozen) as stub:
        launcher = launcher_of(stub)
        os.kill(launcher, signal.SIGSTOP)  # so that it cannot tidy up when the server goes first
        stub.kill()
        os.kill(launcher, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any("group" not in one for one in traces(mark, places[0])) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
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


def test_a_server_whose_launcher_was_killed_still_closes_without_a_trace(places: tuple[Path, Path]) -> None:
    async def scenario() -> None:
        factory = await make_factory(data_dir=places[0], require=None, outbound=False)
        await factory.create(SandboxPlan("left", (), LIMITS, outbound=False))
        os.kill(own_launcher(places[0]), signal.SIGKILL)
        await factory.close()

    asyncio.run(scenario())
    assert wait_until_clean("no such mark", places[0]) == []
    assert list(places[0].iterdir()) == []


@pytest.mark.parametrize("frozen", [False, True])
def test_a_launcher_that_dies_alone_takes_its_sandboxes_and_is_started_again(
    host: Host, frozen: bool
) -> None:
    async def scenario() -> ExitStatus:
        ended: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
        process = await sandbox.start(ProcessPlan(("/bin/sleep", "600"), {}), ended.set_result)
        process.channel.close()
        os.close(process.output)
        assert not frozen or sandbox.freeze()
        os.kill(launcher, signal.SIGKILL)
        return await asyncio.wait_for(ended, 20)

    sandbox = host.make()
    launcher = own_launcher(host.data_dir)
    assert host.runner.run(scenario()) == ExitStatus(None, signal.SIGKILL)
    with pytest.raises(EnvironmentUnavailable):
        host.run_in(sandbox, "/bin/true")
    assert host.run("/bin/echo", "back").output == "back\n"
