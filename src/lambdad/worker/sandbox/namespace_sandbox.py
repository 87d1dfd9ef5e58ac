"""One sandbox of the `namespace` tier, driven over its reaper's control socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.asking import Questions
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.freezing import FreezeFile
from lambdad.worker.sandbox.helper import HelperGone, News, Packets
from lambdad.worker.sandbox.image import (
    NO_IMAGES,
    NOT_FORKED,
    ImageStale,
    MemfdImage,
    MemoryImage,
    SnapshotRefused,
)
from lambdad.worker.sandbox.imaging import Imaging
from lambdad.worker.sandbox.limit_files import LimitFiles
from lambdad.worker.sandbox.peak_memory import PeakMemory
from lambdad.worker.sandbox.plan import (
    RUNTIME,
    ExitStatus,
    Limits,
    Mount,
    ProcessPlan,
    RunningProcess,
    SandboxPlan,
    Tier,
)
from lambdad.worker.sandbox.started import StartedProcess, open_ends

OnExit = Callable[[ExitStatus], None]


@dataclass(slots=True, eq=False)
class _Process:
    """A process from the request to start it until its end.

    Attributes:
        started: done when the reaper has answered: with what exec said, or None.
        on_exit: None once nobody is to be told any more.
        oom_kills: of the sandbox, before it was started.
    """

    started: asyncio.Future[str | None]
    on_exit: OnExit | None
    oom_kills: int


@dataclass(slots=True, eq=False)
class NamespaceSandbox:
    """A sandbox whose pid 1 is the launcher's reaper; see `plan.Sandbox`.

    Attributes:
        freeze_file: None on a host where the reaper stops the processes by signals.
        kind: what kind of blank it is, until it is assigned.
        imaging: takes images and puts them back.
        trees: has the launcher make what a blank is to mount, and tells whether its `/tmp` is on disk.
    """

    sandbox_id: str
    addresses: tuple[str, ...]
    plan: SandboxPlan
    files: LimitFiles
    leave: Callable[[str], asyncio.Future[None]]
    freeze_file: FreezeFile | None = None
    kind: BlankKind | None = None
    trees: Callable[[SandboxPlan, tuple[Mount, ...]], Awaitable[tuple[list[int], bool]]] | None = None
    imaging: Imaging | None = None
    tier: Tier = Tier.NAMESPACE
    listeners: tuple[socket.socket, ...] = ()
    _packets: Packets | None = None
    _ready: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _processes: dict[str, _Process] = field(default_factory=dict)
    _frozen: bool = False
    _assigned: asyncio.Future[None] | None = None
    _waiting: StartedProcess | None = None
    _waits_for: BlankKind | None = None
    _forked_as: BlankKind | None = None
    _is_restored: bool = False
    _questions: Questions = field(init=False)
    _peak: PeakMemory = field(init=False)

    def __post_init__(self) -> None:
        self._questions = Questions(f"sandbox {self.sandbox_id}")
        self._peak = PeakMemory(self.files)

    @property
    def is_alive(self) -> bool:
        """Whether neither the reaper nor what waits has ended."""
        if self._packets is None or self._packets.closed:
            return False
        return self._waiting is None or RUNTIME in self._processes

    @property
    def waits(self) -> bool:
        """Whether a program waits to become the runtime."""
        return self._waiting is not None

    async def start_waiting(self) -> None:
        """Start the program that waits in a blank of this kind, if any does.

        Raises:
            EnvironmentUnavailable: it could not be started.
        """
        kind = self.kind
        if kind is None or not (kind.argv or kind.forks):
            return
        program = ProcessPlan(kind.stands_for if kind.forks else kind.argv, kind.env, cwd="/")
        failed: list[ExitStatus] = []
        self._waiting = await self._start(program, failed.append, forked=kind.forks)
        self._waits_for = kind
        await asyncio.sleep(0)
        if failed:
            raise EnvironmentUnavailable(
                f"sandbox {self.sandbox_id}: {failed[0].error or 'it ended at once'}"
            )

    async def assign(self, plan: SandboxPlan) -> None:
        """Mount what the function adds to this kind of blank, and limit its memory.

        Raises:
            EnvironmentUnavailable: it cannot be, or is assigned already.
        """
        if self.kind is None or self.trees is None or self._packets is None:
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} is no blank")
        if _fixed(plan.limits) != _fixed(self.plan.limits):
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} was made with other limits of processes")
        added = tuple(mount for mount in plan.mounts if mount not in self.kind.mounts)
        self.kind = None
        self.plan = plan = replace(plan, sandbox_id=self.sandbox_id)
        trees, tmp_on_disk = await self.trees(plan, added)
        done = self._assigned = asyncio.get_running_loop().create_future()
        targets = [mount.target for mount in added]
        order: News = {
            "op": "assign",
            "targets": targets,
            "tmp_bytes": None if tmp_on_disk else plan.limits.tmp_bytes,
        }
        try:
            await self._packets.send(order, tuple(trees))
            self.files.limit_memory(plan.limits.memory_bytes)
            await done
        except (HelperGone, OSError) as error:
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} cannot be assigned: {error}") from error
        finally:
            for tree in trees:
                os.close(tree)

    async def start(self, process: ProcessPlan, on_exit: OnExit) -> RunningProcess:
        """Start a process; a program that cannot be executed is told to `on_exit`.

        Raises:
            EnvironmentUnavailable: the sandbox is gone, or a process of this name still runs.
        """
        if process.name == RUNTIME and self._waiting is not None:
            waiting, kind = self._waiting, self._waits_for
            self._waiting = None
            known = self._processes.get(RUNTIME)
            if known is not None and (self._is_restored or self._becomes(kind, waiting, process)):
                known.on_exit, known.oom_kills = on_exit, self.files.oom_kills()
                return waiting
            waiting.close()
            if known is not None:
                await self._end_waiting(known)
        return await self._start(process, on_exit, forked=False)

    def _becomes(self, kind: BlankKind | None, waiting: StartedProcess, process: ProcessPlan) -> bool:
        """Whether what waits has been told to become the process."""
        if kind is None or not kind.suits(process) or not waiting.become(process):
            return False
        self._forked_as = kind if kind.forks else None
        return True

    async def _end_waiting(self, known: _Process) -> None:
        """End what waited and is not wanted, so that its name is free."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        known.on_exit = lambda _status: None if ended.done() else ended.set_result(None)
        self.signal(RUNTIME, signal.SIGKILL)
        await ended

    async def _start(self, process: ProcessPlan, on_exit: OnExit, *, forked: bool) -> StartedProcess:
        if self._packets is None or process.name in self._processes:
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} cannot start {process.name} now")
        loop = asyncio.get_running_loop()
        known = _Process(loop.create_future(), on_exit, self.files.oom_kills())
        self._processes[process.name] = known
        ours, inside = open_ends(process)
        message: News = {
            "op": "start",
            "name": process.name,
            "argv": process.argv,
            "env": dict(process.env),
            "cwd": process.cwd,
            "targets": inside.targets,
            "forked": forked,
        }
        sent = False
        try:
            await self._packets.send(message, inside.descriptors)
            sent = True
            error = await known.started
        except BaseException as failure:
            ours.close()
            known.on_exit = None  # should it run after all, its name is taken until its end
            if not sent or isinstance(failure, HelperGone):
                self._processes.pop(process.name, None)
            if isinstance(failure, HelperGone):
                raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} is gone") from failure
            raise
        finally:
            inside.close()
        if error is not None:
            loop.call_soon(on_exit, ExitStatus(None, None, error=error))
        return ours

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process; a frozen one gets it when it is thawed."""
        if self._packets is not None and name in self._processes:
            self._packets.send_soon({"op": "signal", "name": name, "number": number})

    def inside(self, path: str) -> str:
        """The path itself: a sandbox has a root of its own."""
        return path

    def apply_cpu_quota(self) -> None:
        """From now on `Limits.vcpus` holds."""
        self.files.apply_cpu_quota(self.plan.limits.vcpus)

    def peak_memory_bytes(self) -> int:
        """Highest memory use of the sandbox so far, without page cache."""
        return self._peak.read()

    def tmp_memory_bytes(self) -> int:
        """What files in `/tmp` take of the memory limit."""
        return self.files.tmp_memory_bytes()

    def kill(self) -> None:
        """Kill every process but the reaper, whatever session or parent it has; no CPU quota holds now."""
        if self._packets is not None:
            with contextlib.suppress(OSError):  # its control group is just going
                self.files.lift_cpu_quota()
            if self.freeze_file is not None:
                self.thaw()  # or the reaper would not hear it
            self._frozen = False
            self._packets.send_soon({"op": "kill"})

    def freeze(self) -> bool:
        """Stop every process; where the control group does it, the reaper too."""
        if self._packets is None:
            return False
        if not self._frozen:
            if self.freeze_file is None:
                self._packets.send_soon({"op": "stop"})
                self._frozen = True
            else:
                self._frozen = self.freeze_file.freeze()
        return self._frozen

    def thaw(self) -> None:
        """Let every process go on."""
        if not self._frozen or self._packets is None:
            return
        self._frozen = False
        if self.freeze_file is None:
            self._packets.send_soon({"op": "continue"})
        else:
            self.freeze_file.thaw()

    async def connect_socket(self) -> socket.socket:
        """A fresh TCP socket, made by the reaper in the sandbox's network.

        Raises:
            EnvironmentUnavailable: the reaper is gone or cannot, or too many questions are open.
        """
        _, descriptors = await self._questions.ask(self._packets, {"op": "socket"})
        made = socket.socket(fileno=descriptors[0])
        made.setblocking(False)
        return made

    async def snapshot(self) -> MemoryImage:
        """An image of the runtime, which was forked and waits in `restore/next`; see `plan.Sandbox`."""
        if self.imaging is None or self._forked_as is None or RUNTIME not in self._processes:
            raise SnapshotRefused(NOT_FORKED)
        return await self.imaging.take(self.sandbox_id, self._forked_as)

    async def restore(self, image: MemoryImage) -> None:
        """Have what waits become the image's process; see `plan.Sandbox`."""
        if self.imaging is None or self._waiting is None or not isinstance(image, MemfdImage):
            raise ImageStale(NO_IMAGES)
        await self.imaging.put_back(self.sandbox_id, image)
        self._is_restored = True

    async def executables(self, directory: str) -> tuple[str, ...]:
        """Names of the executable files in a directory, as the reaper sees it.

        Raises:
            EnvironmentUnavailable: the reaper is gone, or too many questions are open.
        """
        question: News = {"op": "executables", "directory": directory}
        answer, _ = await self._questions.ask(self._packets, question)
        return tuple(cast("list[str]", answer["names"]))

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
        if self.freeze_file is not None:
            self.freeze_file.close()
        for listener in self.listeners:
            listener.close()
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None
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
            case "assigned" | "unassigned" if message:
                self._hear_of_assignment(cast("str | None", message.get("error")))
            case "started" | "not_started" if message:
                self._answered(cast("str", message["name"]), cast("str | None", message.get("error")))
            case "exited" if message:
                self._exited(message)
            case "answer" if message:
                self._questions.answer(message, descriptors)
            case _:
                self._lost()

    def _hear_of_assignment(self, error: str | None) -> None:
        done = self._assigned
        if done is None or done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(EnvironmentUnavailable(f"sandbox {self.sandbox_id}: {error}"))
            done.exception()  # told, even when nobody waits any more

    def _answered(self, name: str, error: str | None) -> None:
        known = self._processes.get(name)
        if known is not None and error is not None:
            del self._processes[name]
        if known is not None and not known.started.done():
            known.started.set_result(error)

    def _exited(self, message: News) -> None:
        known = self._processes.pop(cast("str", message["name"]), None)
        if known is not None:
            code, number = cast("int | None", message["code"]), cast("int | None", message["signal"])
            oom_killed = self.files.oom_kills() > known.oom_kills
            _ended(known, ExitStatus(code, number, oom_killed=oom_killed))

    def _lost(self) -> None:
        """The reaper is gone, and with it all its processes."""
        self._fail("its first process died")
        self._hear_of_assignment("its first process died")
        self._questions.lose()
        while self._processes:
            _, known = self._processes.popitem()
            if known.started.done():
                _ended(known, ExitStatus(None, signal.SIGKILL))
            else:
                known.started.set_exception(HelperGone())
                known.started.exception()  # told, even when nobody waits any more


def _ended(known: _Process, status: ExitStatus) -> None:
    on_exit, known.on_exit = known.on_exit, None
    if on_exit is not None:
        asyncio.get_running_loop().call_soon(on_exit, status)


def _fixed(limits: Limits) -> tuple[int, int]:
    """What holds from birth: every function has the same."""
    return limits.processes, limits.open_files
