"""A host with a sandbox factory, for tests that run real programs in real sandboxes."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lambdad.worker.sandbox.factory import data_id, make_factory
from lambdad.worker.sandbox.plan import (
    ExitStatus,
    Limits,
    Mount,
    ProcessPlan,
    RunningProcess,
    Sandbox,
    SandboxFactory,
    SandboxPlan,
    Tier,
)

MIB = 1 << 20
PYTHON = "/usr/bin/python3"
LIMITS = Limits(memory_bytes=128 * MIB, vcpus=1.0, processes=1024, open_files=1024, tmp_bytes=32 * MIB)
_PATIENCE_S = 60.0
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Ran:
    """How a program ended and what it printed."""

    status: ExitStatus
    output: str


class Host:
    """A factory and the loop it lives on."""

    def __init__(self, runner: asyncio.Runner, factory: SandboxFactory, data_dir: Path, task: Path) -> None:
        self.runner = runner
        self.factory = factory
        self.data_dir = data_dir
        self.task = task

    @property
    def owner(self) -> str:
        """How the reapers of this host's sandboxes name their server."""
        return data_id(self.data_dir)

    def shown_below(self, path: str) -> set[str]:
        """Names in a directory of the host that lead to an interpreter which must lie at its own path."""
        del path
        return set()

    def plan(self, **changes: object) -> SandboxPlan:
        limits = replace(LIMITS, **changes)  # type: ignore[arg-type]
        return SandboxPlan(f"t{next(_numbers)}", (Mount(self.task, "/var/task"),), limits, outbound=False)

    def make(self, plan: SandboxPlan | None = None) -> Sandbox:
        return self.runner.run(self.factory.create(plan or self.plan()))

    def destroy(self, sandbox: Sandbox) -> None:
        self.runner.run(sandbox.destroy())

    def run_in(self, sandbox: Sandbox, *argv: str, env: Mapping[str, str] | None = None) -> Ran:
        return self.runner.run(run_in(sandbox, argv, env or {}))

    def run(self, *argv: str, env: Mapping[str, str] | None = None, **limits: object) -> Ran:
        """Run a program in a sandbox of its own."""
        sandbox = self.make(self.plan(**limits))
        try:
            return self.run_in(sandbox, *argv, env=env)
        finally:
            self.destroy(sandbox)

    def python(self, source: str, *, env: Mapping[str, str] | None = None, **limits: object) -> Ran:
        return self.run(PYTHON, "-c", source, env=env, **limits)

    def shell(self, source: str) -> Ran:
        return self.run("/bin/sh", "-c", source)


async def run_in(sandbox: Sandbox, argv: tuple[str, ...], env: Mapping[str, str]) -> Ran:
    """Start a program and wait until it has ended and its output is read."""
    ended: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
    process = await sandbox.start(ProcessPlan(argv, env), ended.set_result)
    return await ended_and_output(process, ended)


def _drain(descriptor: int) -> str:
    """What is in the pipe now (programs of these tests print little)."""
    told = b""
    while True:
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            break
        if not data:
            break
        told += data
    return told.decode()


async def ended_and_output(process: RunningProcess, ended: asyncio.Future[ExitStatus]) -> Ran:
    """Wait until a started process has ended and its output is read."""
    if process.channel is not None:
        process.channel.close()
    try:
        status = await asyncio.wait_for(ended, _PATIENCE_S)
        return Ran(status, _drain(process.output))
    finally:
        os.close(process.output)


def hosts(tmp_path_factory: pytest.TempPathFactory, tier: Tier) -> Iterator[Host]:
    """A host of a tier, closed afterwards."""
    data_dir, task = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("task")
    data_dir.chmod(0o700)
    (data_dir / "secret").write_text("of the server")
    task.chmod(0o755)
    (task / "handler.txt").write_text("code")
    with asyncio.Runner() as runner:
        factory = runner.run(make_factory(data_dir=data_dir, require=tier, outbound=False, tier=tier))
        try:
            yield Host(runner, factory, data_dir, task)
        finally:
            runner.run(factory.close())
