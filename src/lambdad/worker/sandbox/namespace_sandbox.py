"""One sandbox of the `namespace` tier, driven over the control socket of its first process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.asking import Answer, Questions
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
from lambdad.worker.sandbox.known_processes import KnownProcess, OnExit, Processes
from lambdad.worker.sandbox.launcher.first import tables
from lambdad.worker.sandbox.launcher.first.becoming import Powers
from lambdad.worker.sandbox.launcher.first.births import STEPS
from lambdad.worker.sandbox.launcher.first.table import Table
from lambdad.worker.sandbox.launcher.first.tables import WAITING_PLACE, Command
from lambdad.worker.sandbox.limit_files import LimitFiles
from lambdad.worker.sandbox.listed import Modes, listed
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
from lambdad.worker.sandbox.replies import decode, encode
from lambdad.worker.sandbox.started import InsideEnds, StartedProcess, open_ends


@dataclass(slots=True, eq=False)
class NamespaceSandbox:
    """A sandbox whose pid 1 is `launcher.first`; see `plan.Sandbox`.

    Attributes:
        powers: what pid 1 is to know of this host.
        freeze_file: None on a host where pid 1 stops the processes by signals.
        kind: what kind of blank it is, until it is assigned.
        imaging: takes images and puts them back.
        trees: has the launcher make what a blank is to mount, and tells whether its `/tmp` is on disk.
    """

    sandbox_id: str
    addresses: tuple[str, ...]
    plan: SandboxPlan
    files: LimitFiles
    leave: Callable[[str], asyncio.Future[None]]
    powers: Powers
    freeze_file: FreezeFile | None = None
    kind: BlankKind | None = None
    trees: Callable[[SandboxPlan, tuple[Mount, ...]], Awaitable[tuple[list[int], bool]]] | None = None
    imaging: Imaging | None = None
    tier: Tier = Tier.NAMESPACE
    listeners: tuple[socket.socket, ...] = ()
    _packets: Packets | None = None
    _ready: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    _processes: Processes = field(default_factory=Processes)
    _frozen: bool = False
    _waiting: StartedProcess | None = None
    _waits_for: BlankKind | None = None
    _forked_as: BlankKind | None = None
    _is_restored: bool = False
    _forked: KnownProcess | None = None
    _inside: InsideEnds | None = None
    _tell: int = -1
    _questions: Questions = field(init=False)
    _peak: PeakMemory = field(init=False)

    def __post_init__(self) -> None:
        self._questions = Questions(f"sandbox {self.sandbox_id}")
        self._peak = PeakMemory(self.files)

    @property
    def is_alive(self) -> bool:
        """Whether neither pid 1 nor what waits has ended."""
        if self._packets is None or self._packets.closed:
            return False
        return self._waiting is None or RUNTIME in self._processes

    @property
    def waits(self) -> bool:
        """Whether a program waits to become the runtime."""
        return self._waiting is not None

    def forked(self) -> tuple[News | None, tuple[int, ...]]:
        """What the launcher is to know of the process that is forked with this blank, and its descriptors.

        None when none is; otherwise `begin` is to be called once they are sent.
        """
        kind = self.kind
        if kind is None or not kind.forks:
            return None, ()
        program = ProcessPlan(kind.stands_for, kind.env, cwd="/")
        self._waiting, self._inside = open_ends(program)
        self._waits_for = kind
        known, tell = self._processes.add(RUNTIME, _ignore, self.files.oom_kills(), WAITING_PLACE)
        self._forked = known
        self._tell = tell
        waits: News = {"argv": kind.stands_for, "targets": self._inside.targets}
        return waits, (*self._inside.descriptors, tell)

    def begin(self, control: socket.socket) -> None:
        """Hear what pid 1 says from now on."""
        self._close_inside()
        self._packets = Packets(control, self._receive, encode, decode)

    def _close_inside(self) -> None:
        inside, self._inside = self._inside, None
        if inside is not None:
            inside.close()
            os.close(self._tell)

    async def start_waiting(self) -> None:
        """Return once the program runs that waits in a blank of this kind, if any does.

        Raises:
            EnvironmentUnavailable: it could not be started.
        """
        kind = self.kind
        if self._forked is not None:
            error = await self._told(self._forked)
            if error is not None:
                raise EnvironmentUnavailable(f"sandbox {self.sandbox_id}: {error}")
        elif kind is not None and kind.argv:
            failed: list[ExitStatus] = []
            program = ProcessPlan(kind.argv, kind.env, cwd="/")
            self._waiting = await self._start(program, failed.append)
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
        table = tables.assign(
            self.powers,
            tuple(mount.target for mount in added),
            None if tmp_on_disk else plan.limits.tmp_bytes,
        )
        try:
            self.files.limit_memory(plan.limits.memory_bytes)
            await self._ask(table, tuple(trees))
        except OSError as error:
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
        return await self._start(process, on_exit)

    def _becomes(self, kind: BlankKind | None, waiting: StartedProcess, process: ProcessPlan) -> bool:
        """Whether what waits has been told to become the process."""
        if kind is None or not kind.suits(process) or not waiting.become(process):
            return False
        self._forked_as = kind if kind.forks else None
        return True

    async def _end_waiting(self, known: KnownProcess) -> None:
        """End what waited and is not wanted, so that its name is free."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        known.on_exit = lambda _status: None if ended.done() else ended.set_result(None)
        self.signal(RUNTIME, signal.SIGKILL)
        await ended

    async def _start(self, process: ProcessPlan, on_exit: OnExit) -> StartedProcess:
        if self._packets is None or process.name in self._processes:
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} cannot start {process.name} now")
        known, tell = self._processes.add(process.name, on_exit, self.files.oom_kills())
        try:
            ours, error = await self._forked_and_executed(process, known, tell)
        except BaseException as failure:
            known.on_exit = None  # should it run after all, its name is taken until its end
            if isinstance(failure, EnvironmentUnavailable):
                self._processes.forget(known)
            raise
        if error is not None:
            asyncio.get_running_loop().call_soon(on_exit, ExitStatus(None, None, error=error))
        return ours

    async def _forked_and_executed(
        self, process: ProcessPlan, known: KnownProcess, tell: int
    ) -> tuple[StartedProcess, str | None]:
        """Our ends of the process, and what exec said."""
        ours, inside = open_ends(process)
        limits = self.plan.limits
        command = Command(
            known.place,
            process.argv,
            process.env,
            process.cwd,
            inside.targets,
            limits.processes,
            limits.open_files,
            renounces=self.kind is not None,
        )
        try:
            try:
                await self._ask(tables.start(self.powers, command), (*inside.descriptors, tell))
            finally:
                inside.close()
                os.close(tell)
            return ours, await self._told(known)
        except BaseException:
            ours.close()
            raise

    async def _told(self, known: KnownProcess) -> str | None:
        """What exec said; None when it went well."""
        try:
            return await known.started
        except HelperGone as gone:
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id} is gone") from gone

    async def _ask(self, table: Table, given: tuple[int, ...] = ()) -> Answer:
        """Have pid 1 carry out a table.

        Raises:
            EnvironmentUnavailable: it is gone, too many questions are open, or a call failed.
        """
        answer, descriptors = await self._questions.ask(self._packets, {"table": table}, given)
        if answer["errno"]:
            words = table.words(cast("int", answer["at"]), cast("int", answer["errno"]))
            raise EnvironmentUnavailable(f"sandbox {self.sandbox_id}: {words}")
        return answer, descriptors

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a process; a frozen one gets it when it is thawed."""
        known = self._processes.get(name)
        if self._packets is not None and known is not None:
            self._packets.send_soon({"table": tables.signal_to(known.place, number)})

    def inside(self, path: str) -> str:
        """The path itself: a sandbox has a root of its own."""
        return path

    def apply_cpu_quota(self) -> None:
        """From now on `Limits.vcpus` holds."""
        self.files.apply_cpu_quota(self.plan.limits.vcpus)

    def peak_memory_bytes(self) -> int:
        """Highest memory use of the sandbox so far, without page cache."""
        return self._peak.read()

    def memory_bytes(self) -> int:
        """Memory use of the sandbox now, without page cache."""
        return max(0, self.files.memory_bytes() - self.files.cached_bytes())

    def tmp_memory_bytes(self) -> int:
        """What files in `/tmp` take of the memory limit."""
        return self.files.tmp_memory_bytes()

    def kill(self) -> None:
        """Kill every process but pid 1, whatever session or parent it has; no CPU quota holds now."""
        if self._packets is not None:
            with contextlib.suppress(OSError):  # its control group is just going
                self.files.lift_cpu_quota()
            if self.freeze_file is not None:
                self.thaw()  # or pid 1 would not hear it
            self._frozen = False
            self._packets.send_soon({"table": tables.signal_to_all(signal.SIGKILL)})

    def freeze(self) -> bool:
        """Stop every process; where the control group does it, pid 1 too."""
        if self._packets is None:
            return False
        if not self._frozen:
            if self.freeze_file is None:
                self._packets.send_soon({"table": tables.signal_to_all(signal.SIGSTOP)})
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
            self._packets.send_soon({"table": tables.signal_to_all(signal.SIGCONT)})
        else:
            self.freeze_file.thaw()

    async def connect_socket(self) -> socket.socket:
        """A fresh TCP socket, made by pid 1 in the sandbox's network.

        Raises:
            EnvironmentUnavailable: pid 1 is gone or cannot, or too many questions are open.
        """
        _, descriptors = await self._ask(tables.open_socket())
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
        """Names of the executable files in a directory, as pid 1 sees it.

        Raises:
            EnvironmentUnavailable: pid 1 is gone, or too many questions are open.
        """
        opening: News = {"table": tables.open_directory(directory)}
        answer, descriptors = await self._questions.ask(self._packets, opening)
        if answer["errno"]:
            return ()
        return await listed(descriptors[0], self._modes_in(directory))

    def _modes_in(self, directory: str) -> Modes:
        """Asks for the modes of files."""

        async def modes(names: list[str]) -> tuple[int, ...]:
            answer, _ = await self._ask(tables.modes([f"{directory}/{name}" for name in names]))
            return struct.unpack(f"<{len(names)}i", cast("bytes", answer["behind"]))

        return modes

    async def destroy(self) -> None:
        """End the sandbox; returns when processes, mounts and control groups are gone."""
        gone = self.leave(self.sandbox_id)
        self.close()
        with contextlib.suppress(HelperGone):
            await gone

    def close(self) -> None:
        """Let go of everything the server holds of it."""
        self._close_inside()
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

    async def become_ready(self) -> None:
        """Wait until pid 1 reports.

        Raises:
            EnvironmentUnavailable: it could not make the sandbox.
        """
        await self._ready

    def _fail(self, why: str) -> None:
        if not self._ready.done():
            error = EnvironmentUnavailable(f"The sandbox could not be made: {why}")
            self._ready.set_exception(error)
            self._ready.exception()  # told, even when nobody waits any more

    def _receive(self, message: News | None, descriptors: list[int]) -> None:
        match message and message["event"]:
            case "ready" if message and not message["errno"]:
                self.listeners = tuple(socket.socket(fileno=descriptor) for descriptor in descriptors)
                for listener in self.listeners:
                    listener.setblocking(False)
                if not self._ready.done():
                    self._ready.set_result(None)
            case "ready" if message:
                step = STEPS[cast("int", message["value"])]
                self._fail(f"{step}: {os.strerror(-cast('int', message['errno']))}")
            case "failed" if message:
                why = f"{message['step']}: {message['error']}"
                self._fail(why)
                self._processes.refuse(f"sandbox {self.sandbox_id}: {why}")
            case "ended" if message:
                self._processes.ended(
                    cast("int", message["number"]), cast("int", message["value"]), self.files.oom_kills
                )
            case "answer" if message:
                self._questions.answer(message, descriptors)
            case _:
                self._lost()

    def _lost(self) -> None:
        """Pid 1 is gone, and with it all its processes."""
        self._fail("its first process died")
        self._questions.lose()
        self._processes.lose()


def _ignore(_status: ExitStatus) -> None:
    """What waits may end; `is_alive` tells."""


def _fixed(limits: Limits) -> tuple[int, int]:
    """What holds from birth: every function has the same."""
    return limits.processes, limits.open_files
