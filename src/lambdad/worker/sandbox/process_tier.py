"""The `process` tier: a private directory and rlimits, for macOS and locked-down containers.

It keeps functions out of one another's way, not apart: they share the host's file system, network and
user with the server, and memory, CPU and the size of `/tmp` are not limited.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from lambdad.domain.errors import EnvironmentUnavailable, FileSystemUnavailable
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.image import NO_IMAGES, ImageStale, MemoryImage, SnapshotRefused
from lambdad.worker.sandbox.keeping import Keeper, OnExit, start_keeper
from lambdad.worker.sandbox.launcher.listing import executables
from lambdad.worker.sandbox.plan import (
    Finding,
    ProcessPlan,
    RunningProcess,
    Sandbox,
    SandboxPlan,
    Tier,
)

_BACKLOG: Final = 128
_OWN_DIRECTORIES: Final = ("/tmp", "/var/task", "/var/runtime", "/opt")  # noqa: S108 - names inside


@dataclass(slots=True, eq=False)
class ProcessSandbox:
    """A directory, listeners on ports of the host's loopback, and one keeper per process.

    Attributes:
        freezes: whether the keepers can find and stop every process.
    """

    sandbox_id: str
    addresses: tuple[str, ...]
    plan: SandboxPlan
    directory: Path
    listeners: tuple[socket.socket, ...]
    forget: Callable[[str], None]
    freezes: bool
    tier: Tier = Tier.PROCESS
    _keepers: list[Keeper] = field(default_factory=list)
    _frozen: bool = False
    _gone: bool = False

    @property
    def is_alive(self) -> bool:
        """Always: it is no blank."""
        return True

    @property
    def waits(self) -> bool:
        """Never."""
        return False

    async def assign(self, plan: SandboxPlan) -> None:
        """Refused: there are no blanks in this tier."""
        raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} is no blank of {plan.sandbox_id}")

    async def start(self, process: ProcessPlan, on_exit: OnExit) -> RunningProcess:
        """Start a process; arguments that are paths of the sandbox are translated.

        Raises:
            EnvironmentUnavailable: the sandbox is gone, or a process of this name still runs.
        """
        if self._gone or self._keeper(process.name) is not None:
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} cannot start {process.name} now")
        tmp = self.inside("/tmp")  # noqa: S108
        placed = replace(
            process,
            argv=tuple(self.inside(argument) for argument in process.argv),
            env={"HOME": tmp, "TMPDIR": tmp, **process.env},
            cwd=self.inside(process.cwd),
        )
        self._keepers = [keeper for keeper in self._keepers if not keeper.is_gone()]
        keeper, started = start_keeper(placed, self.plan.limits.open_files, on_exit)
        self._keepers.append(keeper)
        try:
            await keeper.answered
        except BaseException:
            started.close()
            keeper.kill()
            raise
        return started

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process; a frozen one gets it when it is thawed."""
        keeper = self._keeper(name)
        if keeper is not None:
            keeper.order(b"t" + bytes((number,)))

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

    def memory_bytes(self) -> int:
        """0: this tier cannot tell."""
        return 0

    def tmp_memory_bytes(self) -> int:
        """0: `/tmp` is a directory of the host."""
        return 0

    def kill(self) -> None:
        """Kill every descendant of the started processes that can be found."""
        self._frozen = False
        for keeper in self._keepers:
            keeper.kill()

    def freeze(self) -> bool:
        """Stop every descendant of the started processes that can be found."""
        if self._gone or not self.freezes:
            return False
        if not self._frozen:
            self._frozen = True
            for keeper in self._keepers:
                keeper.order(b"s")
        return True

    def thaw(self) -> None:
        """Let them go on."""
        if self._frozen:
            self._frozen = False
            for keeper in self._keepers:
                keeper.order(b"c")

    async def connect_socket(self) -> socket.socket:
        """A fresh TCP socket: the network is the host's.

        Raises:
            EnvironmentUnavailable: the sandbox is gone.
        """
        if self._gone:
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} is gone")
        made = socket.socket()
        made.setblocking(False)
        return made

    async def snapshot(self) -> MemoryImage:
        """See `plan.Sandbox`; refused."""
        raise SnapshotRefused(NO_IMAGES)

    async def restore(self, image: MemoryImage) -> None:
        """See `plan.Sandbox`; no image is from here."""
        raise ImageStale(NO_IMAGES)

    async def executables(self, directory: str) -> tuple[str, ...]:
        """Names of the executable files in a directory.

        Raises:
            EnvironmentUnavailable: the sandbox is gone.
        """
        if self._gone:
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} is gone")
        return tuple(await asyncio.to_thread(executables, self.inside(directory)))

    async def destroy(self) -> None:
        """Kill everything, close the listeners and remove the directory."""
        self._gone = True
        self.forget(self.sandbox_id)
        for listener in self.listeners:
            listener.close()
        await asyncio.gather(*(keeper.close() for keeper in self._keepers))
        self._keepers.clear()
        await asyncio.to_thread(shutil.rmtree, self.directory, ignore_errors=True)

    def _keeper(self, name: str) -> Keeper | None:
        """The one whose process of this name runs."""
        return next((keeper for keeper in self._keepers if keeper.runs and keeper.name == name), None)


class ProcessFactory:
    """Makes process sandboxes below one directory, which it clears of what a killed server left.

    Attributes:
        freezes: whether sandboxes can be frozen; to be found out (`process_trial`).
    """

    tier = Tier.PROCESS

    def __init__(self, directory: Path, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        self.freezes = False
        self._directory = directory
        self._sandboxes: dict[str, ProcessSandbox] = {}
        shutil.rmtree(directory, ignore_errors=True)

    async def create(self, plan: SandboxPlan) -> Sandbox:
        """Make the private directory and the listeners.

        Raises:
            EnvironmentUnavailable: the host refused.
            FileSystemUnavailable: nothing can be mounted here.
        """
        if plan.shared:
            raise FileSystemUnavailable("File systems cannot be mounted in the process tier.")
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
            self.freezes,
        )
        self._sandboxes[plan.sandbox_id] = sandbox
        return sandbox

    async def create_blank(self, kind: BlankKind, sandbox_id: str, *, outbound: bool) -> Sandbox:
        """Refused: paths cannot be mounted later here."""
        del sandbox_id, outbound
        raise EnvironmentUnavailable(f"the process tier keeps no blanks of {kind.name}")

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
