"""A host whose sandboxes were all blanks: made for nobody, then assigned, with programs that were forked."""

from __future__ import annotations

import asyncio
import py_compile
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hosting import LIMITS, PYTHON, Host, Ran, hosts

from lambdad.worker.runtimes.catalogue import RuntimeCatalogue
from lambdad.worker.sandbox.blank import DEFAULTS, BlankKind
from lambdad.worker.sandbox.plan import ExitStatus, Mount, ProcessPlan, Sandbox, SandboxPlan, Tier

_CLIENT = """
import os

def main():
    exec(compile(os.environ.pop("SOURCE"), "<string>", "exec"), globals())

if "_is_prepared" not in globals():
    main()
"""
"""Stands for the runtime client: the program is what the environment says."""


class BlankHost(Host):
    """Runs Python programs in a process that was forked by a fork server and has waited in a blank."""

    def __init__(self, host: Host, runtime: Path) -> None:
        super().__init__(host.runner, host.factory, host.data_dir, host.task)
        self.kind = _kind(runtime)

    def shown_below(self, path: str) -> set[str]:
        targets = (mount.target for mount in self.kind.mounts)
        return {target[len(path) + 1 :].split("/")[0] for target in targets if target.startswith(f"{path}/")}

    def make(self, plan: SandboxPlan | None = None) -> Sandbox:
        """A blank that was assigned, unless the plan asks for limits that blanks do not have."""
        plan = plan or self.plan()
        if (plan.limits.processes, plan.limits.open_files) != (LIMITS.processes, LIMITS.open_files):
            return super().make(plan)
        return self.runner.run(self._assigned(plan))

    def blank(self) -> Sandbox:
        """One that is not assigned yet."""
        return self.runner.run(self._blank(self.plan()))

    def python(self, source: str, *, env: Mapping[str, str] | None = None, **limits: object) -> Ran:
        sandbox = self.make(self.plan(**limits))
        try:
            if not sandbox.waits:
                return self.run_in(sandbox, PYTHON, "-c", source, env=env)
            return self.python_in(sandbox, source, env=env)
        finally:
            self.destroy(sandbox)

    def python_in(self, sandbox: Sandbox, source: str, *, env: Mapping[str, str] | None = None) -> Ran:
        """Run a program in the process that waits in `sandbox`."""
        assert sandbox.waits
        return self.runner.run(self._python_in(sandbox, source, env or {}))

    async def _blank(self, plan: SandboxPlan) -> Sandbox:
        return await self.factory.create_blank(self.kind, plan.sandbox_id, outbound=plan.outbound)

    async def _assigned(self, plan: SandboxPlan) -> Sandbox:
        sandbox = await self._blank(plan)
        try:
            await sandbox.assign(plan)
        except BaseException:
            await sandbox.destroy()
            raise
        return sandbox

    async def _python_in(self, sandbox: Sandbox, source: str, env: Mapping[str, str]) -> Ran:
        ended: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
        told = {**self.kind.env, **env, "SOURCE": source}
        process = await sandbox.start(ProcessPlan(self.kind.stands_for, told), ended.set_result)
        assert process.channel is not None
        status, output = await asyncio.gather(asyncio.wait_for(ended, 60), _read_all(process.output))
        process.channel.close()
        return Ran(status, output)


async def _read_all(descriptor: int) -> str:
    reader = asyncio.StreamReader()
    with open(descriptor, "rb", buffering=0) as file:
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
        return (await reader.read()).decode()


def _kind(runtime: Path) -> BlankKind:
    """Of the interpreter these tests run on, with `_CLIENT` in place of ours."""
    launch = RuntimeCatalogue().launch(f"python{sys.version_info[0]}.{sys.version_info[1]}")
    source = runtime / "client.py"
    source.write_text(_CLIENT)
    py_compile.compile(str(source), str(runtime / "client.pyc"), doraise=True)
    mounts = tuple(mount for mount in launch.mounts if mount.target != "/var/runtime")
    argv = (*launch.argv[:-1], "/var/runtime/client.pyc")
    shown = (*mounts, Mount(runtime, "/var/runtime"))
    return BlankKind("test", shown, stands_for=argv, env=dict(DEFAULTS), forks=True)


def blank_hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlankHost]:
    """A host of blanks, closed afterwards."""
    runtime = tmp_path_factory.mktemp("runtime")
    runtime.chmod(0o755)
    for host in hosts(tmp_path_factory, Tier.NAMESPACE):
        yield BlankHost(host, runtime)
