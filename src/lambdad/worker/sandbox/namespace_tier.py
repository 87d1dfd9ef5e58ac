"""The `namespace` tier: sandboxes made by the launcher, driven over the reaper's control socket."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.helper import (
    HelperGone,
    LauncherProcess,
    LauncherSetting,
    News,
    Packets,
    start_launcher,
)
from lambdad.worker.sandbox.limit_files import LimitFiles
from lambdad.worker.sandbox.plan import (
    ExitStatus,
    Finding,
    ProcessPlan,
    RunningProcess,
    Sandbox,
    SandboxPlan,
    Tier,
)
from lambdad.worker.sandbox.started import StartedProcess

_log = logging.getLogger(__name__)

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


class NamespaceFactory:
    """Makes namespace sandboxes; starts the launcher anew should it ever die."""

    tier = Tier.NAMESPACE

    def __init__(self, setting: LauncherSetting) -> None:
        self.findings: tuple[Finding, ...] = ()
        self._setting = setting
        self._launcher: LauncherProcess | None = None
        self._starting = asyncio.Lock()
        self._sandboxes: dict[str, NamespaceSandbox] = {}
        self._leaving: dict[str, asyncio.Future[None]] = {}
        self._version = 0
        self._parents: dict[str, str] = {}

    async def open(self) -> News:
        """Start the launcher; its hello.

        Raises:
            HelperGone: it could not be started.
        """
        self._launcher = await start_launcher(self._setting, self._hear)
        hello = self._launcher.hello
        groups = cast("dict[str, object] | None", hello["groups"])
        if groups is not None:
            self._version = cast("int", groups["version"])
            self._parents = cast("dict[str, str]", groups["parents"])
        return hello

    async def create(self, plan: SandboxPlan) -> Sandbox:
        """Make a sandbox in which nothing runs yet.

        Raises:
            EnvironmentUnavailable: the host refused; the message says what.
        """
        if plan.sandbox_id in self._sandboxes or plan.sandbox_id in self._leaving:
            raise EnvironmentUnavailable(f"a sandbox {plan.sandbox_id} exists already")
        launcher = await self._running()
        groups = {name: f"{parent}/{plan.sandbox_id}" for name, parent in self._parents.items()}
        sandbox = NamespaceSandbox(
            plan.sandbox_id,
            tuple(f"{address}:{port}" for address, port in plan.listen),
            plan,
            LimitFiles(self._version, groups),
            self._leave,
        )
        self._sandboxes[plan.sandbox_id] = sandbox
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            await launcher.packets.send(_as_json(plan), (theirs.fileno(),))
            theirs.close()
            await sandbox.become_ready(ours)
        except BaseException as error:
            gone = self._leave(plan.sandbox_id)
            sandbox.close()
            theirs.close()
            ours.close()
            if isinstance(error, Exception):
                await gone  # so that the caller may try again under the same name
            if isinstance(error, HelperGone):
                raise EnvironmentUnavailable("the sandbox launcher is gone; see the log") from error
            raise
        return sandbox

    async def close(self) -> None:
        """Destroy every sandbox and end the helper."""
        launcher, self._launcher = self._launcher, None
        for sandbox in list(self._sandboxes.values()):
            sandbox.close()
        self._sandboxes.clear()
        if launcher is not None:
            await launcher.close()
        self._settle_all()
        with contextlib.suppress(OSError):
            self._setting.place.rmdir()

    async def _running(self) -> LauncherProcess:
        async with self._starting:
            if self._launcher is None:
                try:
                    await self.open()
                except (HelperGone, OSError) as error:
                    raise EnvironmentUnavailable("the sandbox launcher does not start") from error
            return cast("LauncherProcess", self._launcher)

    def _leave(self, sandbox_id: str) -> asyncio.Future[None]:
        """Ask for the end of a sandbox; the future is done when its traces are gone."""
        gone = self._leaving.get(sandbox_id)
        if gone is None:
            gone = asyncio.get_running_loop().create_future()
            known = self._sandboxes.pop(sandbox_id, None)
            if known is None or self._launcher is None:
                gone.set_result(None)
                return gone
            self._leaving[sandbox_id] = gone
            self._launcher.packets.send_soon({"op": "destroy", "id": sandbox_id})
        return gone

    def _hear(self, news: News | None) -> None:
        if news is None:
            self._launcher_died()
            return
        name = cast("str", news["id"])
        gone = self._leaving.pop(name, None)
        if gone is not None and not gone.done():
            gone.set_result(None)

    def _launcher_died(self) -> None:
        launcher, self._launcher = self._launcher, None
        if launcher is not None:
            _log.error("the sandbox launcher ended", extra={"event": "launcher_ended", "pid": launcher.pid})
            launcher.reap()
        for sandbox in list(self._sandboxes.values()):
            sandbox.close()
        self._settle_all()

    def _settle_all(self) -> None:
        for gone in self._leaving.values():
            if not gone.done():
                gone.set_result(None)
        self._leaving.clear()


def _as_json(plan: SandboxPlan) -> dict[str, object]:
    limits = plan.limits
    return {
        "op": "create",
        "id": plan.sandbox_id,
        "mounts": [(str(mount.source), mount.target) for mount in plan.mounts],
        "limits": {
            "memory_bytes": limits.memory_bytes,
            "processes": limits.processes,
            "open_files": limits.open_files,
            "tmp_bytes": limits.tmp_bytes,
        },
        "listen": plan.listen,
        "outbound": plan.outbound,
    }
