"""Blank sandboxes as values: made before anybody needs them, with nothing of a function inside.

Before: a runtime's launch says which kind of blank suits it. After: a pool keeps some of each kind, and
`Sandbox.assign` makes one of them a function's, once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lambdad.worker.sandbox.mount import Mount


class StartPath(StrEnum):
    """How an environment came to its process, quickest first but for `RESTORE`."""

    POOL = "pool"
    """A blank that was waiting."""
    FORK = "fork"
    """A blank made now, by the fork server of its interpreter."""
    SPAWN = "spawn"
    """The program was executed now."""
    RESTORE = "restore"
    """A memory image was put into a blank."""


@dataclass(frozen=True, slots=True)
class BlankKind:
    """What waits in a blank sandbox.

    Attributes:
        name: runtime id (``python3.13``, ``nodejs20.x``), or ``bare``: nothing runs in it (custom runtimes).
        mounts: interpreter tree and client.
        argv: the program that waits in it; () for bare.
        forks: whether a fork server of this interpreter makes members (Python), or the program is executed
            (Node).
    """

    name: str
    mounts: tuple[Mount, ...] = ()
    argv: tuple[str, ...] = ()
    forks: bool = False
