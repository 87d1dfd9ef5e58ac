"""The `namespace` tier: the factory that has the launcher make sandboxes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import cast

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.blank import BlankKind
from lambdad.worker.sandbox.freezing import FreezeFile
from lambdad.worker.sandbox.helper import (
    HelperGone,
    LauncherProcess,
    LauncherSetting,
    News,
    start_launcher,
)
from lambdad.worker.sandbox.launcher.cgroups import Groups
from lambdad.worker.sandbox.launcher.hierarchies import Found, freeze_file
from lambdad.worker.sandbox.limit_files import LimitFiles
from lambdad.worker.sandbox.namespace_sandbox import NamespaceSandbox
from lambdad.worker.sandbox.plan import Finding, Sandbox, SandboxPlan, Tier

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
        self._version = 0
        self._parents: dict[str, str] = {}
        self._freezer: str | None = None

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
            FreezeFile(freeze_file(self._freezer, plan.sandbox_id)) if self._freezer is not None else None,
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

    async def create_blank(self, kind: BlankKind, sandbox_id: str, *, outbound: bool) -> Sandbox:
        """The launcher makes no blanks.

        Raises:
            EnvironmentUnavailable: always.
        """
        raise EnvironmentUnavailable("the launcher makes no blank sandboxes")

    async def close(self) -> None:
        """Destroy every sandbox and end the helper."""
        launcher, self._launcher = self._launcher, None
        for sandbox in list(self._sandboxes.values()):
            sandbox.close()
        self._sandboxes.clear()
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
