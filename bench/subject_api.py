"""Subjects that speak the AWS Lambda API: lambdad itself, another checkout of it, and ministack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench import client
from bench.functions import Kind, Spec
from bench.running import Server, free_port, started
from bench.subject import Target, UnsupportedError

_EACH_CREATES = 50
"""Functions for which one thread is enough; each waits a moment until it is active."""
_CREATORS = 8


@dataclass(slots=True)
class ApiSession:
    """A running server and why some functions were not taken, by name."""

    server: Server
    refused: dict[str, str] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self.server.pid

    @property
    def ready_s(self) -> float:
        """Spawn → first answered request, in seconds."""
        return self.server.ready_s

    def target(self, name: str) -> Target:
        """Give the invoke address of a function.

        Raises:
            UnsupportedError: when it could not be created.
        """
        if name in self.refused:
            raise UnsupportedError(self.refused[name])
        return Target(self.server.port, client.invoke_path(name), self.server.pid)


@dataclass(frozen=True, slots=True)
class ApiServer:
    """A server with the AWS API; `command` builds its command line from port and data folder."""

    name: str
    command: Callable[[int, Path], Sequence[str]]
    environment: Callable[[int, Path], Mapping[str, str]]
    note: str = ""
    kinds: frozenset[Kind] = frozenset(Kind)
    memory_matters: bool = False
    unable: str = ""
    most_connections: int | None = None
    needs_functions: bool = False

    @contextmanager
    def open(self, specs: Sequence[Spec], folder: Path) -> Iterator[ApiSession]:
        """Start the server on a free port and create the functions through its API."""
        port = free_port()
        with started(
            self.command(port, folder),
            port=port,
            log=folder / f"{self.name}.log",
            ready=client.list_functions,
            env={**os.environ, **self.environment(port, folder)},
            cwd=folder,
        ) as server:
            session = ApiSession(server)
            with ThreadPoolExecutor(1 + min(_CREATORS, len(specs) // _EACH_CREATES)) as creators:
                for spec, why in zip(specs, creators.map(partial(_refusal, port), specs), strict=True):
                    if why is not None:
                        session.refused[spec.name] = why
            yield session


def _refusal(port: int, spec: Spec) -> str | None:
    """Create a function; why it was not taken, or None."""
    try:
        client.create_function(port, spec)
    except (client.CallError, OSError) as error:
        return str(error)
    return None


def lambdad(
    name: str,
    program: Sequence[str],
    environment: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> ApiServer:
    """Give lambdad as a subject; `program` is its command, before `serve`, `options` stand behind it."""
    return ApiServer(
        name=name,
        command=lambda port, folder: [
            *program,
            "serve",
            "--port",
            str(port),
            "--data-dir",
            str(folder / "data"),
            *options,
        ],
        environment=lambda _port, _folder: dict(environment or {}),
        memory_matters=True,
    )


def ministack(home: Path) -> ApiServer:
    """Give ministack, installed in the virtual environment `home`, with its local executor."""
    return ApiServer(
        name="ministack",
        command=lambda _port, _folder: [str(home / "bin" / "ministack")],
        environment=lambda port, folder: {
            "GATEWAY_PORT": str(port),
            "LAMBDA_EXECUTOR": "local",
            "TMPDIR": str(folder),
            "LOG_LEVEL": "WARNING",
        },
        note="worker subprocesses without isolation; waits 50 ms when a function prints nothing",
    )
