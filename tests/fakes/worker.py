"""A sandbox, its factory, a log sink and a runtime that exist only in memory."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.function import CodeKey, FunctionVersion, LayerKeys, LoggingConfig, State
from lambdad.domain.platform_log import InvocationRecord, Printed, lines_of, spread
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import StreamKey
from lambdad.worker.runtimes.launch import RuntimeLaunch
from lambdad.worker.sandbox.image import MemoryImage
from lambdad.worker.sandbox.plan import (
    RUNTIME,
    ExitStatus,
    Finding,
    Limits,
    ProcessPlan,
    SandboxPlan,
    Tier,
)
from tests.fakes.snapshots import FakeImage


def version_of(name: str = "hello", **changes: object) -> FunctionVersion:
    values: dict[str, object] = {
        "scope": Scope(),
        "name": name,
        "version": "$LATEST",
        "role": "arn:aws:iam::000000000000:role/r",
        "runtime": "python3.11",
        "handler": "app.handler",
        "timeout_s": 3,
        "memory_mib": 128,
        "ephemeral_mib": 512,
        "architecture": "x86_64",
        "environment": None,
        "description": "",
        "code_sha256": "sha",
        "code_bytes": 1,
        "code_key": CodeKey("00"),
        "logging": LoggingConfig("Text", f"/aws/lambda/{name}"),
        "revision_id": "r1",
        "last_modified": "2026-11-23T00:00:00.000+0000",
        "state": State.ACTIVE,
    }
    values.update(changes)
    return FunctionVersion(**values)  # type: ignore[arg-type]


class FakeClock:
    def __init__(self) -> None:
        self.time = 1_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


class FakeSink:
    """Keeps what would be in the log."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.records: list[InvocationRecord] = []

    def write(self, stream: StreamKey, lines: Sequence[Printed]) -> None:
        self.lines += [line.message for line in spread(lines)]

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        self.records.append(record)
        self.lines += [line.message for line in spread(lines_of(record))]

    def has_room(self, stream: StreamKey, on_room: Callable[[], None]) -> bool:
        return True

    @property
    def text(self) -> str:
        return "".join(self.lines)


class FakeProcess:
    """A started process: its ends of pipe and channel, and the news of its end."""

    def __init__(self, plan: ProcessPlan, on_exit: Callable[[ExitStatus], None]) -> None:
        self.plan = plan
        self.on_exit: Callable[[ExitStatus], None] | None = on_exit
        self.signals: list[int] = []
        self.output, self.printing = os.pipe()
        os.set_blocking(self.output, False)
        self.channel: socket.socket | None = None
        if plan.has_channel:
            self.channel, self.inside = socket.socketpair()
            self.channel.setblocking(False)
            self.inside.settimeout(0.0)

    def end(self) -> None:
        """What the kernel does when a process ends: its descriptors are closed."""
        if self.plan.has_channel:
            self.inside.close()
        if self.printing >= 0:
            os.close(self.printing)
            self.printing = -1

    def exit(self, status: ExitStatus) -> None:
        """It ends; whoever started it hears so once."""
        on_exit, self.on_exit = self.on_exit, None
        if on_exit is not None:
            self.end()
            on_exit(status)


class FakeSandbox:
    """A sandbox of the test's process.

    Attributes:
        immortal: killed processes do not end (the kernel holds them).
        programs: what lies in /opt/extensions.
        obeys: SIGTERM ends a process.
        snapshot_refusal, restore_refusal: what it raises instead of an image.
        answers: set while it answers questions; what it was told before is done by then.
    """

    tier = Tier.PROCESS
    waits = True
    """A memory image can take the place of what is in it."""

    def __init__(self, plan: SandboxPlan) -> None:
        self.plan = plan
        self.sandbox_id = plan.sandbox_id
        self.listeners = tuple(self._listener() for _ in plan.listen)
        self.addresses = tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in self.listeners)
        self.process: FakeProcess | None = None
        self.processes: list[FakeProcess] = []
        self.by_name: dict[str, FakeProcess] = {}
        self.start_gate: Callable[[], Awaitable[None]] | None = None
        self.programs: tuple[str, ...] = ()
        self.kills = 0
        self.freezes = 0
        self.thaws = 0
        self.frozen = False
        self.immortal = False
        self.obeys = True
        self.quota_applied = False
        self.destroyed = False
        self.peak = 10 * 1024 * 1024
        self.tmp_memory = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.refuses = False
        self.image: FakeImage | None = None
        self.snapshot_refusal: Exception | None = None
        self.restored_from: list[MemoryImage] = []
        self.restore_refusal: Exception | None = None
        self.restore_gate: Callable[[], Awaitable[None]] | None = None

    @staticmethod
    def _listener() -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        return listener

    @property
    def started(self) -> ProcessPlan:
        """What was started last."""
        return self.processes[-1].plan

    async def start(self, process: ProcessPlan, on_exit: Callable[[ExitStatus], None]) -> FakeProcess:
        before = self.by_name.get(process.name)
        assert before is None or before.on_exit is None, f"{process.name} runs already"
        if self.start_gate is not None:
            await self.start_gate()
        made = FakeProcess(process, on_exit)
        self.by_name[process.name] = made
        self.processes.append(made)
        if process.name == RUNTIME:
            self.process = made
        return made

    def signal(self, name: str, number: int) -> None:
        process = self.by_name[name]
        process.signals.append(number)
        if number == signal.SIGKILL or (number == signal.SIGTERM and self.obeys):
            asyncio.get_running_loop().call_soon(process.exit, ExitStatus(None, number))

    def inside(self, path: str) -> str:
        return path

    def apply_cpu_quota(self) -> None:
        self.quota_applied = True

    def peak_memory_bytes(self) -> int:
        return self.peak

    def memory_bytes(self) -> int:
        return self.peak // 2

    def tmp_memory_bytes(self) -> int:
        return self.tmp_memory

    def kill(self) -> None:
        self.kills += 1
        self.frozen = False
        if not self.immortal:
            for process in self.processes:
                if process.on_exit is not None:
                    asyncio.get_running_loop().call_soon(process.exit, ExitStatus(None, 9))

    def freeze(self) -> bool:
        assert not self.frozen
        self.frozen = True
        self.freezes += 1
        return True

    def thaw(self) -> None:
        self.frozen = False
        self.thaws += 1

    async def connect_socket(self) -> socket.socket:
        made = socket.socket()
        made.setblocking(False)
        return made

    async def snapshot(self) -> FakeImage:
        if self.snapshot_refusal is not None:
            raise self.snapshot_refusal
        self.image = FakeImage()
        return self.image

    async def restore(self, image: MemoryImage) -> None:
        assert self.process is None, "something runs where a process is to be restored"
        assert not cast("FakeImage", image).is_closed
        if self.restore_gate is not None:
            await self.restore_gate()
        if self.restore_refusal is not None:
            raise self.restore_refusal
        self.restored_from.append(image)

    async def executables(self, directory: str) -> tuple[str, ...]:
        await self.answers.wait()
        if self.refuses:
            raise EnvironmentUnavailable("sandbox is gone")
        return self.programs if directory == "/opt/extensions" else ()

    async def destroy(self) -> None:
        self.destroyed = True
        for listener in self.listeners:
            listener.close()
        for process in self.processes:
            process.end()


class FakeFactory:
    tier = Tier.PROCESS
    findings: tuple[Finding, ...] = ()

    def __init__(self) -> None:
        self.made: list[FakeSandbox] = []
        self.fail_with: Exception | None = None
        self.programs: tuple[str, ...] = ()
        self.immortal = False
        self.prepare: Callable[[FakeSandbox], None] = lambda _: None

    async def create(self, plan: SandboxPlan) -> FakeSandbox:
        if self.fail_with is not None:
            raise self.fail_with
        self.made.append(FakeSandbox(plan))
        self.made[-1].programs = self.programs
        self.made[-1].immortal = self.immortal
        self.prepare(self.made[-1])
        return self.made[-1]

    async def close(self) -> None:
        return None


class FakeRuntimes:
    def launch(self, runtime: str) -> RuntimeLaunch:
        return RuntimeLaunch(("/bin/true",), (), {"FROM_RUNTIME": "1"}, f"{runtime}.v1", own_client=True)

    def status(self) -> list[object]:
        return []


class FakeCode:
    def task_root(self, key: CodeKey) -> Path:
        return Path("/nowhere")

    async def layers_root(self, keys: LayerKeys) -> Path | None:
        return Path("/layers", *keys) if keys else None


LIMITS = Limits(1, 1.0, 1, 1, 1)
