"""Limits hold: memory, CPU, processes, files."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from hosting import MIB, PYTHON, Host, run_in

from lambdad.worker.sandbox.plan import ExitStatus, ProcessPlan, Sandbox

pytestmark = pytest.mark.root


def test_using_more_memory_than_allowed_kills_and_is_told(host: Host) -> None:
    ran = host.python("x = bytearray(200 << 20); print('survived')", memory_bytes=128 * MIB)
    assert ran.output == ""
    assert ran.status == ExitStatus(None, signal.SIGKILL, oom_killed=True)


def test_memory_within_the_limit_is_there_to_the_last_megabytes(host: Host) -> None:
    ran = host.python("x = bytearray(110 << 20); print('survived')", memory_bytes=128 * MIB)
    assert (ran.output, ran.status.oom_killed) == ("survived\n", False)


def test_the_limit_holds_for_all_processes_together(host: Host) -> None:
    source = (
        "import os, time\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        x = bytearray(50 << 20); time.sleep(1); os._exit(0)\n"
        "codes = [os.wait()[1] for _ in range(4)]\n"
        "print(any(code == 9 for code in codes))"
    )
    ran = host.python(source, memory_bytes=128 * MIB)
    assert ran.status.oom_killed
    assert ran.output in ("True\n", "")  # the kernel may choose the parent


def test_an_old_kill_is_not_told_again(host: Host) -> None:
    sandbox = host.make(host.plan(memory_bytes=64 * MIB))
    try:
        assert host.run_in(sandbox, PYTHON, "-c", "bytearray(100 << 20)").status.oom_killed
        assert not host.run_in(sandbox, PYTHON, "-c", "pass").status.oom_killed
    finally:
        host.destroy(sandbox)


def test_a_kill_of_ours_is_not_taken_for_lack_of_memory(host: Host) -> None:
    assert host.shell("kill -9 $$").status == ExitStatus(None, signal.SIGKILL, oom_killed=False)


def test_peak_memory_is_the_function_s_own(host: Host) -> None:
    sandbox = host.make(host.plan(memory_bytes=256 * MIB))
    try:
        host.run_in(sandbox, PYTHON, "-c", "pass")
        idle = sandbox.peak_memory_bytes()
        host.run_in(sandbox, PYTHON, "-c", "bytearray(100 << 20)")
        assert 0 < idle < 24 * MIB
        assert 100 * MIB < sandbox.peak_memory_bytes() < 130 * MIB
    finally:
        host.destroy(sandbox)


def test_processes_and_threads_are_limited_together(host: Host) -> None:
    source = (
        "import threading, time\n"
        "n = 0\n"
        "try:\n"
        "    while True: threading.Thread(target=time.sleep, args=(600,), daemon=True).start(); n += 1\n"
        "except RuntimeError: print(n, flush=True)\n"
        "import os; os._exit(0)"
    )
    assert host.python(source, processes=1024, memory_bytes=512 * MIB).output == "1023\n"


def test_one_sandbox_s_processes_do_not_count_for_another(host: Host) -> None:
    source = (
        "import threading, time, os\n"
        "for _ in range(80): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        "print('all', flush=True); time.sleep(0.3); os._exit(0)"
    )

    async def both(sandboxes: list[Sandbox]) -> list[str]:
        ran = await asyncio.gather(*(run_in(s, (PYTHON, "-c", source), {}) for s in sandboxes))
        return [one.output for one in ran]

    sandboxes = [host.make(host.plan(processes=100)) for _ in range(3)]
    try:
        assert host.runner.run(both(sandboxes)) == ["all\n"] * 3
    finally:
        for sandbox in sandboxes:
            host.destroy(sandbox)


def test_open_files_are_limited(host: Host) -> None:
    source = (
        "import os, resource\n"
        "n = 0\n"
        "try:\n"
        "    while True: os.open('/dev/null', 0); n += 1\n"
        "except OSError as e: print(e.errno, n + 5)\n"  # the five that were open before
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))"
    )
    assert host.python(source).output == "24 1024\n(1024, 1024)\n"


def test_a_limit_cannot_be_raised(host: Host) -> None:
    source = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))"
    assert "not allowed to raise maximum limit" in host.python(source).output


def test_no_core_is_dumped(host: Host) -> None:
    ran = host.shell("ulimit -c; kill -QUIT $$; :")
    assert ran.output == "0\n"


_SPIN = (
    "import time, os\n"
    "os.read(4, 1)\n"
    "begin = time.monotonic()\n"
    "while time.process_time() < 0.3: pass\n"
    "print(time.monotonic() - begin)"
)


def _times_throttled(sandbox: Sandbox) -> int:
    for root, _, names in os.walk("/sys/fs/cgroup"):
        # A group to be frozen by has a cpu.stat as well, but no controller.
        if Path(root).name == sandbox.sandbox_id and {"cpu.shares", "cpu.weight"} & set(names):
            lines = Path(root, "cpu.stat").read_text().splitlines()
            return sum(int(line.split()[1]) for line in lines if line.startswith("nr_throttled"))
    raise AssertionError("the sandbox has no group for its CPU time")


def _spin(host: Host, vcpus: float, *, quota: bool) -> tuple[float, int]:
    """Seconds that 0.3 seconds of CPU time take, and how often the kernel held the sandbox back."""
    sandbox = host.make(host.plan(vcpus=vcpus))

    async def spin() -> float:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[ExitStatus] = loop.create_future()
        process = await sandbox.start(ProcessPlan((PYTHON, "-c", _SPIN), {}), ended.set_result)
        if quota:
            sandbox.apply_cpu_quota()
        await loop.sock_sendall(process.channel, b"g")
        await ended
        process.channel.close()
        told = os.read(process.output, 100)
        os.close(process.output)
        return float(told)

    try:
        return host.runner.run(spin()), _times_throttled(sandbox)
    finally:
        host.destroy(sandbox)


def test_the_cpu_quota_holds_once_it_is_applied(host: Host) -> None:
    elapsed_s, throttled = _spin(host, 0.1, quota=True)
    assert elapsed_s > 2.0  # some 0.28 s are left after start-up, at a tenth of a core
    assert throttled > 10


def test_init_runs_without_a_quota(host: Host) -> None:
    _, throttled = _spin(host, 0.1, quota=False)
    assert throttled == 0
