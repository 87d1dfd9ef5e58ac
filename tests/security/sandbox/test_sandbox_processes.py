"""Starting, ending and killing: whatever a function leaves running goes with its sandbox."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from hosting import PYTHON, Host, run_in

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.plan import ExitStatus, Mount, ProcessPlan, Sandbox

pytestmark = pytest.mark.root

_DAEMONS = (
    "import os, time, signal\n"
    "for n in range(3):\n"
    "    if os.fork() == 0:\n"
    "        os.setsid()\n"
    "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "        if os.fork() == 0:\n"
    "            os.execv('/bin/sleep', ['sleep', MARK])\n"
    "        os._exit(0)\n"
    "time.sleep(0.2)\n"
    "print('ready', flush=True)\n"
    "time.sleep(600)"
)


def host_processes(mark: str) -> list[int]:
    """Processes of this host that have `mark` as an argument."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark.encode() in arguments:
                found.append(int(entry.name))
    return found


async def start_and_hear(sandbox: Sandbox, *argv: str) -> tuple[asyncio.Future[ExitStatus], str]:
    """Start a program and wait for its first line."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[ExitStatus] = loop.create_future()
    process = await sandbox.start(ProcessPlan(argv, {}), ended.set_result)
    process.channel.close()
    os.set_blocking(process.output, True)
    line = await loop.run_in_executor(None, os.read, process.output, 4096)
    os.close(process.output)
    return ended, line.decode()


def test_exit_codes_and_signals_are_told_apart(host: Host) -> None:
    assert host.shell("exit 7").status == ExitStatus(7, None)
    assert host.shell("kill -SEGV $$").status == ExitStatus(None, signal.SIGSEGV)


@pytest.mark.parametrize(
    ("name", "content", "mode", "error"),
    [
        ("missing", None, 0, "no such file or directory"),
        ("garbage", b"\x00\x01garbage", 0o755, "exec format error"),
        ("closed", b"#!/bin/sh\n", 0o644, "permission denied"),
        ("orphan", b"#!/no/such/interpreter\n", 0o755, "no such file or directory"),
    ],
)
def test_a_program_that_cannot_run_is_told_in_exec_s_words(
    host: Host, tmp_path: Path, name: str, content: bytes | None, mode: int, error: str
) -> None:
    tmp_path.chmod(0o755)
    if content is not None:
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(mode)
    sandbox = host.make(replace(host.plan(), mounts=(Mount(tmp_path, "/var/task"),)))
    try:
        assert host.run_in(sandbox, f"/var/task/{name}").status == ExitStatus(None, None, error=error)
        assert host.run_in(sandbox, "/bin/echo", "next").output == "next\n"
    finally:
        host.destroy(sandbox)


def test_the_channel_is_descriptor_4(host: Host) -> None:
    async def talk(sandbox: Sandbox) -> bytes:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[ExitStatus] = loop.create_future()
        source = "import os; os.write(4, os.read(4, 100).upper())"
        process = await sandbox.start(ProcessPlan((PYTHON, "-c", source), {}), ended.set_result)
        os.close(process.output)
        await loop.sock_sendall(process.channel, b"hello")
        answer = await loop.sock_recv(process.channel, 100)
        end = await loop.sock_recv(process.channel, 100)
        process.channel.close()
        assert (await ended).code == 0
        return answer + end

    sandbox = host.make()
    try:
        assert host.runner.run(talk(sandbox)) == b"HELLO"
    finally:
        host.destroy(sandbox)


def test_a_crashed_program_can_be_started_again_in_the_same_sandbox(host: Host) -> None:
    sandbox = host.make()
    try:
        assert host.run_in(sandbox, "/bin/sh", "-c", "exit 1").status.code == 1
        assert host.run_in(sandbox, "/bin/sh", "-c", "exit 2").status.code == 2
    finally:
        host.destroy(sandbox)


def test_a_second_main_process_is_refused(host: Host) -> None:
    async def twice(sandbox: Sandbox) -> None:
        await start_and_hear(sandbox, "/bin/sh", "-c", "echo; sleep 600")
        with pytest.raises(EnvironmentUnavailable):
            await sandbox.start(ProcessPlan(("/bin/true",), {}), lambda status: None)

    sandbox = host.make()
    try:
        host.runner.run(twice(sandbox))
    finally:
        host.destroy(sandbox)


def test_only_the_sandbox_s_own_processes_can_be_seen(host: Host) -> None:
    pids = host.python("import os; print([int(n) for n in os.listdir('/proc') if n.isdigit()])").output
    assert eval(pids) == [2]


def test_no_process_of_the_host_can_be_signalled(host: Host) -> None:
    source = (
        "import os\n"
        f"for pid in (1, {os.getpid()}, {os.getppid()}):\n"
        "    try: os.kill(pid, 9); print('killed', pid)\n"
        "    except OSError: pass\n"
        "print('alive')"
    )
    assert host.python(source).output == "alive\n"


@pytest.mark.parametrize("end", ["kill", "destroy"])
def test_daemons_that_left_their_session_and_parent_go_too(host: Host, end: str) -> None:
    mark = f"987654.{os.getpid()}{end == 'kill':d}"
    sandbox = host.make()

    async def scenario() -> None:
        ended, line = await start_and_hear(sandbox, PYTHON, "-c", _DAEMONS.replace("MARK", repr(mark)))
        assert line == "ready\n"
        assert len(host_processes(mark)) == 3
        if end == "kill":
            sandbox.kill()
        else:
            await sandbox.destroy()
        assert await ended == ExitStatus(None, signal.SIGKILL)
        for _ in range(200):  # the main process is told first, the rest goes with the same signal
            if not host_processes(mark):
                return
            await asyncio.sleep(0.01)

    host.runner.run(scenario())
    assert host_processes(mark) == []
    if end == "kill":
        assert host.run_in(sandbox, "/bin/echo", "again").output == "again\n"
        host.destroy(sandbox)


def test_a_fork_bomb_is_held_at_its_limit_and_killed_whole(host: Host) -> None:
    mark = f"987655.{os.getpid()}"
    bomb = (
        "import os, sys, time\n"
        "n = 0\n"
        "while True:\n"
        "    try: pid = os.fork()\n"
        "    except OSError as e: print('held', e.errno, n, flush=True); break\n"
        "    if pid == 0: time.sleep(600)\n"
        "    n += 1\n"
        "time.sleep(600)"
    )
    sandbox = host.make(host.plan(processes=200, memory_bytes=512 << 20))

    async def scenario() -> str:
        ended, line = await start_and_hear(sandbox, PYTHON, "-c", bomb, mark)
        assert 150 <= len(host_processes(mark)) <= 200
        sandbox.kill()
        await ended
        for _ in range(500):
            if not host_processes(mark):
                break
            await asyncio.sleep(0.01)
        return line

    try:
        assert host.runner.run(scenario()).startswith("held 11 199")
        assert host_processes(mark) == []
        assert host.run_in(sandbox, "/bin/echo", "again").output == "again\n"
    finally:
        host.destroy(sandbox)


def test_a_wild_fork_bomb_cannot_outrun_the_kill(host: Host) -> None:
    mark = f"987656.{os.getpid()}"
    bomb = "import os\nprint('go', flush=True)\nwhile True:\n    try: os.fork()\n    except OSError: pass"
    sandbox = host.make(host.plan(processes=100, memory_bytes=512 << 20))

    async def scenario() -> None:
        ended, _ = await start_and_hear(sandbox, PYTHON, "-c", bomb, mark)
        await asyncio.sleep(0.3)
        sandbox.kill()
        await ended
        for _ in range(500):
            if not host_processes(mark):
                return
            await asyncio.sleep(0.01)

    try:
        host.runner.run(scenario())
        assert host_processes(mark) == []
    finally:
        host.destroy(sandbox)


def test_every_sandbox_is_another_user_of_the_host(host: Host) -> None:
    async def users() -> set[int]:
        found = set()
        for at, sandbox in enumerate(sandboxes):
            mark = f"987657.{os.getpid()}{at}"
            await start_and_hear(sandbox, "/bin/sh", "-c", f"echo; exec sleep {mark}")
            (pid,) = await waited(mark)
            found.add(Path(f"/proc/{pid}").stat().st_uid)
        return found

    async def waited(mark: str) -> list[int]:
        while not (pids := host_processes(mark)):
            await asyncio.sleep(0.01)
        return pids

    sandboxes = [host.make(), host.make()]
    try:
        found = host.runner.run(users())
        assert len(found) == 2
        assert all(300_000 <= uid < 365_536 for uid in found)
    finally:
        for sandbox in sandboxes:
            host.destroy(sandbox)


def test_orphans_are_reaped(host: Host) -> None:
    source = (
        "import os, time\n"
        "for _ in range(20):\n"
        "    if os.fork() == 0:\n"
        "        if os.fork() == 0: os._exit(0)\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "time.sleep(0.2)\n"
        "print(len([n for n in os.listdir('/proc') if n.isdigit()]))"
    )
    assert host.python(source).output == "1\n"


def test_a_destroyed_sandbox_refuses_to_start(host: Host) -> None:
    sandbox = host.make()
    host.destroy(sandbox)
    with pytest.raises(EnvironmentUnavailable):
        host.run_in(sandbox, "/bin/true")


def test_destroying_twice_is_once(host: Host) -> None:
    sandbox = host.make()
    host.destroy(sandbox)
    host.destroy(sandbox)


def test_two_sandboxes_of_one_name_are_refused(host: Host) -> None:
    plan = host.plan()
    sandbox = host.make(plan)
    with pytest.raises(EnvironmentUnavailable, match="exists already"):
        host.make(plan)
    host.destroy(sandbox)
    host.destroy(host.make(plan))


def test_many_sandboxes_are_made_and_run_at_once(host: Host) -> None:
    async def one(plan: object) -> str:
        sandbox = await host.factory.create(plan)  # type: ignore[arg-type]
        try:
            return (await run_in(sandbox, ("/bin/echo", sandbox.sandbox_id), {})).output.strip()
        finally:
            await sandbox.destroy()

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(one(plan) for plan in plans))

    plans = [host.plan() for _ in range(60)]
    assert host.runner.run(all_of_them()) == [plan.sandbox_id for plan in plans]
