"""What is measured: a subject opens with a set of functions and gives an address for each.

The product, each peer and the floor are subjects, so every measurement is written once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.functions import Kind, Spec


class UnsupportedError(Exception):
    """A subject cannot do what is asked; reported in the table in these words."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where one function is invoked, and whose processor time and memory that costs."""

    port: int
    path: str
    pid: int

    @property
    def url(self) -> str:
        """The whole address, for wrk."""
        return f"http://127.0.0.1:{self.port}{self.path}"


class Session(Protocol):
    """A subject while it runs."""

    @property
    def pid(self) -> int:
        """The server's process id; its descendants belong to it."""
        ...

    @property
    def ready_s(self) -> float:
        """Spawn → first answered request, in seconds."""
        ...

    def target(self, name: str) -> Target:
        """Give the address of a deployed function.

        Raises:
            UnsupportedError: when this subject could not take the function.
        """
        ...


class Subject(Protocol):
    """Something that executes functions behind an HTTP address."""

    @property
    def name(self) -> str:
        """The name in the tables."""
        ...

    @property
    def note(self) -> str:
        """What a reader must know to compare its figures; empty when nothing."""
        ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """The languages it can execute without Docker on this machine."""
        ...

    @property
    def unable(self) -> str:
        """Why it cannot execute the other languages; empty when there are none."""
        ...

    @property
    def most_connections(self) -> int | None:
        """The most invocations it takes at a time; None when it sets no limit."""
        ...

    @property
    def memory_matters(self) -> bool:
        """Whether MemorySize changes the processor share, so that each size is measured."""
        ...

    @property
    def needs_functions(self) -> bool:
        """Whether it cannot start without a function; others start empty for the start measure."""
        ...

    def open(self, specs: Sequence[Spec], folder: Path) -> AbstractContextManager[Session]:
        """Start with the functions deployed; `folder` is empty and removed by the caller.

        Raises:
            StartError: when the server does not come up.
        """
        ...
