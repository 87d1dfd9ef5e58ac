"""The `namespace` tier: the factory that has the launcher make sandboxes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from pathlib import Path
from typing import Final, cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.limits import DEFAULT_EPHEMERAL_MIB, MAX_OPEN_FILES, MAX_PROCESSES, MIB
from lambdad.worker.sandbox.asking import Answer, Questions
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.freezing import FreezeFile
from lambdad.worker.sandbox.group_memory import GroupMemory
from lambdad.worker.sandbox.helper import (
    HelperGone,
    LauncherProcess,
    LauncherSetting,
    News,
    start_launcher,
)
from lambdad.worker.sandbox.imaging import Imaging
from lambdad.worker.sandbox.launcher import seccomp, syscalls
from lambdad.worker.sandbox.launcher.cgroups import Groups
from lambdad.worker.sandbox.launcher.first.becoming import Powers
from lambdad.worker.sandbox.launcher.hierarchies import Found, freeze_file
from lambdad.worker.sandbox.limit_files import LimitFiles
from lambdad.worker.sandbox.namespace_sandbox import NamespaceSandbox
from lambdad.worker.sandbox.plan import Finding, Limits, Mount, Sandbox, SandboxPlan, Tier

_FORK_SERVER_WITHIN_S: Final = 10.0  # 0.1 s is usual
_MOST_QUESTIONS: Final = 1_000
_UNASSIGNED: Final = Limits(
    memory_bytes=0,
    vcpus=1.0,
    processes=MAX_PROCESSES,
    open_files=MAX_OPEN_FILES,
    tmp_bytes=DEFAULT_EPHEMERAL_MIB * MIB,
)
_log = logging.getLogger(__name__)


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
        self._questions = Questions("the sandbox launcher", _MOST_QUESTIONS)
        self._imaging = Imaging(self._ask, self._blank_to_compare)
        self._fork_servers: dict[str, tuple[BlankKind, asyncio.Future[None]]] = {}
        self._version = 0
        self._parents: dict[str, str] = {}
        self._freezer: str | None = None
        self._powers = Powers(privileged=False, tasks=0, filter=b"")

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
            self._freezer = cast("str | None", groups["freezer"])
            self._powers = Powers(
                privileged=cast("bool", hello["privileged"]),
                tasks=len(self._parents) if self._version == 1 else 0,
                filter=seccomp.program(syscalls.architecture()),
            )
        return hello

    @property
    def memory(self) -> GroupMemory | None:
        """What all its sandboxes use together; None when this host cannot tell."""
        parent = self._parents.get("memory")
        return None if parent is None else GroupMemory(self._version, Path(parent))

    async def create(self, plan: SandboxPlan) -> Sandbox:
        """Make a sandbox in which nothing runs yet.

        Raises:
            EnvironmentUnavailable: the host refused; the message says what.
        """
        return await self._make(plan, None)

    async def create_blank(self, kind: BlankKind, sandbox_id: str, *, outbound: bool) -> Sandbox:
        """Make a sandbox for whatever function of `kind` comes, in which its program waits.

        Raises:
            EnvironmentUnavailable: the host refused; the message says what.
        """
        if kind.forks:
            await self._fork_server(kind)
        plan = SandboxPlan(sandbox_id, kind.mounts, _UNASSIGNED, outbound=outbound)
        sandbox = await self._make(plan, kind)
        try:
            await sandbox.start_waiting()
        except BaseException:
            await sandbox.destroy()
            raise
        return sandbox

    async def _make(self, plan: SandboxPlan, kind: BlankKind | None) -> NamespaceSandbox:
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
            self._powers,
            FreezeFile(freeze_file(self._freezer, plan.sandbox_id)) if self._freezer is not None else None,
            kind=kind,
            trees=self._ask_trees,
            imaging=self._imaging,
        )
        self._sandboxes[plan.sandbox_id] = sandbox
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            waits, inside = sandbox.forked()
            await launcher.packets.send(_wish(plan, kind, waits), (theirs.fileno(), *inside))
            theirs.close()
            sandbox.begin(ours)
            await sandbox.become_ready()
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

    async def _ask(self, question: News, given: tuple[int, ...] = ()) -> Answer:
        """Ask the launcher; see `Questions.ask`."""
        packets = None if self._launcher is None else self._launcher.packets
        return await self._questions.ask(packets, question, given)

    async def _blank_to_compare(self, kind: BlankKind) -> Sandbox:
        return await self.create_blank(kind, f"i-{os.urandom(8).hex()}", outbound=False)

    async def _ask_trees(self, plan: SandboxPlan, added: tuple[Mount, ...]) -> tuple[list[int], bool]:
        """Detached trees for what a function adds, the caller's to close; and whether `/tmp` is on disk."""
        question: News = {
            "op": "trees",
            "id": plan.sandbox_id,
            "mounts": [(str(mount.source), mount.target) for mount in added],
            "tmp_bytes": plan.limits.tmp_bytes,
        }
        answer, trees = await self._ask(question)
        return trees, cast("bool", answer["tmp_on_disk"])

    async def _fork_server(self, kind: BlankKind) -> None:
        """Make sure that the fork server of a kind runs.

        Raises:
            EnvironmentUnavailable: it does not start.
        """
        launcher = await self._running()
        known, ready = self._fork_servers.get(kind.name, (None, None))
        if ready is None or known != kind:  # the launcher ends one of the same name
            if ready is not None:
                _lose(ready, kind.name, "it was made otherwise")
            ready = asyncio.get_running_loop().create_future()
            self._fork_servers[kind.name] = kind, ready
            launcher.packets.send_soon(
                {
                    "op": "fork_server",
                    "name": kind.name,
                    "argv": kind.stands_for,
                    "env": dict(kind.env),
                    "mounts": [(str(mount.source), mount.target) for mount in kind.mounts],
                }
            )
        try:
            await asyncio.wait_for(asyncio.shield(ready), _FORK_SERVER_WITHIN_S)
        except TimeoutError as error:
            if self._fork_servers.get(kind.name) == (kind, ready):
                del self._fork_servers[kind.name]  # the next try ends it and starts another
            raise EnvironmentUnavailable(f"the fork server of {kind.name} does not start") from error

    def _hear_of_fork_server(self, news: News) -> None:
        name, error = cast("str", news["name"]), cast("str | None", news["error"])
        _, ready = self._fork_servers.get(name, (None, None))
        if error is None:
            if ready is not None and not ready.done():
                ready.set_result(None)
            return
        self._fork_servers.pop(name, None)
        _log.warning(
            "the fork server of %s is gone: %s",
            name,
            error,
            extra={"event": "fork_server_ended", "runtime": name},
        )
        if ready is not None:
            _lose(ready, name, error)

    async def close(self) -> None:
        """Destroy every sandbox and end the helper."""
        launcher, self._launcher = self._launcher, None
        for sandbox in list(self._sandboxes.values()):
            sandbox.close()
        self._sandboxes.clear()
        self._fork_servers.clear()  # they end with the launcher, as they should
        if launcher is not None:
            await launcher.close()
        # The launcher removes its groups itself, unless it was killed.
        await asyncio.to_thread(Groups(Found(self._version, self._parents, {}, self._freezer)).close)
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

    def _hear(self, news: News | None, descriptors: list[int]) -> None:
        if news is None:
            self._launcher_died()
            return
        if news["event"] == "answer":
            self._questions.answer(news, descriptors)
            return
        if news["event"] == "fork_server":
            self._hear_of_fork_server(news)
            return
        name = cast("str", news["id"])
        if news["event"] == "tmp_in_memory":
            _log.warning(
                "a sandbox has its tmp in memory: %s",
                news["why"],
                extra={"event": "tmp_in_memory", "sandbox": name},
            )
            return
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
        self._questions.lose()
        for name in list(self._fork_servers):
            self._hear_of_fork_server({"name": name, "error": "the launcher ended"})
        for gone in self._leaving.values():
            if not gone.done():
                gone.set_result(None)
        self._leaving.clear()


def _lose(ready: asyncio.Future[None], name: str, error: str) -> None:
    if not ready.done():
        ready.set_exception(EnvironmentUnavailable(f"the fork server of {name} does not start: {error}"))
        ready.exception()  # told, even when nobody waits any more


def _wish(plan: SandboxPlan, kind: BlankKind | None, waits: News | None) -> News:
    """`launcher.newborn.Wish`; with a kind it is a blank, whose memory is limited when it is assigned."""
    limits = plan.limits
    return {
        "op": "create",
        "id": plan.sandbox_id,
        "mounts": [(str(mount.source), mount.target) for mount in plan.mounts],
        "shared": [(str(directory.source), directory.name) for directory in plan.shared],
        "limits": {
            "memory_bytes": limits.memory_bytes if kind is None else None,
            "processes": limits.processes,
            "open_files": limits.open_files,
            "tmp_bytes": limits.tmp_bytes,
        },
        "listen": plan.listen,
        "outbound": plan.outbound,
        "blank": kind is not None,
        "fork_server": kind.name if kind is not None and kind.forks else None,
        "waits": waits,
    }
