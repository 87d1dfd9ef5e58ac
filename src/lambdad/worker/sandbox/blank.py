"""Sandboxes that are made before anybody knows which function they will run, as values.

A blank has its namespaces, its first process, its limits, its link and its listeners; in most of them a
program waits, too. `Sandbox.assign` brings a function's code into it; used once, it is destroyed as any
other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from lambdad.worker.sandbox.plan import RUNTIME, Mount, ProcessPlan

BARE: Final = "bare"
"""Name of the kind in which nothing waits: for custom runtimes, and for whatever must be executed."""

DEFAULTS: Final = {
    "LANG": "en_US.UTF-8",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "LD_LIBRARY_PATH": (
        "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
    ),
    "TZ": ":UTC",
}
"""Variables every function has unless it sets them itself; what waits was started with them."""

_READ_AT_START: Final = (
    "LD_",
    "LC_",
    "LOCPATH",
    "MALLOC_",
    "GLIBC_",
    "GCONV_",
    "PYTHON",
    "NODE_",
    "OPENSSL_",
    "ICU_",
    "UV_",
    "V8_",
)
_READ_LATER: Final = frozenset({"PYTHONPATH", "NODE_PATH", "NODE_ENV"})


class StartPath(StrEnum):
    """How an environment's runtime came to be, quickest first."""

    POOL = "pool"
    FORK = "fork"
    SPAWN = "spawn"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class BlankKind:
    """What a blank is made for.

    Attributes:
        name: a runtime's identifier, or `BARE`.
        mounts: interpreter trees and our client; what a function adds is mounted when it is assigned.
        argv: the program that waits in it; () when none does.
        stands_for: arguments of the runtime it becomes (`ProcessPlan.argv`); a plan with others is executed.
        env: what the program is started with.
        forks: a fork server of the interpreter makes it, in the image of `stands_for`; otherwise `argv` is
            executed.
    """

    name: str
    mounts: tuple[Mount, ...] = ()
    argv: tuple[str, ...] = ()
    stands_for: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    forks: bool = False

    def suits(self, process: ProcessPlan) -> bool:
        """Whether the program that waits can become `process` without being executed anew."""
        return (
            process.name == RUNTIME
            and process.has_channel
            and process.argv == self.stands_for
            and not must_be_there(process.env)
        )


BARE_KIND: Final = BlankKind(BARE)
"""A sandbox in which nothing waits."""


def must_be_there(env: Mapping[str, str]) -> bool:
    """Whether a variable is set that libraries or interpreters read only when they start.

    Source: ld.so(8), locale(7), mallopt(3), the command lines of Python and Node.js, openssl-env(7), libuv's
    guide to its pool of threads (which a waiting Node.js has used already).
    """
    return any(
        value != DEFAULTS.get(name)
        for name, value in env.items()
        if name == "LANG" or (name.startswith(_READ_AT_START) and name not in _READ_LATER)
    )
