"""Several processes in one sandbox: the runtime, and extensions beside it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from hosting import PYTHON, Host, Ran, ended_and_output

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.plan import ExitStatus, ProcessPlan, RunningProcess, Sandbox

_DESCRIPTORS = (
    "import os\n"
    "found = []\n"
    "for n in range(64):\n"
    "    try: os.fstat(n); found.append(n)\n"
    "    except OSError: pass\n"
    "print(found)"
)


class Started:
    """A process with everything that was told of it."""

    def __init__(
        self, process: RunningProcess, exits: list[ExitStatus], ended: asyncio.Future[ExitStatus]
    ) -> None:
        self.process = process
        self.exits = exits
        self.ended = ended

    async def line(self) -> str:
        """What it prints first."""
        loop = asyncio.get_running_loop()
        os.set_blocking(self.process.output, True)
        line = await asyncio.wait_for(loop.run_in_executor(None, os.read, self.process.output, 4096), 60)
        os.set_blocking(self.process.output, False)
        return line.decode()

    async def ran(self) -> Ran:
        return await ended_and_output(self.process, self.ended)


async def start(sandbox: Sandbox, name: str, *argv: str, has_channel: bool = False) -> Started:
    exits: list[ExitStatus] = []
    ended: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()

    def on_exit(status: ExitStatus) -> None:
        exits.append(status)
        if not ended.done():
            ended.set_result(status)

    plan = ProcessPlan(argv, {}, cwd="/", name=name, has_channel=has_channel)
    return Started(await sandbox.start(plan, on_exit), exits, ended)


def test_each_has_its_own_output_and_its_own_end(any_host: Host) -> None:
    async def scenario() -> list[Ran]:
        started = await asyncio.gather(
            *(
                start(sandbox, name, "/bin/sh", "-c", f"echo {name}; exit {code}")
                for code, name in enumerate(("runtime", "extension:one", "extension:two"))
            )
        )
        return await asyncio.gather(*(one.ran() for one in started))

    sandbox = any_host.make()
    try:
        assert any_host.runner.run(scenario()) == [
            Ran(ExitStatus(0, None), "runtime\n"),
            Ran(ExitStatus(1, None), "extension:one\n"),
            Ran(ExitStatus(2, None), "extension:two\n"),
        ]
    finally:
        any_host.destroy(sandbox)


def test_a_name_that_still_runs_is_not_started_again(any_host: Host) -> None:
    async def scenario() -> None:
        first = await start(sandbox, "extension:one", "/bin/sleep", "600")
        with pytest.raises(EnvironmentUnavailable, match="extension:one"):
            await start(sandbox, "extension:one", "/bin/true")
        sandbox.signal("extension:one", signal.SIGTERM)
        assert (await first.ran()).status == ExitStatus(None, signal.SIGTERM)
        again = await start(sandbox, "extension:one", "/bin/echo", "again")
        assert (await again.ran()).output == "again\n"

    sandbox = any_host.make()
    try:
        any_host.runner.run(scenario())
    finally:
        any_host.destroy(sandbox)


def test_a_signal_reaches_the_process_of_that_name_alone(any_host: Host) -> None:
    async def scenario() -> None:
        soft = "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
        one = await start(sandbox, "extension:one", "/bin/sh", "-c", soft)
        two = await start(sandbox, "extension:two", "/bin/sh", "-c", soft)
        assert (await one.line(), await two.line()) == ("ready\n", "ready\n")
        sandbox.signal("extension:none", signal.SIGKILL)
        sandbox.signal("extension:one", signal.SIGTERM)
        assert await one.ran() == Ran(ExitStatus(5, None), "told\n")
        assert two.exits == []
        sandbox.signal("extension:one", signal.SIGKILL)  # it has ended
        sandbox.signal("extension:two", signal.SIGTERM)
        assert await two.ran() == Ran(ExitStatus(5, None), "told\n")

    sandbox = any_host.make()
    try:
        any_host.runner.run(scenario())
    finally:
        any_host.destroy(sandbox)


def test_killing_ends_all_and_each_end_is_told_once(any_host: Host) -> None:
    async def scenario() -> list[Started]:
        started = [await start(sandbox, f"extension:{n}", "/bin/sleep", "600") for n in range(3)]
        sandbox.kill()
        sandbox.kill()
        for one in started:
            assert (await one.ran()).status == ExitStatus(None, signal.SIGKILL)
        await sandbox.destroy()
        await asyncio.sleep(0)
        return started

    sandbox = any_host.make()
    assert [len(one.exits) for one in any_host.runner.run(scenario())] == [1, 1, 1]


def test_destroying_tells_each_end_once(any_host: Host) -> None:
    async def scenario() -> list[Started]:
        started = [await start(sandbox, f"extension:{n}", "/bin/sleep", "600") for n in range(3)]
        await sandbox.destroy()
        for one in started:
            assert (await one.ran()).status == ExitStatus(None, signal.SIGKILL)
        return started

    sandbox = any_host.make()
    assert [len(one.exits) for one in any_host.runner.run(scenario())] == [1, 1, 1]


@pytest.mark.root
def test_a_reaper_that_dies_ends_each_once(host: Host) -> None:
    async def scenario() -> list[Started]:
        started = [await start(sandbox, f"extension:{n}", "/bin/sleep", "600") for n in range(3)]
        (reaper,) = [
            int(entry.name)
            for entry in Path("/proc").glob("[0-9]*")
            if _arguments(entry)[:3] == ["lambdad-sandbox", host.owner, sandbox.sandbox_id]
        ]
        os.kill(reaper, signal.SIGKILL)
        for one in started:
            assert (await one.ran()).status == ExitStatus(None, signal.SIGKILL)
        with pytest.raises(EnvironmentUnavailable):
            await start(sandbox, "runtime", "/bin/true")
        await sandbox.destroy()
        return started

    sandbox = host.make()
    assert [len(one.exits) for one in host.runner.run(scenario())] == [1, 1, 1]


def _arguments(process: Path) -> list[str]:
    try:
        return (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


@pytest.mark.parametrize(
    ("name", "has_channel", "open_ones"),
    [
        ("runtime", True, [0, 1, 2, 3, 4]),
        ("runtime", False, [0, 1, 2, 3]),
        ("extension:one", False, [0, 1, 2]),
    ],
)
def test_only_the_runtime_has_a_descriptor_for_its_log_and_only_a_client_of_ours_a_channel(
    any_host: Host, name: str, has_channel: bool, open_ones: list[int]
) -> None:
    async def scenario() -> str:
        started = await start(sandbox, name, PYTHON, "-c", _DESCRIPTORS, has_channel=has_channel)
        assert (started.process.channel is not None) == has_channel
        return (await started.ran()).output

    sandbox = any_host.make()
    try:
        assert any_host.runner.run(scenario()) == f"{open_ones}\n"
    finally:
        any_host.destroy(sandbox)


@pytest.mark.root
def test_a_process_that_stops_the_others_cannot_keep_the_sandbox_from_being_killed(host: Host) -> None:
    stopper = (
        "import os, signal\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    try: os.kill(-1, signal.SIGSTOP)\n"
        "    except OSError: pass"
    )

    async def scenario() -> list[int]:
        hostile = await start(sandbox, "extension:hostile", PYTHON, "-c", stopper)
        assert await hostile.line() == "ready\n"
        told = [hostile]
        for n in range(10):
            # It may be stopped before it executes, and then is not started until it is killed.
            starting = asyncio.ensure_future(start(sandbox, f"extension:{n}", "/bin/sleep", "600"))
            await asyncio.wait([starting], timeout=0.2)
            sandbox.kill()
            told.append(await asyncio.wait_for(starting, 60))
            assert (await told[-1].ran()).status == ExitStatus(None, signal.SIGKILL)
            assert (await told[0].ran()).status == ExitStatus(None, signal.SIGKILL)
            told[0] = await start(sandbox, "extension:hostile", PYTHON, "-c", stopper)
            assert await told[0].line() == "ready\n"
        sandbox.kill()
        await told[0].ran()
        return [len(one.exits) for one in told]

    sandbox = host.make()
    try:
        assert host.runner.run(scenario()) == [1] * 11
    finally:
        host.destroy(sandbox)


@pytest.mark.root
def test_a_process_cannot_reach_into_another_before_that_executes(host: Host) -> None:
    """Between fork and exec a child of the reaper holds descriptors and memory that are not the function's."""
    spy = (
        "import os\n"
        "print('ready', flush=True)\n"
        "seen, reached = set(), set()\n"
        "while len(seen) < 100:\n"
        "    for name in os.listdir('/proc'):\n"
        "        if not name.isdigit() or int(name) == os.getpid(): continue\n"
        "        seen.add(name)\n"
        "        try: reached.update(fd for fd in os.listdir(f'/proc/{name}/fd') if int(fd) > 4)\n"
        "        except OSError: pass\n"
        "print(sorted(reached))"
    )

    async def scenario() -> str:
        watching = await start(sandbox, "extension:spy", PYTHON, "-c", spy)
        assert await watching.line() == "ready\n"
        n = 0
        while not watching.ended.done():
            n += 1
            other = await start(sandbox, "runtime", "/bin/sleep", "0.01")
            await other.ran()
        return (await watching.ran()).output

    sandbox = host.make()
    try:
        assert host.runner.run(scenario()) == "[]\n"
    finally:
        host.destroy(sandbox)
