"""serverless-offline under osls as a subject: functions are declared before the start, not created."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.functions import Kind, Spec
from bench.running import Server, free_port, listens, started
from bench.subject import Target, UnsupportedError


@dataclass(frozen=True, slots=True)
class OfflineSession:
    """A running serverless-offline."""

    server: Server
    names: frozenset[str]

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self.server.pid

    @property
    def ready_s(self) -> float:
        """Spawn → the invoke port accepts, in seconds."""
        return self.server.ready_s

    def target(self, name: str) -> Target:
        """Give the address of a declared function.

        Raises:
            UnsupportedError: for a language it runs only in Docker.
        """
        if name not in self.names:
            raise UnsupportedError("not declared: its language runs in Docker only")
        path = f"/2015-03-31/functions/bench-dev-{name}/invocations"
        return Target(self.server.port, path, self.server.pid)


@dataclass(frozen=True, slots=True)
class ServerlessOffline:
    """serverless-offline with osls, installed by npm in `home`."""

    home: Path
    name: str = "serverless-offline"
    note: str = "no isolation, Node handlers in worker threads of the server; memory settings change nothing"
    kinds: frozenset[Kind] = frozenset({Kind.PYTHON, Kind.NODE})
    memory_matters: bool = False
    unable: str = "runs custom runtimes in Docker only"
    most_connections: int | None = None
    needs_functions: bool = True

    @contextmanager
    def open(self, specs: Sequence[Spec], folder: Path) -> Iterator[OfflineSession]:
        """Start with every function of a supported language declared in serverless.yml."""
        taken = [spec for spec in specs if spec.kind in self.kinds]
        _write_project(folder, taken, self.home)
        port, http_port, socket_port = free_port(), free_port(), free_port()
        command = [str(self.home / "node_modules" / ".bin" / "osls"), "offline"]
        command += ["--host", "127.0.0.1", "--lambdaPort", str(port), "--httpPort", str(http_port)]
        command += ["--websocketPort", str(socket_port), "--noPrependStageInUrl"]
        environment = {
            **os.environ,
            "AWS_ACCESS_KEY_ID": "bench",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "SLS_TELEMETRY_DISABLED": "1",
            "SLS_NOTIFICATIONS_MODE": "off",
        }
        log = folder / "serverless-offline.log"
        with started(command, port=port, log=log, ready=listens, env=environment, cwd=folder) as server:
            yield OfflineSession(server, frozenset(spec.name for spec in taken))


def _write_project(folder: Path, specs: Sequence[Spec], home: Path) -> None:
    functions = {}
    for spec in specs:
        code = folder / spec.kind.value
        if not code.exists():
            shutil.copytree(spec.folder, code)
        functions[spec.name] = {
            "handler": f"{spec.kind.value}/{spec.handler}",
            "runtime": spec.runtime,
            "memorySize": spec.memory_mib,
            "timeout": 30,
        }
    project = {
        "service": "bench",
        "frameworkVersion": "*",
        "provider": {"name": "aws", "runtime": "nodejs20.x"},
        "plugins": ["serverless-offline"],
        "functions": functions,
    }
    # JSON is YAML.
    (folder / "serverless.yml").write_text(json.dumps(project))
    (folder / "node_modules").symlink_to(home / "node_modules")
