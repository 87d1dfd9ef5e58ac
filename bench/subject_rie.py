"""AWS's runtime interface emulator as a subject: one emulator process per function, one call at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.functions import Kind, Spec
from bench.running import Server, StartError, free_port, listens, started
from bench.subject import Target, UnsupportedError

_INVOKE = "/2015-03-31/functions/function/invocations"


@dataclass(frozen=True, slots=True)
class RieSession:
    """The emulators of a run, by function name, and why some did not start."""

    servers: Mapping[str, Server]
    refused: Mapping[str, str]

    @property
    def pid(self) -> int:
        """The process that is the parent of every emulator: this one."""
        return os.getpid()

    @property
    def ready_s(self) -> float:
        """Spawn → the port accepts, for the first emulator, in seconds."""
        return next(iter(self.servers.values())).ready_s

    def target(self, name: str) -> Target:
        """Give the address of the function's own emulator.

        Raises:
            UnsupportedError: when it could not be started.
        """
        if name in self.refused:
            raise UnsupportedError(self.refused[name])
        server = self.servers[name]
        return Target(server.port, _INVOKE, server.pid)


@dataclass(frozen=True, slots=True)
class Rie:
    """The emulator out of aws-sam-cli with AWS's own runtime clients, installed in `home`.

    `unable` says why a language is not in `kinds`; empty when all are.
    """

    home: Path
    kinds: frozenset[Kind]
    unable: str = ""
    name: str = "aws-rie"
    note: str = "one emulator per function, one invocation at a time, no isolation, no function API"
    memory_matters: bool = False
    # A second invocation while one runs ends it: nil pointer in rapidcore/server.go (seen with 1.170.0).
    most_connections: int | None = 1
    needs_functions: bool = True

    @contextmanager
    def open(self, specs: Sequence[Spec], folder: Path) -> Iterator[RieSession]:
        """Start one emulator per function.

        Raises:
            StartError: when none starts.
        """
        servers: dict[str, Server] = {}
        refused: dict[str, str] = {}
        with ExitStack() as stack:
            for spec in specs:
                if spec.kind not in self.kinds:
                    refused[spec.name] = self.unable
                    continue
                try:
                    servers[spec.name] = stack.enter_context(self._emulator(spec, folder))
                except StartError as error:
                    refused[spec.name] = str(error)
            if not servers:
                raise StartError("; ".join(sorted(set(refused.values()))) or "no function to start")
            yield RieSession(servers, refused)

    @contextmanager
    def _emulator(self, spec: Spec, folder: Path) -> Iterator[Server]:
        port, api_port = free_port(), free_port()
        command = [str(self.home / "aws-lambda-rie"), "--log-level", "error"]
        command += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
        command += ["--runtime-api-address", f"127.0.0.1:{api_port}", *self._runtime(spec)]
        environment = {
            **os.environ,
            "LAMBDA_TASK_ROOT": str(spec.folder),
            "_HANDLER": spec.handler,
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mib),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": "30",
        }
        log = folder / f"rie-{spec.name}.log"
        with started(
            command, port=port, log=log, ready=listens, env=environment, cwd=spec.folder, timeout_s=20
        ) as server:
            yield server

    def _runtime(self, spec: Spec) -> list[str]:
        match spec.kind:
            case Kind.PYTHON:
                return [str(self.home / "bin" / "python"), "-m", "awslambdaric", spec.handler]
            case Kind.NODE:
                client = self.home / "node" / "node_modules" / "aws-lambda-ric" / "index.mjs"
                return ["node", str(client), spec.handler]
            case Kind.SHELL | Kind.C:
                return [str(spec.folder / "bootstrap")]


def emulator_member() -> str | None:
    """Give the emulator's place inside the aws-sam-cli wheel for this machine; None when there is none."""
    machine = os.uname().machine
    known = {"x86_64": "x86_64", "aarch64": "arm64"}
    if not sys.platform.startswith("linux") or machine not in known:
        return None
    return f"samcli/local/rapid/aws-lambda-rie-{known[machine]}"
