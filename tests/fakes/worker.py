"""A sandbox, its factory, a log sink and a runtime that exist only in memory."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from lambdad.domain.function import CodeKey, FunctionVersion, LayerKeys, LoggingConfig, State
from lambdad.domain.platform_log import InvocationRecord, LogLine, lines_of
from lambdad.domain.scope import Scope
from lambdad.ports.log_store import StreamKey
from lambdad.worker.runtimes.launch import RuntimeLaunch
from lambdad.worker.sandbox.plan import ExitStatus, Finding, Limits, ProcessPlan, SandboxPlan, Tier


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

    def write(self, stream: StreamKey, lines: Sequence[LogLine]) -> None:
        self.lines += [line.message for line in lines]

    def write_invocation(self, stream: StreamKey, record: InvocationRecord) -> None:
        self.records.append(record)
        self.lines += [line.message for line in lines_of(record)]

    @property
    def text(self) -> str:
        return "".join(self.lines)


class FakeProcess:
    def __init__(self) -> None:
        self.output, self.printing = os.pipe()
        os.set_blocking(self.output, False)
        self.channel, self.inside = socket.socketpair()
        self.channel.setblocking(False)
        self.inside.settimeout(0.0)

    def end(self) -> None:
        """What the kernel does when a process ends: its descriptors are closed."""
        self.inside.close()
        if self.printing >= 0:
            os.close(self.printing)
            self.printing = -1


class FakeSandbox:
    tier = Tier.PROCESS

    def __init__(self, plan: SandboxPlan) -> None:
        self.plan = plan
        self.sandbox_id = plan.sandbox_id
        self.listeners = tuple(self._listener() for _ in plan.listen)
        self.addresses = tuple(f"127.0.0.1:{one.getsockname()[1]}" for one in self.listeners)
        self.process: FakeProcess | None = None
        self.processes: list[FakeProcess] = []
        self.start_gate: Callable[[], Awaitable[None]] | None = None
        self.on_exit: Callable[[ExitStatus], None] | None = None
        self.kills = 0
        self.quota_applied = False
        self.destroyed = False
        self.peak = 10 * 1024 * 1024

    @staticmethod
    def _listener() -> socket.socket:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        return listener

    async def start(self, process: ProcessPlan, on_exit: Callable[[ExitStatus], None]) -> FakeProcess:
        self.started = process
        self.on_exit = on_exit
        if self.start_gate is not None:
            await self.start_gate()
        self.process = FakeProcess()
        self.processes.append(self.process)
        return self.process

    def inside(self, path: str) -> str:
        return path

    def apply_cpu_quota(self) -> None:
        self.quota_applied = True

    def peak_memory_bytes(self) -> int:
        return self.peak

    def kill(self) -> None:
        self.kills += 1

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

    async def create(self, plan: SandboxPlan) -> FakeSandbox:
        if self.fail_with is not None:
            raise self.fail_with
        self.made.append(FakeSandbox(plan))
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
