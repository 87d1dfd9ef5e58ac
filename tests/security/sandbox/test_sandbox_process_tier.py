"""The process tier: no isolation, but order: private directories, limits that can be had, whole trees killed."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from hosting import PYTHON, Host, run_in

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.plan import ExitStatus, Mount, ProcessPlan, Sandbox, Tier


def test_its_findings_say_what_it_cannot_do(process_host: Host) -> None:
    lacking = {finding.feature for finding in process_host.factory.findings if not finding.works}
    assert process_host.factory.tier is Tier.PROCESS
    assert {"memory limit", "cpu limit", "size of /tmp", "file system", "network isolation"} <= lacking
    assert all(finding.remedy for finding in process_host.factory.findings if not finding.works)


def test_a_feature_is_told_once(process_host: Host) -> None:
    features = [finding.feature for finding in process_host.factory.findings]
    assert len(features) == len(set(features))


def test_a_program_runs_and_its_end_is_told(process_host: Host) -> None:
    ran = process_host.run("/bin/sh", "-c", "echo one; echo two >&2; echo three >&3; exit 3")
    assert (ran.output, ran.status) == ("one\ntwo\nthree\n", ExitStatus(3, None))
    assert process_host.run("/bin/sh", "-c", "kill -9 $$").status == ExitStatus(None, signal.SIGKILL)


def test_paths_of_the_sandbox_are_translated(process_host: Host) -> None:
    sandbox = process_host.make()
    try:
        assert sandbox.inside("/var/task/a") == str(process_host.task / "a")
        assert sandbox.inside("/var/task") == str(process_host.task)
        assert sandbox.inside("/var/tasks") == "/var/tasks"
        assert sandbox.inside("/usr/bin/env") == "/usr/bin/env"
        assert process_host.run_in(sandbox, "/bin/cat", "/var/task/handler.txt").output == "code"
        assert process_host.run_in(sandbox, "/bin/pwd").output == f"{process_host.task}\n"
    finally:
        process_host.destroy(sandbox)


def test_home_and_temporary_files_are_the_sandbox_s_own_and_vanish(process_host: Host) -> None:
    sandbox = process_host.make()
    place = Path(sandbox.inside("/tmp"))
    ran = process_host.run_in(sandbox, "/bin/sh", "-c", "echo $HOME; echo $TMPDIR; echo x > $TMPDIR/file")
    assert ran.output == f"{place}\n{place}\n"
    assert (place / "file").exists()
    process_host.destroy(sandbox)
    assert not place.exists()


def test_the_environment_is_what_was_given(process_host: Host) -> None:
    os.environ["SERVER_SECRET"] = "x"
    try:
        lines = process_host.run("/usr/bin/env", env={"ONE": "1", "HOME": "/h", "TMPDIR": "/t"}).output
    finally:
        del os.environ["SERVER_SECRET"]
    assert sorted(lines.splitlines()) == ["HOME=/h", "ONE=1", "TMPDIR=/t"]


def test_descriptors_files_and_core_are_limited(process_host: Host) -> None:
    source = (
        "import os, resource\n"
        "found = []\n"
        "for n in range(64):\n"
        "    try: os.fstat(n); found.append(n)\n"
        "    except OSError: pass\n"
        "print(found, resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CORE))"
    )
    assert process_host.python(source).output == "[0, 1, 2, 3, 4] (1024, 1024) (0, 0)\n"


@pytest.mark.parametrize(
    ("name", "mode", "error"),
    [
        ("missing", None, "no such file or directory"),
        ("garbage", 0o755, "exec format error"),
        ("closed", 0o644, "permission denied"),
    ],
)
def test_a_program_that_cannot_run_is_told_in_exec_s_words(
    process_host: Host, tmp_path: Path, name: str, mode: int | None, error: str
) -> None:
    if mode is not None:
        (tmp_path / name).write_bytes(b"\x00\x01")
        (tmp_path / name).chmod(mode)
    sandbox = process_host.make(replace(process_host.plan(), mounts=(Mount(tmp_path, "/var/task"),)))
    try:
        ran = process_host.run_in(sandbox, f"/var/task/{name}")
        assert ran.status == ExitStatus(None, None, error=error)
        assert process_host.run_in(sandbox, "/bin/echo", "next").output == "next\n"
    finally:
        process_host.destroy(sandbox)


def _alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize("end", ["kill", "destroy"])
def test_the_whole_tree_goes_even_daemons(process_host: Host, end: str) -> None:
    source = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0: os.write(1, b'%d\\n' % os.getpid()); time.sleep(600)\n"
        "    os._exit(0)\n"
        "time.sleep(0.2); print(os.getpid(), flush=True); time.sleep(600)"
    )
    sandbox = process_host.make()

    async def scenario() -> list[int]:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[ExitStatus] = loop.create_future()
        process = await sandbox.start(ProcessPlan((PYTHON, "-c", source), {}), ended.set_result)
        process.channel.close()
        os.set_blocking(process.output, True)
        told = b""
        while told.count(b"\n") < 2:
            told += await loop.run_in_executor(None, os.read, process.output, 100)
        os.close(process.output)
        pids = [int(line) for line in told.split()]
        assert _alive(pids) == pids
        with pytest.raises(EnvironmentUnavailable):
            await sandbox.start(ProcessPlan(("/bin/true",), {}), lambda status: None)
        if end == "kill":
            sandbox.kill()
        else:
            await sandbox.destroy()
        assert await ended == ExitStatus(None, signal.SIGKILL)
        for _ in range(500):
            if not _alive(pids):
                break
            await asyncio.sleep(0.01)
        return pids

    assert _alive(process_host.runner.run(scenario())) == []
    if end == "kill":
        assert process_host.run_in(sandbox, "/bin/echo", "again").output == "again\n"
        process_host.destroy(sandbox)


def test_listeners_are_on_the_loopback_of_the_host(process_host: Host) -> None:
    source = (
        "import socket, sys\n"
        "host, port = sys.argv[1].split(':')\n"
        "print(socket.create_connection((host, int(port)), timeout=5).recv(10).decode())"
    )

    async def greet(sandbox: Sandbox, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        connection, _ = await loop.sock_accept(listener)
        await loop.sock_sendall(connection, sandbox.sandbox_id.encode())
        connection.close()

    async def scenario(sandbox: Sandbox) -> str:
        ran, _ = await asyncio.gather(
            run_in(sandbox, (PYTHON, "-c", source, sandbox.addresses[0]), {}),
            greet(sandbox, sandbox.listeners[0]),
        )
        return ran.output.strip()

    sandbox = process_host.make()
    try:
        assert all(address.startswith("127.0.0.1:") for address in sandbox.addresses)
        assert len(set(sandbox.addresses)) == 3
        assert process_host.runner.run(scenario(sandbox)) == sandbox.sandbox_id
    finally:
        process_host.destroy(sandbox)


def test_what_was_killed_leaves_no_keeper_and_no_descriptor(process_host: Host) -> None:
    def held() -> tuple[int, int]:
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        return len(children), len(list(Path("/proc/self/fd").iterdir()))

    async def once(sandbox: Sandbox) -> None:
        ended: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
        process = await sandbox.start(
            ProcessPlan(("/bin/sleep", "600"), {}, has_channel=False), ended.set_result
        )
        sandbox.kill()
        await ended
        os.close(process.output)

    async def often(sandbox: Sandbox) -> None:
        await once(sandbox)
        before = held()
        for _ in range(10):
            await once(sandbox)
        async with asyncio.timeout(20):
            while held() > before:  # the last may still be on its way
                await asyncio.sleep(0.01)
                await once(sandbox)

    sandbox = process_host.make()
    try:
        process_host.runner.run(often(sandbox))
    finally:
        process_host.destroy(sandbox)
