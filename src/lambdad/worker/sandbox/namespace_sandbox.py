"""One sandbox of the `namespace` tier, driven over its reaper's control socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.helper import HelperGone, News, Packets
from lambdad.worker.sandbox.limit_files import LimitFiles
from lambdad.worker.sandbox.plan import ExitStatus, ProcessPlan, RunningProcess, SandboxPlan, Tier
from lambdad.worker.sandbox.started import StartedProcess

OnExit = Callable[[ExitStatus], None]


@dataclass(slots=True, eq=False)
class NamespaceSandbox:
    """A sandbox whose pid 1 is the launcher's reaper; see `plan.Sandbox`."""

    sandbox_id: str
    addresses: tuple[str, ...]
    plan: SandboxPlan
    files: LimitFiles
    leave: Callable[[str], asyncio.Future[None]]
    tier: Tier = Tier.NAMESPACE
    listeners: tuple[socket.socket, ...] = ()
    _packets: Packets | None = None
    _ready: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _started: asyncio.Future[str | None] | None = None
    _on_exit: OnExit | None = None
    _oom_kills: int = 0

    async def start(self, process: ProcessPlan, on_exit: OnExit) -> RunningProcess:
        """Start the main process; a program that cannot be executed is told to `on_exit`.

        Raises:
            EnvironmentUnavailable: the sandbox is gone, or its main process still runs.
        """
        if self._packets is None or self._on_exit is not None:
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} cannot start a process now")
        loop = asyncio.get_running_loop()
        self._started = loop.create_future()
        self._on_exit = on_exit
        self._oom_kills = self.files.oom_kills()
        ours, theirs = socket.socketpair()
        output, output_inside = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(output, False)
        ours.setblocking(False)
        try:
            message: News = {
                "op": "start",
                "argv": process.argv,
                "env": dict(process.env),
                "cwd": process.cwd,
            }
            await self._packets.send(message, (output_inside, theirs.fileno()))
            error = await self._started
        except BaseException as failure:
            os.close(output)
            ours.close()
            self._on_exit = None
            if isinstance(failure, HelperGone):
                raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} is gone") from failure
            raise
        finally:
            os.close(output_inside)
            theirs.close()
        if error is not None:
            loop.call_soon(self._ended, ExitStatus(None, None, error=error))
        return StartedProcess(output, ours)

    def inside(self, path: str) -> str:
        """The path itself: a sandbox has a root of its own."""
        return path

    def apply_cpu_quota(self) -> None:
        """From now on `Limits.vcpus` holds."""
        self.files.apply_cpu_quota(self.plan.limits.vcpus)

    def peak_memory_bytes(self) -> int:
        """Highest memory use of the sandbox so far."""
        return self.files.peak_memory_bytes()

    def kill(self) -> None:
        """Kill every process but the reaper, whatever session or parent it has."""
        if self._packets is not None:
            self._packets.send_soon({"op": "kill"})

    async def destroy(self) -> None:
        """End the sandbox; returns when processes, mounts and control groups are gone."""
        gone = self.leave(self.sandbox_id)
        self.close()
        with contextlib.suppress(HelperGone):
            await gone

    def close(self) -> None:
        """Let go of everything the server holds of it."""
        if self._packets is not None:
            self._packets.close()
            self._packets = None
        for listener in self.listeners:
            listener.close()
        self._lost()

    async def become_ready(self, control: socket.socket) -> None:
        """Wait until the reaper reports.

        Raises:
            EnvironmentUnavailable: it could not make the sandbox.
        """
        self._packets = Packets(control, self._receive)
        await self._ready

    def _fail(self, why: str) -> None:
        if not self._ready.done():
            error = EnvironmentUnavailable(f"The sandbox could not be made: {why}")
            self._ready.set_exception(error)
            self._ready.exception()  # told, even when nobody waits any more

    def _receive(self, message: News | None, descriptors: list[int]) -> None:
        match message and message["event"]:
            case "ready":
                self.listeners = tuple(socket.socket(fileno=descriptor) for descriptor in descriptors)
                for listener in self.listeners:
                    listener.setblocking(False)
                if not self._ready.done():
                    self._ready.set_result(None)
            case "failed" if message:
                self._fail(f"{message['step']}: {message['error']}")
            case "started" | "not_started" if message:
                if self._started is not None and not self._started.done():
                    self._started.set_result(cast("str | None", message.get("error")))
            case "exited" if message:
                code, number = cast("int | None", message["code"]), cast("int | None", message["signal"])
                oom_killed = self.files.oom_kills() > self._oom_kills
                self._ended(ExitStatus(code, number, oom_killed=oom_killed))
            case _:
                self._lost()

    def _lost(self) -> None:
        """The reaper is gone, and with it all its processes."""
        self._fail("its first process died")
        if self._started is not None and not self._started.done():
            self._started.set_exception(HelperGone())
            self._started.exception()
        else:
            self._ended(ExitStatus(None, signal.SIGKILL))

    def _ended(self, status: ExitStatus) -> None:
        on_exit, self._on_exit = self._on_exit, None
        if on_exit is not None:
            asyncio.get_running_loop().call_soon(on_exit, status)
