"""A frozen sandbox does nothing, goes on when thawed, and can be ended as any other."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hosting import LIMITS, PYTHON, Host
from test_sandbox_processes import host_processes
from test_sandbox_several import Started, start

from lambdad.worker.sandbox import helper, process_keeper, process_tier
from lambdad.worker.sandbox.factory import data_id, make_factory
from lambdad.worker.sandbox.launcher import watching
from lambdad.worker.sandbox.plan import ExitStatus, Sandbox, SandboxPlan, Tier

_FAMILY = """
import os, sys, time
def count(name, pause):
    file = os.open(sys.argv[1] + '/' + name, os.O_CREAT | os.O_WRONLY, 0o644)
    n = 0
    while True:
        n += 1
        os.pwrite(file, b'%d' % n, 0)
        if pause: time.sleep(pause)
if os.fork() == 0: count('child', 0.001)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: count('daemon', 0.001)
    os._exit(0)
count('main', 0)
"""
_NAMES = ("main", "child", "daemon")
_PATIENCE_S = 60


class Family:
    """A busy process, its child, and a daemon that left session and parent."""

    def __init__(self, sandbox: Sandbox, started: Started, mark: str) -> None:
        self.sandbox = sandbox
        self.started = started
        self.mark = mark
        self.one = members(mark)[0]

    def counts(self) -> list[int]:
        """How far each has counted."""
        if self.sandbox.tier is Tier.PROCESS:
            place = Path(self.sandbox.inside("/tmp"))
        else:
            place = Path(f"/proc/{self.one}/root/tmp")
        return [int((place / name).read_text() or 0) if (place / name).exists() else 0 for name in _NAMES]

    async def go_on(self) -> None:
        """Wait until each has counted further than now."""
        before = self.counts()
        await until(lambda: all(now > then for now, then in zip(self.counts(), before, strict=True)))

    async def stand_still(self) -> None:
        """Wait until none counts any more, and see that it stays so."""
        before = self.counts()
        still = 0
        async with asyncio.timeout(_PATIENCE_S):
            while still < 10:
                await asyncio.sleep(0.02)
                now = self.counts()
                still, before = (still + 1 if now == before else 0), now

    async def gone(self) -> None:
        await until(lambda: not members(self.mark))


def members(mark: str) -> list[int]:
    """Its processes; the process tier's keeper shows the same arguments and is none of them."""
    found = []
    for pid in host_processes(mark):
        with contextlib.suppress(OSError):
            if b"process_keeper" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


async def family(sandbox: Sandbox, mark: str) -> Family:
    started = await start(sandbox, "runtime", PYTHON, "-c", _FAMILY, "/tmp", mark)
    await until(lambda: len(members(mark)) == 3)
    made = Family(sandbox, started, mark)
    await made.go_on()
    return made


def mark_of(case: int) -> str:
    return f"56789.{os.getpid()}{case}"


@pytest.mark.root
def test_a_host_with_a_unified_hierarchy_freezes_by_it_and_any_other_by_signals(
    spawned_host: Host, signalling_host: Host, process_host: Host
) -> None:
    details = [
        [(finding.works, finding.detail) for finding in one.factory.findings if finding.feature == "freeze"]
        for one in (spawned_host, signalling_host, process_host)
    ]
    by_signals = [(True, "SIGSTOP and SIGCONT")]
    assert details == [[(True, "cgroup.freeze")], by_signals, by_signals]


@pytest.mark.root
@pytest.mark.parametrize("place", ["ordinary", "unified"])
def test_a_group_that_turns_out_not_to_freeze_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Nobody can be born into an ordinary directory; and a group whose file takes no order does not freeze."""
    tried = {
        "ordinary": f"hierarchies._find_freezer = lambda *_: {str(tmp_path)!r}; ",
        "unified": "hierarchies.freeze_file = cgroups.freeze_file = lambda *_: '/dev/null'; ",
    }
    path, main = helper._BOOT.split("from lambdad", 1)
    imported = "from lambdad.worker.sandbox.launcher import cgroups, hierarchies; "
    monkeypatch.setattr(helper, "_BOOT", f"{path}{imported}{tried[place]}from lambdad{main}")

    async def scenario() -> tuple[bool, str]:
        factory = await make_factory(data_dir=tmp_path, require=Tier.NAMESPACE, outbound=False)
        try:
            sandbox = await factory.create(SandboxPlan("one", (), LIMITS, outbound=False))
            busy = await family(sandbox, mark_of(8))
            assert sandbox.freeze()
            await busy.stand_still()
            await sandbox.destroy()
            await busy.started.ran()
            (freeze,) = [finding for finding in factory.findings if finding.feature == "freeze"]
            return freeze.works, freeze.detail
        finally:
            await factory.close()

    assert asyncio.run(scenario()) == (True, "SIGSTOP and SIGCONT")
    assert not [root for root, _, _ in os.walk("/sys/fs/cgroup") if data_id(tmp_path) in root]


async def test_a_process_tier_that_cannot_stop_and_continue_processes_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_PATIENCE_MS", 2_000)
    monkeypatch.setattr(process_keeper, "__file__", str(tmp_path / "keeper.py"))
    source = Path(process_tier.__file__).with_name("process_keeper.py").read_text()
    (tmp_path / "keeper.py").write_text(source.replace("signal.SIGCONT)", "0)"))
    factory = await make_factory(data_dir=tmp_path, require=None, outbound=False, tier=Tier.PROCESS)
    sandbox = await factory.create(SandboxPlan("one", (), LIMITS, outbound=False))
    assert not sandbox.freeze()
    (freeze,) = [finding for finding in factory.findings if finding.feature == "freeze"]
    assert (freeze.works, freeze.detail) == (False, "a thawed child did not go on")
    assert freeze.remedy
    await factory.close()


def test_frozen_nothing_goes_on_and_thawed_everything(any_host: Host) -> None:
    async def scenario() -> None:
        busy = await family(sandbox, mark_of(1))
        for _ in range(3):
            assert sandbox.freeze()
            assert sandbox.freeze()
            await busy.stand_still()
            sandbox.thaw()
            sandbox.thaw()
            await busy.go_on()
        assert busy.started.exits == []

    sandbox = any_host.make()
    try:
        any_host.runner.run(scenario())
    finally:
        any_host.destroy(sandbox)


def test_thawing_what_is_not_frozen_does_nothing(any_host: Host) -> None:
    async def scenario() -> None:
        sandbox.thaw()
        busy = await family(sandbox, mark_of(2))
        sandbox.thaw()
        await busy.go_on()

    sandbox = any_host.make()
    try:
        any_host.runner.run(scenario())
    finally:
        any_host.destroy(sandbox)


def test_freezing_while_thawing_ends_as_the_last_word_was(any_host: Host) -> None:
    async def scenario() -> None:
        busy = await family(sandbox, mark_of(3))
        for _ in range(100):
            sandbox.freeze()
            sandbox.thaw()
        await busy.go_on()
        for _ in range(100):
            sandbox.thaw()
            sandbox.freeze()
        await busy.stand_still()

    sandbox = any_host.make()
    try:
        any_host.runner.run(scenario())
    finally:
        any_host.destroy(sandbox)


def test_a_frozen_sandbox_is_killed_whole_and_can_be_used_again(any_host: Host) -> None:
    async def scenario() -> None:
        busy = await family(sandbox, mark_of(4))
        sandbox.freeze()
        await busy.stand_still()
        sandbox.kill()
        assert (await busy.started.ran()).status == ExitStatus(None, signal.SIGKILL)
        await busy.gone()
        again = await start(sandbox, "runtime", "/bin/echo", "again")
        assert (await again.ran()).output == "again\n"
        assert len(busy.started.exits) == 1

    sandbox = any_host.make()
    try:
        any_host.runner.run(scenario())
    finally:
        any_host.destroy(sandbox)


def test_a_frozen_sandbox_is_destroyed_without_a_trace(any_host: Host) -> None:
    async def scenario() -> None:
        busy = await family(sandbox, mark_of(5))
        sandbox.freeze()
        await busy.stand_still()
        await sandbox.destroy()
        assert (await busy.started.ran()).status == ExitStatus(None, signal.SIGKILL)
        await busy.gone()
        assert not sandbox.freeze()
        sandbox.thaw()
        # The launcher asks again for a group whose processes the kernel still counts.
        async with asyncio.timeout(10):
            await until(lambda: not groups_of(sandbox))

    sandbox = any_host.make()
    any_host.runner.run(scenario())


def groups_of(sandbox: Sandbox) -> list[str]:
    return [root for root, _, _ in os.walk("/sys/fs/cgroup") if root.endswith(f"/{sandbox.sandbox_id}")]


def test_a_signal_to_a_frozen_process_waits_until_it_is_thawed(any_host: Host) -> None:
    async def scenario() -> None:
        busy = await family(sandbox, mark_of(6))
        sandbox.freeze()
        await busy.stand_still()
        sandbox.signal("runtime", signal.SIGTERM)
        await busy.stand_still()
        assert busy.started.exits == []
        sandbox.thaw()
        assert (await busy.started.ran()).status == ExitStatus(None, signal.SIGTERM)

    sandbox = any_host.make()
    try:
        any_host.runner.run(scenario())
    finally:
        any_host.destroy(sandbox)


@pytest.mark.root
@pytest.mark.parametrize("frozen_by", ["spawned_host", "blank_host", "signalling_host"])
def test_a_wild_fork_bomb_is_frozen_and_killed(request: pytest.FixtureRequest, frozen_by: str) -> None:
    made: Host = request.getfixturevalue(frozen_by)
    mark = mark_of(7)
    bomb = (
        "import os\n"
        "print('go', flush=True)\n"
        "while True:\n"
        "    try:\n"
        "        if os.fork() == 0: os._exit(0) if os.getpid() % 3 else None\n"
        "    except OSError: pass"
    )

    async def scenario() -> None:
        started = await start(sandbox, "runtime", PYTHON, "-c", bomb, mark)
        assert await started.line() == "go\n"
        for _ in range(3):
            await asyncio.sleep(0.1)
            sandbox.freeze()
            before: list[int] = []
            async with asyncio.timeout(_PATIENCE_S):
                while (now := sorted(members(mark))) != before or not now:
                    before = now
                    await asyncio.sleep(0.05)
            sandbox.thaw()
        sandbox.freeze()
        sandbox.kill()
        assert (await started.ran()).status == ExitStatus(None, signal.SIGKILL)
        await until(lambda: not members(mark))

    sandbox = made.make(made.plan(processes=60, memory_bytes=512 << 20))
    try:
        made.runner.run(scenario())
    finally:
        made.destroy(sandbox)
