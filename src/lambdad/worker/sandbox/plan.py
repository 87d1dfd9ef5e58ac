"""What a sandbox shall be, as values; `act` makes it so.

A sandbox is made once and may run several processes, by name: the runtime and extensions at the same
time, and one after another (a runtime that crashed is started again in the same sandbox, with `/tmp`
kept). Making and starting are separate so that a pool can hold sandboxes in which nothing of a user has
run.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from signal import SIGKILL
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from lambdad.worker.sandbox.blank import BlankKind

from lambdad.worker.sandbox.image import MemoryImage

RUNTIME: Final = "runtime"
"""Name of the process that runs the handler; an extension's is ``extension:<file name>``."""


class Tier(StrEnum):
    """How strongly a function is kept apart, strongest first."""

    MICROVM = "microvm"
    NAMESPACE = "namespace"
    PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Mount:
    """A host directory shown read-only at `target` inside (nosuid, nodev)."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True)
class SharedDirectory:
    """A host directory that may be written to, by other sandboxes as well, at ``/mnt/<name>`` inside.

    There every sandbox's function is the user to whom the directory belongs, which must not be root.
    """

    source: Path
    name: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What the processes of a sandbox may use together.

    Attributes:
        vcpus: share of CPU time once `apply_cpu_quota` was called (1.0 is one core).
        tmp_bytes: size of `/tmp`.
    """

    memory_bytes: int
    vcpus: float
    processes: int
    open_files: int
    tmp_bytes: int


ENDPOINT_INSIDE = ("169.254.100.1", 4566)
"""Where a sandbox with a network of its own finds AWS's endpoint."""


@dataclass(frozen=True, slots=True)
class SandboxPlan:
    """Everything a sandbox is made from.

    Attributes:
        sandbox_id: unique, `[a-z0-9-]{1,40}`; names its cgroup and its directory.
        mounts: in order; `/var/task`, `/var/runtime`, `/opt`, interpreter trees.
        listen: (address, port) pairs to listen on inside the sandbox's own network; the listening
            sockets are passed out to the server.
        shared: none in a blank; only the namespace tier has any.
        outbound: whether the sandbox reaches the internet (never the host or another sandbox).
    """

    sandbox_id: str
    mounts: tuple[Mount, ...]
    limits: Limits
    listen: tuple[tuple[str, int], ...] = (
        ("169.254.100.1", 9001),
        ("127.0.0.1", 9001),
        ENDPOINT_INSIDE,
    )
    outbound: bool = True
    shared: tuple[SharedDirectory, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """A program to run in a sandbox.

    Its stdin is /dev/null, stdout and stderr are one pipe (`RunningProcess.output`). The runtime's
    descriptor 3 is the same pipe again (`_LAMBDA_TELEMETRY_LOG_FD=3`). With a channel, descriptor 4 is
    one end of a stream socket pair whose other end is `RunningProcess.channel`
    (`_LAMBDAD_RUNTIME_FD=4`): our own runtime clients speak the Runtime API over it. Everything else
    is closed.

    Attributes:
        argv: program and arguments; the program is a path inside the sandbox.
        env: the whole environment.
        cwd: inside the sandbox; an extension's is ``/``.
        name: unique among the running processes of the sandbox.
        has_channel: False for what speaks over TCP only (extensions, bootstraps).
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str = "/var/task"
    name: str = RUNTIME
    has_channel: bool = True


@dataclass(frozen=True, slots=True)
class ExitStatus:
    """How a process that was started in a sandbox ended.

    Attributes:
        code: exit code; None when a signal ended it.
        signal: number of that signal; None otherwise.
        oom_killed: whether the kernel killed for memory in this sandbox since this process was
            started.
        error: the process never ran: what exec said (``no such file or directory``); None otherwise.
    """

    code: int | None
    signal: int | None
    oom_killed: bool = False
    error: str | None = None

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether memory ended this very process, or a shell's last command; not only a child of it."""
        return self.oom_killed and (self.signal == SIGKILL or self.code == 128 + SIGKILL)


class RunningProcess(Protocol):
    """A started process; `output` (non-blocking read end) and `channel` belong to whoever started it."""

    output: int
    channel: socket.socket | None


class Sandbox(Protocol):
    """A made sandbox. Methods are called on the event loop and do not block it for long (< 1 ms)."""

    sandbox_id: str
    tier: Tier
    listeners: tuple[socket.socket, ...]
    """Listening, non-blocking sockets in the order of `SandboxPlan.listen`; owned by the sandbox."""
    addresses: tuple[str, ...]
    """``host:port`` under which a process inside reaches each listener (differs in the process tier)."""

    @property
    def is_alive(self) -> bool:
        """False once its first process, or what waits in a blank, has ended."""
        ...

    @property
    def waits(self) -> bool:
        """Whether a program waits in it to become the runtime (`blank`)."""
        ...

    async def assign(self, plan: SandboxPlan) -> None:
        """Give a blank to a function, once: its code is mounted and its limits hold.

        Raises:
            EnvironmentUnavailable: it cannot be, or is no blank; it is to be destroyed then.
        """
        ...

    async def start(self, process: ProcessPlan, on_exit: Callable[[ExitStatus], None]) -> RunningProcess:
        """Start a process; `on_exit` is called once, on the loop, when it has ended.

        Processes of other names may run or be starting at the same time; a frozen sandbox is to be thawed
        first. What waits in a blank becomes the runtime if it suits `process`; otherwise it ends.

        Raises:
            EnvironmentUnavailable: one of this name runs, or the sandbox is gone; `on_exit` is not called.
        """
        ...

    def signal(self, name: str, number: int) -> None:
        """Send a signal to that process alone; nothing when it has ended.

        In a frozen sandbox it takes effect when that is thawed: whoever wants a soft stop (SIGTERM) now
        thaws first.
        """
        ...

    def inside(self, path: str) -> str:
        """Where a path of the sandbox is seen by its processes (differs in the process tier)."""
        ...

    def apply_cpu_quota(self) -> None:
        """From now on `Limits.vcpus` holds; before, processes run at low weight without a quota."""
        ...

    def peak_memory_bytes(self) -> int:
        """Highest memory use so far, without page cache; 0 when this host cannot tell."""
        ...

    def memory_bytes(self) -> int:
        """Memory use now, without page cache; 0 when this host cannot tell. May be called in any thread."""
        ...

    def tmp_memory_bytes(self) -> int:
        """What files in `/tmp` take of the memory limit; 0 when they take none, or nobody can tell."""
        ...

    def kill(self) -> None:
        """Kill every process of the sandbox now, a frozen one's too; it can start others afterwards.

        `apply_cpu_quota` is undone, as it is for a new sandbox.
        """
        ...

    def freeze(self) -> bool:
        """Stop every process, whatever session or parent it has, until `thaw` or `kill`.

        What was asked of the sandbox just before (a signal, a kill) may take effect only when it is thawed.

        Returns:
            False when this host cannot, or the sandbox is gone: nothing is stopped then.
        """
        ...

    def thaw(self) -> None:
        """Let the processes go on; nothing when they are not stopped."""
        ...

    async def connect_socket(self) -> socket.socket:
        """A fresh non-blocking TCP (IPv4) socket of the sandbox's own network, for what listens there.

        While the sandbox is frozen the answer may wait until it is thawed.

        Raises:
            EnvironmentUnavailable: the sandbox is gone, or too many wait already.
        """
        ...

    async def snapshot(self) -> MemoryImage:
        """The memory of the runtime's process, which waits in a read of its channel, as an image.

        Raises:
            SnapshotRefused: it cannot be done, by name: threads, sockets, children, or this host.
            EnvironmentUnavailable: the sandbox is gone.
        """
        ...

    async def restore(self, image: MemoryImage) -> None:
        """Make the process that waits here the one of the image; `start` then hands it over.

        The next bytes on its channel are the answer to the request it was waiting for.

        Raises:
            ImageStale: the image does not belong to this sandbox; it may be started as if not restored.
            EnvironmentUnavailable: the sandbox is gone.
        """
        ...

    async def executables(self, directory: str) -> tuple[str, ...]:
        """Names of the executable regular files in a directory of the sandbox, sorted.

        Symbolic links are followed inside the sandbox. At most 64 names; () when there is no such
        directory. While the sandbox is frozen the answer may wait until it is thawed.

        Raises:
            EnvironmentUnavailable: the sandbox is gone, or too many wait already.
        """
        ...

    async def destroy(self) -> None:
        """Kill everything and remove every trace: processes, mounts, cgroups, links, directories."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the probe found out by doing it.

    Attributes:
        feature: short name (``user namespaces``, ``memory limit``, ``outbound network`` …).
        works: whether a throwaway child has done it.
        detail: what was used or what failed, one line.
        remedy: what to do about it; None when it works.
    """

    feature: str
    works: bool
    detail: str
    remedy: str | None = None


class SandboxFactory(Protocol):
    """Makes sandboxes of one tier on this host."""

    tier: Tier
    findings: tuple[Finding, ...]

    async def create(self, plan: SandboxPlan) -> Sandbox:
        """Make a sandbox in which nothing runs yet. Raises EnvironmentUnavailable with a remedy."""
        ...

    async def create_blank(self, kind: BlankKind, sandbox_id: str, *, outbound: bool) -> Sandbox:
        """Make a sandbox for whatever function of a kind comes; `Sandbox.assign` gives it to one.

        Raises:
            EnvironmentUnavailable: the host refused, or this tier has none.
        """
        ...

    async def close(self) -> None:
        """Destroy every sandbox and end the helper."""
        ...
