"""The floor as a subject: every function of it is a constant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cpu import floor_server
from bench.functions import Kind, Spec
from bench.running import Server
from bench.subject import Target


@dataclass(frozen=True, slots=True)
class FloorSession:
    """A running floor."""

    server: Server

    @property
    def pid(self) -> int:
        """The floor's process id."""
        return self.server.pid

    @property
    def ready_s(self) -> float:
        """Spawn → first answered request, in seconds."""
        return self.server.ready_s

    def target(self, name: str) -> Target:
        """Give the same address whatever the name."""
        return Target(self.server.port, f"/{name}", self.server.pid)


@dataclass(frozen=True, slots=True)
class Floor:
    """The bare server on one of the two event loops; `echo` gives the request body back."""

    loop: str
    echo: bool = False
    note: str = "no Lambda at all: answers a constant"
    kinds: frozenset[Kind] = frozenset(Kind)
    memory_matters: bool = False
    unable: str = ""
    most_connections: int | None = None
    needs_functions: bool = False

    @property
    def name(self) -> str:
        """The name in the tables."""
        return f"floor-{self.loop}"

    @contextmanager
    def open(self, specs: Sequence[Spec], folder: Path) -> Iterator[FloorSession]:
        """Start the floor; it needs neither functions nor a folder."""
        del specs, folder
        with floor_server(self.loop, echo=self.echo) as server:
            yield FloorSession(server)
