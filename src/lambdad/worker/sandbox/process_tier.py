"""The `process` tier: a private directory and rlimits, for macOS and locked-down containers.

It keeps functions out of one another's way, not apart: they share the host's file system, network and
user with the server, and memory, CPU and the size of `/tmp` are not limited.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox import process_keeper
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

OnExit = Callable[[ExitStatus], None]
_END_WITHIN_S: Final = 5.0
_BACKLOG: Final = 128
_OWN_DIRECTORIES: Final = ("/tmp", "/var/task", "/var/runtime", "/opt")  # noqa: S108 - names inside


@dataclass(slots=True, eq=False)
class ProcessSandbox:
    """A directory, listeners on ports of the host's loopback, and one keeper per main process."""

    sandbox_id: str
    addresses: tuple[str, ...]
    plan: SandboxPlan
    directory: Path
    listeners: tuple[socket.socket, ...]
    forget: Callable[[str], None]
    tier: Tier = Tier.PROCESS
    _keepers: list[_Keeper] = field(default_factory=list)

    async def start(self, process: ProcessPlan, on_exit: OnExit) -> RunningProcess:
        """Start the main process; arguments that are paths of the sandbox are translated.

        Raises:
            EnvironmentUnavailable: its main process still runs.
        """
        if any(keeper.runs for keeper in self._keepers):
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} runs a process already")
        argv = [self.inside(argument) for argument in process.argv]
        env = {"HOME": self.inside("/tmp"), "TMPDIR": self.inside("/tmp"), **process.env}  # noqa: S108
        keeper, started = _start_keeper(
            argv, env, self.inside(process.cwd), self.plan.limits.open_files, on_exit
        )
        self._keepers.append(keeper)
        try:
            await keeper.answered
        except BaseException:
            os.close(started.output)
            started.channel.close()
            raise
        return started

    def inside(self, path: str) -> str:
        """Where a path of the sandbox really lies on this host."""
        for mount in reversed(self.plan.mounts):
            if path == mount.target or path.startswith(mount.target + "/"):
                return str(mount.source) + path[len(mount.target) :]
        for own in _OWN_DIRECTORIES:
            if path == own or path.startswith(own + "/"):
                return str(self.directory) + path
        return path

    def apply_cpu_quota(self) -> None:
        """Does nothing: this tier cannot limit CPU time, as its findings say."""

    def peak_memory_bytes(self) -> int:
        """0: this tier cannot tell."""
        return 0

    def kill(self) -> None:
        """Kill every descendant of the main process that can be found."""
        for keeper in self._keepers:
            keeper.kill()

    async def destroy(self) -> None:
        """Kill everything, close the listeners and remove the directory."""
        self.forget(self.sandbox_id)
        for listener in self.listeners:
            listener.close()
        for keeper in self._keepers:
            await keeper.close()
        self._keepers.clear()
        await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)


class _Keeper:
    """The server's end of `process_keeper`."""

    def __init__(self, process: subprocess.Popen[bytes], status: int, lifeline: int, on_exit: OnExit) -> None:
        self._process = process
        self._status = status
        self._lifeline = lifeline
        self._on_exit: OnExit | None = on_exit
        self._loop = asyncio.get_running_loop()
        self._heard = b""
        self.answered: asyncio.Future[None] = self._loop.create_future()
        os.set_blocking(status, False)
        self._loop.add_reader(status, self._readable)

    @property
    def runs(self) -> bool:
        """Whether the main process has not ended yet."""
        return self._on_exit is not None

    def kill(self) -> None:
        """Kill the tree."""
        with contextlib.suppress(OSError):
            os.write(self._lifeline, b"k")

    async def close(self) -> None:
        """Kill the tree and wait for the keeper."""
        os.close(self._lifeline)
        try:
            await asyncio.to_thread(self._process.wait, _END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._status >= 0:
            self._readable()
        if self._status >= 0:
            self._end()

    def _readable(self) -> None:
        try:
            data = os.read(self._status, 4096)
        except BlockingIOError:
            return
        self._heard += data
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            self._hear(line.decode())
        if not data:
            self._end()

    def _hear(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if not self.answered.done():
            self.answered.set_result(None)
        if word == "failed":
            self._ended(ExitStatus(None, None, error=rest))
        elif word == "exited":
            code = int(rest)
            self._ended(ExitStatus(code, None) if code >= 0 else ExitStatus(None, -code))

    def _end(self) -> None:
        self._loop.remove_reader(self._status)
        os.close(self._status)
        self._status = -1
        if not self.answered.done():
            self.answered.set_result(None)
        self._ended(ExitStatus(None, signal.SIGKILL))

    def _ended(self, status: ExitStatus) -> None:
        on_exit, self._on_exit = self._on_exit, None
        if on_exit is not None:
            self._loop.call_soon(on_exit, status)


def _start_keeper(
    argv: list[str], env: dict[str, str], cwd: str, open_files: int, on_exit: OnExit
) -> tuple[_Keeper, StartedProcess]:
    output, output_inside = os.pipe()
    status, status_inside = os.pipe()
    lifeline_inside, lifeline = os.pipe()
    ours, theirs = socket.socketpair()
    os.set_blocking(output, False)
    ours.setblocking(False)
    passed = (output_inside, theirs.fileno(), status_inside, lifeline_inside)
    command = [sys.executable, "-I", "-S", process_keeper.__file__, *map(str, passed), str(open_files), cwd]
    told = json.dumps(env).encode()
    os.set_blocking(lifeline, False)  # an environment has 4 KB, a pipe 64
    os.write(lifeline, len(told).to_bytes(4, "big") + told)
    try:
        process = subprocess.Popen(
            command + argv, stdin=subprocess.DEVNULL, pass_fds=passed, env={}, process_group=0
        )
    finally:
        theirs.close()
        for descriptor in (output_inside, status_inside, lifeline_inside):
            os.close(descriptor)
    return _Keeper(process, status, lifeline, on_exit), StartedProcess(output, ours)


class ProcessFactory:
    """Makes process sandboxes below one directory, which it clears of what a killed server left."""

    tier = Tier.PROCESS

    def __init__(self, directory: Path, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        self._directory = directory
        self._sandboxes: dict[str, ProcessSandbox] = {}
        shutil.rmtree(directory, ignore_errors=True)

    async def create(self, plan: SandboxPlan) -> Sandbox:
        """Make the private directory and the listeners.

        Raises:
            EnvironmentUnavailable: the host refused.
        """
        directory = self._directory / plan.sandbox_id
        try:
            directory.mkdir(parents=True, mode=0o700)
            for own in _OWN_DIRECTORIES:
                (directory / own[1:]).mkdir(parents=True)
            listeners = tuple(_listen() for _ in plan.listen)
        except OSError as error:
            raise EnvironmentUnavailable(f"The sandbox could not be made: {error}") from error
        sandbox = ProcessSandbox(
            plan.sandbox_id,
            tuple("{}:{}".format(*listener.getsockname()) for listener in listeners),
            plan,
            directory,
            listeners,
            lambda name: _forget(self._sandboxes, name),
        )
        self._sandboxes[plan.sandbox_id] = sandbox
        return sandbox

    async def close(self) -> None:
        """Destroy every sandbox."""
        for sandbox in list(self._sandboxes.values()):
            await sandbox.destroy()
        shutil.rmtree(self._directory, ignore_errors=True)


def _forget(sandboxes: dict[str, ProcessSandbox], name: str) -> None:
    sandboxes.pop(name, None)


def _listen() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener
