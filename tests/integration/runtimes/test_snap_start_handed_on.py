"""The real Python client between a template and a restored environment.

No memory is kept here: the very process that waits in `restore/next` is handed on, with its channel, from the
sandbox of the template to the next one. What both sides say to each other is real.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import pytest

from lambdad.domain.errors import SnapStartFailed
from lambdad.domain.outcome import Status
from lambdad.domain.snap_start import InitFailed, Optimised
from lambdad.worker.environment.restored import RestoredEnvironment
from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.runtimes.client_tree import CLIENTS, PYTHON_CLIENT
from lambdad.worker.sandbox.image import MemoryImage
from lambdad.worker.sandbox.plan import ExitStatus, ProcessPlan
from tests.fakes.snap_stage import SnapStage
from tests.fakes.snapshots import FakeImage
from tests.fakes.worker import FakeProcess, FakeSandbox

HOOKS = """
import os
from snapshot_restore_py import register_after_restore, register_before_snapshot
token = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
told = []
register_before_snapshot(told.append, "before")
register_after_restore(told.append, "after")
def handler(event, context):
    return [event, told, token == os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]]
"""


class Handed(FakeImage):
    """A process that waits, instead of its memory."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        super().__init__()
        self.process = process
        self.channel = channel


class HandingSandbox:
    """What makes a fake sandbox start the client, and hand it on."""

    def __init__(self, sandbox: FakeSandbox, task: Path, processes: list[subprocess.Popen[bytes]]) -> None:
        self.sandbox, self.task, self.processes = sandbox, task, processes
        self.real: subprocess.Popen[bytes] | None = None
        self.kept: socket.socket | None = None
        self.image: Handed | None = None
        self.start_fake = sandbox.start
        for name in ("start", "snapshot", "restore"):
            setattr(sandbox, name, getattr(self, name))

    async def start(self, plan: ProcessPlan, on_exit: Callable[[ExitStatus], None]) -> FakeProcess:
        made = await self.start_fake(plan, on_exit)
        assert made.channel is not None
        if self.image is not None:  # what was restored goes on, on its own channel
            made.channel.close()
            made.channel, self.real = self.image.channel.dup(), self.image.process
            made.channel.setblocking(False)
        else:
            self.kept = made.channel.dup()
            self.real = self._client(plan, made.inside)
        self._watch(made, self.real)
        return made

    def _client(self, plan: ProcessPlan, channel: socket.socket) -> subprocess.Popen[bytes]:
        channel.setblocking(True)
        env = dict(plan.env) | {
            "LAMBDA_TASK_ROOT": str(self.task),
            "LAMBDA_RUNTIME_DIR": str(CLIENTS),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PATH": os.environ["PATH"],
            "_LAMBDAD_RUNTIME_FD": f"{channel.fileno()}@{plan.env['AWS_LAMBDA_RUNTIME_API']}",
        }
        del env["_LAMBDA_TELEMETRY_LOG_FD"], env["LD_LIBRARY_PATH"]
        made = subprocess.Popen(
            [sys.executable, "-S", "-u", str(CLIENTS / PYTHON_CLIENT)],
            env=env,
            cwd=self.task,
            pass_fds=(channel.fileno(),),
        )
        self.processes.append(made)
        return made

    def _watch(self, made: FakeProcess, real: subprocess.Popen[bytes]) -> None:
        def ended() -> None:
            code = real.wait()
            loop.call_soon_threadsafe(made.exit, ExitStatus(code, None))

        loop = asyncio.get_running_loop()
        self.watching = loop.run_in_executor(None, ended)

    async def snapshot(self) -> Handed:
        assert self.real is not None
        assert self.kept is not None
        self.sandbox.image = Handed(self.real, self.kept)
        return cast("Handed", self.sandbox.image)

    async def restore(self, image: MemoryImage) -> None:
        self.image = cast("Handed", image)


@pytest.fixture
async def handing(tmp_path: Path) -> AsyncIterator[Callable[[str], SnapStage]]:
    stages: list[SnapStage] = []
    processes: list[subprocess.Popen[bytes]] = []
    made: list[HandingSandbox] = []

    def make(source: str) -> SnapStage:
        (tmp_path / "app.py").write_text(source)
        stages.append(SnapStage())
        stages[-1].factory.prepare = lambda one: made.append(HandingSandbox(one, tmp_path, processes))
        return stages[-1]

    yield make
    for process in processes:
        process.kill()
    for one in made:
        await one.watching
        if one.kept is not None:
            one.kept.close()
    for stage in stages:
        await stage.host.close()


async def settled(stage: SnapStage) -> None:
    async with asyncio.timeout(30):
        while not stage.settled and not stage.owner.gone:
            await asyncio.sleep(0.005)


async def idle(stage: SnapStage) -> None:
    async with asyncio.timeout(30):
        while stage.environment.state not in {EnvironmentState.IDLE, EnvironmentState.FROZEN}:
            await asyncio.sleep(0.005)


async def test_a_function_is_initialised_kept_restored_and_called(
    handing: Callable[[str], SnapStage],
) -> None:
    stage = handing(HOOKS)
    assert await stage.host.snapshots.optimise(stage.version) == Optimised()
    assert isinstance(stage.start(), RestoredEnvironment)
    await idle(stage)
    stage.environment.run(stage.invocation(b'"hello"'))
    await settled(stage)
    assert stage.settled[0].status is Status.SUCCESS
    assert json.loads(stage.settled[0].result or b"") == ["hello", ["before", "after"], False]


async def test_a_hook_that_fails_after_the_restore_is_the_error_of_aws(
    handing: Callable[[str], SnapStage],
) -> None:
    stage = handing(HOOKS + "\nregister_after_restore(lambda: 1 / 0)\n")
    assert await stage.host.snapshots.optimise(stage.version) == Optimised()
    stage.start()
    await settled(stage)
    assert [type(reason) for _, reason in stage.owner.gone] == [SnapStartFailed]
    assert "Error Type: Runtime.AfterRestoreError" in stage.sink.text


async def test_a_hook_that_fails_before_the_snapshot_is_an_init_that_failed(
    handing: Callable[[str], SnapStage],
) -> None:
    stage = handing(HOOKS + "\nregister_before_snapshot(lambda: 1 / 0)\n")
    assert await stage.host.snapshots.optimise(stage.version) == InitFailed("Runtime.BeforeSnapshotError")
