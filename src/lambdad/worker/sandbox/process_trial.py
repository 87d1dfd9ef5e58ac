"""The probe of the `process` tier: whether everything a process has started can be stopped."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Final

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox import probe
from lambdad.worker.sandbox.launcher import watching
from lambdad.worker.sandbox.plan import Limits, ProcessPlan, Sandbox, SandboxPlan
from lambdad.worker.sandbox.process_tier import ProcessFactory

_PLAN: Final = SandboxPlan(
    "probe", (), Limits(memory_bytes=0, vcpus=1.0, processes=64, open_files=64, tmp_bytes=0), listen=()
)


async def try_freezing(factory: ProcessFactory) -> None:
    """Freeze a throwaway child, thaw it, and add to the factory's findings how that went."""
    factory.freezes = Path("/proc/self/stat").exists()
    problem = await _problem(factory) if factory.freezes else "there is no /proc to find processes in"
    factory.freezes = problem is None
    factory.findings = (*factory.findings, probe.of_signals(problem))


async def _problem(factory: ProcessFactory) -> str | None:
    try:
        sandbox = await factory.create(_PLAN)
    except EnvironmentUnavailable as error:
        return str(error)
    try:
        return await _freeze_and_thaw(sandbox)
    finally:
        await sandbox.destroy()


async def _freeze_and_thaw(sandbox: Sandbox) -> str | None:
    plan = ProcessPlan(("/bin/sh", "-c", watching.BUSY), {}, cwd="/", has_channel=False)
    process = await sandbox.start(plan, lambda _status: None)
    try:
        if not await asyncio.to_thread(watching.prints, process.output):
            return "the child did not run"
        sandbox.freeze()
        if not await asyncio.to_thread(watching.falls_silent, process.output):
            return "a frozen child went on"
        sandbox.thaw()
        if not await asyncio.to_thread(watching.prints, process.output):
            return "a thawed child did not go on"
    finally:
        os.close(process.output)
    return None
